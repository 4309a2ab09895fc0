"""The hook `ownership_facts`: whether an owner of a changed file is not among the reviewers.

Reads one fst.hook.call.v1 object from the first line of stdin and writes one result object as one line. The payload is
that of `patch.ownership.record`: `changed_files` is a list of {path, owner}, `reviewers` a list of names. The only fact
is `owner_review_missing`; what follows from it is decided by the gate and never here.
"""

import json
import sys


def facts(payload: dict[str, object]) -> dict[str, object]:
    """The facts about one payload. Raises ValueError where it does not have the shape above."""
    files, reviewers = payload.get("changed_files"), payload.get("reviewers")
    if not isinstance(files, list) or not files:
        raise ValueError("changed_files must be a list of {path, owner}")
    if not isinstance(reviewers, list) or not all(isinstance(name, str) for name in reviewers):
        raise ValueError("reviewers must be a list of names")
    owners: list[str] = []
    for number, file in enumerate(files):
        owner = file.get("owner") if isinstance(file, dict) and isinstance(file.get("path"), str) else None
        if not isinstance(owner, str):
            raise ValueError(f"changed_files[{number}] must have a path and an owner")
        owners.append(owner)
    return {"owner_review_missing": any(owner not in reviewers for owner in owners)}


def answer(line: bytes) -> dict[str, object]:
    """The result for one call; a call that cannot be answered is a result with status error."""
    try:
        call = _read(line)
        if not isinstance(call, dict) or call.get("protocol_version") != "fst.hook.call.v1":
            raise ValueError("the call is not an object of fst.hook.call.v1")
        if call.get("hook_id") != "ownership_facts":
            raise ValueError("only the hook ownership_facts is answered here")
        payload = call.get("payload")
        if not isinstance(payload, dict):
            raise ValueError("the payload must be an object")
        return {"status": "ok", "valid": True, "diagnostics": [], "facts": facts(payload)}
    except ValueError as error:
        return {"status": "error", "valid": False, "diagnostics": [str(error)], "facts": {}}


def _read(line: bytes) -> object:
    # The parser's own words differ between Python versions, and the same fault must give the same diagnostics.
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("the call is not JSON") from None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer.readline())) + "\n")
