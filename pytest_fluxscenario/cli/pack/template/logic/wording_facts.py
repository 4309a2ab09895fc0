"""The hook `wording_facts`: whether a text still has a placeholder such as {name} in it.

One call is one JSON object on the first line of standard input; the result is one JSON object on one line of standard
output. The payload is that of the request which the gate looks at.
"""

import json
import re
import sys

_PLACEHOLDER = re.compile(r"\{\w+\}")


def answer(line: bytes) -> dict[str, object]:
    """The result for one call; what cannot be answered is a result with status error, and the same each time."""
    try:
        payload = json.loads(line)["payload"]
    except (ValueError, LookupError, TypeError):
        return {"status": "error", "diagnostics": ["the call is no object with a payload"]}
    text = payload.get("text") if isinstance(payload, dict) else None
    if not isinstance(text, str):
        return {"status": "error", "diagnostics": ["the payload has no text"]}
    return {"status": "ok", "facts": {"has_placeholder": bool(_PLACEHOLDER.search(text))}}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer.readline())) + "\n")
