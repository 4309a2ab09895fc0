"""Evidence that was touched is found, and what was touched is named (evidence.md)."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.errors import DamageError, DocumentError
from pytest_fluxscenario.evidence import log_check
from pytest_fluxscenario.evidence import verify as module
from pytest_fluxscenario.evidence.reading import read_lines
from pytest_fluxscenario.evidence.verify import verify
from pytest_fluxscenario.evidence.writer import manifest_bytes, manifest_check, root_hash
from pytest_fluxscenario.model.evidence import Manifest, Volatile

_FLIPS = 500


def _codes(folder: Path) -> list[str]:
    return [problem.code.removeprefix("evidence.") for problem in verify(str(folder)).problems]


def _told(folder: Path) -> str:
    return "\n".join(map(str, verify(str(folder)).problems))


def _lines(folder: Path) -> list[bytes]:
    return (folder / "records.jsonl").read_bytes().splitlines(keepends=True)


def _set_lines(folder: Path, lines: list[bytes]) -> None:
    (folder / "records.jsonl").write_bytes(b"".join(lines))


def _edit_manifest(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Edit the manifest and write it as the writer would, hash and all, so that only what it says is wrong."""
    path = folder / "manifest.json"
    data = json.loads(path.read_bytes())
    edit(data)
    manifest = msgspec.convert(data, Manifest)
    path.write_bytes(manifest_bytes(msgspec.structs.replace(manifest, check=manifest_check(manifest))))


def _fit_log(folder: Path) -> None:
    """Make the hash of the log anew, so that something else must be what is wrong."""
    log = sha256_ref((folder / "records.jsonl").read_bytes())
    _edit_manifest(folder, lambda manifest: manifest.update(log=log))


def _scenario(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in manifest["scenarios"] if one["id"].endswith(f"::{name}"))


def test_what_was_written_is_intact(evidence: Path) -> None:
    verified = verify(str(evidence))
    assert verified.problems == ()
    assert (verified.intact, verified.finished, verified.records, verified.notes) == (True, True, 6, ())
    outcomes = {one.id.partition("::")[2]: one.outcome for one in verified.manifest.scenarios}
    assert outcomes == {
        "asks": "passed",
        "differs": "failed",
        "expected": "xfailed",
        "hooked": "error",
        "left_out": "skipped",
        "rows[0]": "passed",
        "rows[1]": "passed",
    }


# ---- the log -------------------------------------------------------------------------------------


def _intact(folder: Path) -> bool:
    try:
        return verify(str(folder)).intact
    except DamageError:
        return False


@pytest.mark.parametrize("most", [2_000, pytest.param(None, marks=pytest.mark.slow)], ids=["some", "all"])
def test_every_flipped_bit_is_found(evidence: Path, most: int | None) -> None:
    """Wherever it is: in a time, in a note, in a name that nobody exercised."""
    rng = random.Random(20_240_601)  # noqa: S311 - seeded, so that a failure can be repeated
    whole = {name: (evidence / name).read_bytes() for name in ("records.jsonl", "manifest.json")}
    flips = [(name, at, 1 << bit) for name, data in whole.items() for at in range(len(data)) for bit in range(8)]
    missed = []
    for name, at, bit in flips if most is None else rng.sample(flips, most):
        with (evidence / name).open("r+b", buffering=0) as file:
            os.pwrite(file.fileno(), bytes([whole[name][at] ^ bit]), at)
            if _intact(evidence):
                missed.append((name, bit, whole[name][max(0, at - 20) : at + 20]))
            os.pwrite(file.fileno(), whole[name][at : at + 1], at)
    assert missed == []
    assert _intact(evidence)


def _edit_log(folder: Path, old: str, new: str) -> None:
    """Replace what ``old`` first matches in the log."""
    path = folder / "records.jsonl"
    text = path.read_text(encoding="utf-8")
    edited = re.sub(old, new, text, count=1)
    assert edited != text
    path.write_text(edited, encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"host":"[^"]+"', '"host":"elsewhere"'),
        ('"python":"[^"]+"', '"python":"3.99.0"'),
        ('"tool":"[^"]+"', '"tool":"pytest-fluxscenario 9.9.9"'),
        (r'"started":"\d{4}', '"started":"1999'),
        (r'"duration":\d', '"duration":7'),
        (r'"volatile":\{([^}]+)\}', r'"volatile":{\1,"notes":{"approved by":"me"}}'),
    ],
    ids=["host", "python", "tool", "started", "duration", "notes"],
)
def test_what_varies_is_covered_too(evidence: Path, old: str, new: str) -> None:
    """No ref is the hash of it; the hash of the log is."""
    _edit_log(evidence, old, new)
    assert _codes(evidence) == ["edited"]
    assert _told(evidence).startswith(f"{evidence}/records.jsonl: something in it was edited: its hash is sha256:")
    _fit_log(evidence)
    assert _told(evidence) == ""


@pytest.mark.parametrize(("log", "told"), [("", "none"), ("sha256:4", "'sha256:4'")])
def test_the_hash_of_the_log_cannot_be_left_out(evidence: Path, log: str, told: str) -> None:
    _edit_manifest(evidence, lambda manifest: manifest.update(log=log))
    assert f"but the manifest says {told} (" in _told(evidence)


def test_a_flipped_bit_never_raises_anything_else(evidence: Path) -> None:
    """Anywhere at all, in the free text too."""
    rng = random.Random(7)  # noqa: S311 - see above
    for name in ("records.jsonl", "manifest.json"):
        whole = (evidence / name).read_bytes()
        for _ in range(_FLIPS):
            data = bytearray(whole)
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            (evidence / name).write_bytes(data)
            with contextlib.suppress(DamageError):
                verify(str(evidence))
        (evidence / name).write_bytes(whole)


def test_a_removed_record_is_named(evidence: Path) -> None:
    lines = _lines(evidence)
    _set_lines(evidence, lines[:2] + lines[3:])
    # And not that coverage says more than the records that are left.
    assert _codes(evidence) == ["removed"]
    assert f"the record of '{json.loads(lines[2])['id']}' is missing" in _told(evidence)


def test_a_doubled_record_is_named(evidence: Path) -> None:
    lines = _lines(evidence)
    _set_lines(evidence, lines[:3] + lines[2:])
    assert _codes(evidence) == ["duplicated"]
    assert "records.jsonl:4:1: " in _told(evidence)


def test_swapped_records_are_named(evidence: Path) -> None:
    lines = _lines(evidence)
    lines[1], lines[4] = lines[4], lines[1]
    _set_lines(evidence, lines)
    assert set(_codes(evidence)) == {"reordered"}
    assert json.loads(lines[4])["id"] in _told(evidence)


@pytest.mark.parametrize("cut", [1, 2, 40, 400])
def test_a_cut_log_is_told(evidence: Path, cut: int) -> None:
    path = evidence / "records.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    assert _codes(evidence) == (["truncated", "removed"] if cut > 1 else ["truncated"])


def test_an_added_record_is_named(evidence: Path) -> None:
    lines = _lines(evidence)
    _set_lines(evidence, [*lines, lines[-1].replace(b"::rows[1]", b"::zz")])
    assert _codes(evidence) == ["added"]
    assert "all.json::zz: the manifest does not name this scenario" in _told(evidence)


def test_a_record_of_a_skipped_scenario_was_added(evidence: Path) -> None:
    lines = _lines(evidence)
    at = next(number for number, line in enumerate(lines) if b"::rows[0]" in line)
    _set_lines(evidence, [*lines[:at], lines[at].replace(b"::rows[0]", b"::left_out"), *lines[at:]])
    assert _codes(evidence) == ["added"]


def test_an_edited_result_is_named_with_both_hashes(evidence: Path) -> None:
    lines = _lines(evidence)
    at = next(number for number, line in enumerate(lines) if b"::differs" in line)
    lines[at] = lines[at].replace(b'"verdict":"failed"', b'"verdict":"passed"')
    _set_lines(evidence, lines)
    assert _codes(evidence)[0] == "edited"
    assert f"records.jsonl:{at + 1}:1: " in _told(evidence)
    assert _told(evidence).count("sha256:") >= 2


def test_an_edited_result_with_a_new_ref_is_not_what_the_manifest_names(evidence: Path) -> None:
    _forge(evidence, b"::differs", b'"verdict":"failed"', b'"verdict":"passed"', everywhere=False)
    assert "edited" in _codes(evidence)
    assert "the manifest names the record" in _told(evidence)


def test_a_forgery_of_result_ref_and_manifest_contradicts_itself(evidence: Path) -> None:
    """Every hash is made anew; the steps and the counts still say what happened."""
    _forge(evidence, b"::differs", b'"verdict":"failed"}', b'"verdict":"passed"}', everywhere=True)
    _fit_log(evidence)
    told = _told(evidence)
    assert "the verdict says passed, but its steps make it failed" in told
    assert "the manifest says failed" not in told


def _forge(folder: Path, mark: bytes, old: bytes, new: bytes, *, everywhere: bool) -> None:
    lines = _lines(folder)
    at = next(number for number, line in enumerate(lines) if mark in line)
    record = json.loads(lines[at])
    forged = lines[at].replace(old, new)
    assert forged != lines[at]
    ref = canonical_ref(json.loads(forged)["result"])
    lines[at] = forged.replace(record["ref"].encode(), ref.encode())
    _set_lines(folder, lines)

    def edit(manifest: dict[str, Any]) -> None:
        for one in manifest["scenarios"]:
            if one["id"] == record["id"]:
                one["ref"] = ref
        manifest["root"] = root_hash((one["id"], one["ref"]) for one in manifest["scenarios"] if "ref" in one)

    if everywhere:
        _edit_manifest(folder, edit)


def test_changed_line_endings_are_called_that(evidence: Path) -> None:
    for name in ("records.jsonl", "manifest.json"):
        path = evidence / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert _codes(evidence) == ["line-ends", "line-ends"]
    for name, line in zip(("manifest.json", "records.jsonl"), _told(evidence).splitlines(), strict=True):
        assert line.startswith(f"{evidence}/{name}: the line endings were changed from LF to CR LF")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"started":', b'"attempts":1,"started":'),
        (b'"started":', b' "started":'),
        (b'"volatile":{', b'"volatile":{"attempt":2,'),
        (b'"duration":', b'"duration":-'),
        (b'"duration":', b'"duration":1e400,"took":'),
        (b'"host":', b'"started":"1999-01-01T00:00:00.000Z","host":'),
        (b'"schema":"flux.evidence.record.v1"', b'"schema":"flux.evidence.record.v2"'),
        (b'{"id":', b'{ "id":'),
    ],
)
def test_a_line_that_is_not_as_records_are_written(evidence: Path, old: bytes, new: bytes) -> None:
    data = (evidence / "records.jsonl").read_bytes()
    assert old in data
    (evidence / "records.jsonl").write_bytes(data.replace(old, new, 1))
    assert _codes(evidence)[0] in ("edited", "schema")


# ---- the manifest --------------------------------------------------------------------------------


def _outcome(name: str, outcome: str) -> Callable[[dict[str, Any]], None]:
    def edit(manifest: dict[str, Any]) -> None:
        one = _scenario(manifest, name)
        manifest["counts"][one["outcome"]] -= 1
        manifest["counts"][outcome] += 1
        one["outcome"] = outcome

    return edit


def _all_green(manifest: dict[str, Any]) -> None:
    for name in ("differs", "hooked"):
        _outcome(name, "passed")(manifest)
    manifest["verdict"] = "passed"


_EDITS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "outcome": (_outcome("differs", "passed"), "the manifest says passed, but the record's verdict is failed"),
    "everything green": (_all_green, "the manifest says passed, but the record's verdict is error"),
    "hidden as skipped": (
        _outcome("differs", "skipped"),
        "the manifest says skipped, but the record's verdict is failed",
    ),
    "hidden as xfailed": (_outcome("asks", "xfailed"), "the manifest says xfailed, but the record's verdict is passed"),
    "verdict": (
        lambda m: m.update(verdict="passed"),
        "the verdict says passed, but the outcomes and errors make it failed",
    ),
    "verdict incomplete": (lambda m: m.update(verdict="incomplete"), "the verdict says incomplete"),
    "root": (lambda m: m.update(root="sha256:" + "0" * 64), "the root hash is sha256:000"),
    "counts": (lambda m: m["counts"].update(failed=0), "counts say 0 of failed, but 1 are"),
    "a count is gone": (lambda m: m["counts"].pop("crashed"), "counts say nothing of crashed"),
    "a count is new": (lambda m: m["counts"].update(lost=2), "counts say 2 of lost, but 0 are"),
    "ref": (
        lambda m: _scenario(m, "asks").update(ref="sha256:" + "1" * 64),
        "the manifest names the record sha256:111",
    ),
    "a ref is gone": (
        lambda m: _scenario(m, "asks").pop("ref"),
        "'packs/small/scenarios/all.json::asks' passed, but names no",
    ),
    "scenario is gone": (lambda m: m["scenarios"].pop(1), "the manifest does not name this scenario"),
    "scenario is new": (
        lambda m: m["scenarios"].append({"id": "z.json::z", "outcome": "passed", "ref": "sha256:" + "2" * 64}),
        "the record of 'z.json::z' is missing",
    ),
    "scenario twice": (lambda m: m["scenarios"].insert(0, m["scenarios"][0]), "all.json::asks' twice"),
    "order": (lambda m: m["scenarios"].reverse(), "out of order of id"),
    "hash": (lambda m: _scenario(m, "asks").update(hash="sha256:" + "3" * 64), "but the manifest says sha256:333"),
    "profile": (lambda m: m["profiles"][0].update(version="1.0.1"), "which the manifest does not list"),
    "profiles are gone": (lambda m: m["profiles"].clear(), "which the manifest does not list"),
    "coverage": (
        lambda m: m["coverage"][0]["gates"].update(waiver_needs_approval=True),
        "coverage says that the gate waiver_needs_approval stopped a request; the records show otherwise",
    ),
    "coverage less": (
        lambda m: m["coverage"][0]["gates"].update(what_required=False),
        "coverage does not say that the gate what_required stopped a request; the records show otherwise",
    ),
    "points": (
        lambda m: m["coverage"][0]["points"]["actions"]["work.finish"].update(allowed=True),
        "coverage says that the action work.finish was allowed; the records show otherwise",
    ),
    "points less": (
        lambda m: m["coverage"][0]["points"]["artifacts"]["start_record"].update(created=False),
        "coverage does not say that the artifact start_record was created; the records show otherwise",
    ),
    "coverage is gone": (lambda m: m["coverage"].clear(), "has no coverage of the profile small"),
    "coverage of another": (
        lambda m: m["coverage"][0]["profile"].update(id="other"),
        "has coverage of the profile other",
    ),
    "started": (lambda m: m.update(started="yesterday"), "started is 'yesterday'"),
}


def _write_manifest(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Edit the manifest as somebody does who knows how it is written, but not of its hash."""
    path = folder / "manifest.json"
    data = json.loads(path.read_bytes())
    edit(data)
    path.write_bytes(manifest_bytes(msgspec.convert(data, Manifest)))


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m.update(started="1999-01-01T00:00:00.000Z"),
        lambda m: m.update(tool="pytest-fluxscenario 9.9.9"),
        lambda m: _scenario(m, "left_out").update(note="seen, and good"),
        lambda m: _scenario(m, "left_out").pop("note"),
        lambda m: m["coverage"][0]["actions"].update({"work.unheard_of": False}),
        lambda m: m.update(redactions={"secret": 2}),
        lambda m: m.update(check="sha256:" + "5" * 64),
        lambda m: m.update(check=""),
        lambda m: m.update(log="sha256:" + "6" * 64),
    ],
    ids=["started", "tool", "note", "no note", "coverage", "redactions", "check", "no check", "log"],
)
def test_what_no_rule_reaches_is_covered_too(evidence: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Nothing in the folder contradicts it; the manifest's own hash does."""
    _write_manifest(evidence, edit)
    assert _codes(evidence) == ["edited"]
    assert _told(evidence).startswith(f"{evidence}/manifest.json: something in it was edited: its hash is sha256:")


@pytest.mark.parametrize(
    ("name", "told"),
    [("secret", "something in it was edited: "), ("\U00010400", "JSON numbers keep no integer beyond ")],
)
def test_a_number_that_no_json_keeps_is_told(evidence: Path, name: str, told: str) -> None:
    """Canonical JSON refuses it where it has to look closely, as at a name beyond the basic plane."""
    _write_manifest(evidence, lambda manifest: manifest["redactions"].update({name: 10**30}))
    assert told in _told(evidence)


@pytest.mark.parametrize("name", _EDITS)
def test_an_edited_manifest_is_found(evidence: Path, name: str) -> None:
    edit, told = _EDITS[name]
    _edit_manifest(evidence, edit)
    assert told in _told(evidence)


def test_a_manifest_that_was_formatted_anew_is_told(evidence: Path) -> None:
    path = evidence / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_bytes())), encoding="utf-8")
    assert _codes(evidence) == ["edited"]


def test_a_second_key_that_hides_the_first_is_told(evidence: Path) -> None:
    path = evidence / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"verdict": "failed"', b'"verdict": "passed",\n "verdict": "failed"'))
    assert _codes(evidence) == ["edited"]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b"\xff", b"[" * 100_000, b'{"schema":"flux.evidence.manifest.v1"}']
)
def test_what_is_no_manifest_is_damage(evidence: Path, content: bytes) -> None:
    (evidence / "manifest.json").write_bytes(content)
    with pytest.raises(DamageError, match="is no manifest of evidence"):
        verify(str(evidence))


def test_a_manifest_of_another_version_is_not_judged(evidence: Path) -> None:
    _edit_manifest(evidence, lambda manifest: manifest.update(schema="flux.evidence.manifest.v2"))
    with pytest.raises(DamageError, match=r"not flux\.evidence\.manifest\.v1"):
        verify(str(evidence))


def test_missing_files(evidence: Path, tmp_path: Path) -> None:
    (evidence / "records.jsonl").rename(tmp_path / "kept")
    with pytest.raises(DamageError, match="the records are missing"):
        verify(str(evidence))
    (evidence / "manifest.json").unlink()
    with pytest.raises(DocumentError, match="holds no evidence"):
        verify(str(evidence))
    (tmp_path / "kept").rename(evidence / "records.jsonl")
    with pytest.raises(DamageError, match="the manifest is missing, but records exist"):
        verify(str(evidence))
    with pytest.raises(DocumentError, match="there is no such folder"):
        verify(str(tmp_path / "elsewhere"))


@pytest.mark.parametrize("name", ["records.jsonl", "manifest.json"])
def test_a_pipe_in_place_of_a_file_does_not_hang(evidence: Path, name: str) -> None:
    (evidence / name).unlink()
    os.mkfifo(evidence / name)
    with pytest.raises(DamageError):
        verify(str(evidence))


# ---- a session that died -------------------------------------------------------------------------


def _died(manifest: dict[str, Any]) -> None:
    for one in manifest["scenarios"]:
        one.pop("ref", None)
        one.pop("hash", None)
        one.pop("note", None)
        one["outcome"] = "not_run"
    total = len(manifest["scenarios"])
    manifest.update(verdict="incomplete", profiles=[], coverage=[], root=root_hash(()), log="")
    manifest["counts"] = dict.fromkeys(manifest["counts"], 0) | {"not_run": total}


def test_a_session_that_died_is_incomplete_and_not_damaged(evidence: Path) -> None:
    _edit_manifest(evidence, _died)
    lines = _lines(evidence)
    _set_lines(evidence, [lines[3], lines[0], lines[1][:-30]])
    verified = verify(str(evidence))
    assert (verified.intact, verified.finished, verified.manifest.verdict) == (True, False, "incomplete")
    assert "breaks off; the session ended while it was written" in verified.notes[0]
    assert "2 scenarios have a record" in verified.notes[1]


def test_the_records_of_a_session_that_died_are_still_held_against_their_refs(evidence: Path) -> None:
    _edit_manifest(evidence, _died)
    lines = _lines(evidence)
    _set_lines(evidence, [lines[0].replace(b"AskUser", b"AskUsed")])
    assert _codes(evidence) == ["edited"]


def test_the_manifest_of_a_session_that_died_has_its_own_hash(evidence: Path) -> None:
    _edit_manifest(evidence, _died)
    assert _told(evidence) == ""
    _write_manifest(evidence, lambda manifest: manifest.update(tool="another"))
    assert _codes(evidence) == ["edited"]


def test_a_run_without_a_record_has_come_to_its_end(evidence: Path) -> None:
    """All was skipped: no record may be added, also for a scenario that the manifest names."""

    def edit(manifest: dict[str, Any]) -> None:
        _died(manifest)
        for one in manifest["scenarios"]:
            one["outcome"] = "skipped"
        manifest["counts"] = dict.fromkeys(manifest["counts"], 0) | {"skipped": len(manifest["scenarios"])}

    _edit_manifest(evidence, edit)
    lines = _lines(evidence)
    _set_lines(evidence, [])
    _fit_log(evidence)
    verified = verify(str(evidence))
    assert (verified.problems, verified.finished, verified.manifest.verdict) == ((), True, "incomplete")
    _set_lines(evidence, lines[:1])
    assert "the manifest says skipped, without a record" in _told(evidence)


# ---- bounds --------------------------------------------------------------------------------------


def test_problems_are_told_up_to_a_bound(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_check, "MOST_PROBLEMS", 10)
    (evidence / "records.jsonl").write_bytes(b"nonsense\n" * 200)
    verified = verify(str(evidence))
    assert len(verified.problems) == 10
    # 200 lines, and the 6 missing records.
    assert verified.more == 196


def test_control_characters_in_evidence_reach_no_terminal(evidence: Path) -> None:
    lines = _lines(evidence)
    _set_lines(evidence, [lines[0].replace(b"::asks", b"::\\u001b[2Jasks"), *lines[1:]])
    assert "\x1b" not in _told(evidence)
    assert "\\x1b[2J" in _told(evidence)


# ---- what is allowed ----------------------------------------------------------------------------


def _drop_record(folder: Path, name: str) -> None:
    _set_lines(folder, [line for line in _lines(folder) if f"::{name}".encode() not in line])

    def edit(manifest: dict[str, Any]) -> None:
        one = _scenario(manifest, name)
        del one["ref"], one["hash"]
        manifest["root"] = root_hash((other["id"], other["ref"]) for other in manifest["scenarios"] if "ref" in other)
        manifest["errors"] = [
            {"file": "evidence", "message": "records.jsonl: cannot be written: No space left on device"}
        ]

    _edit_manifest(folder, edit)


def test_a_record_that_could_not_be_written_is_no_damage(evidence: Path) -> None:
    """The manifest says why, the run has failed, and coverage knows what happened."""
    _drop_record(evidence, "asks")
    _fit_log(evidence)
    assert _told(evidence) == ""
    _edit_manifest(evidence, lambda manifest: manifest.update(errors=[]))
    assert "asks' passed, but names no record" in _told(evidence)


def test_an_error_of_the_session_is_no_passed_run(evidence: Path) -> None:
    def edit(manifest: dict[str, Any]) -> None:
        for name in ("differs", "hooked"):
            _outcome(name, "not_run")(manifest)
        manifest["verdict"] = "incomplete"

    _edit_manifest(evidence, edit)
    assert "the verdict says" not in _told(evidence)
    _edit_manifest(evidence, lambda manifest: manifest.update(errors=[{"file": "a.json", "message": "broken"}]))
    assert "the verdict says incomplete, but the outcomes and errors make it failed" in _told(evidence)


def test_an_interrupt_between_record_and_manifest_is_a_note(evidence: Path) -> None:
    def edit(manifest: dict[str, Any]) -> None:
        _outcome("differs", "not_run")(manifest)
        one = _scenario(manifest, "differs")
        del one["ref"], one["hash"]
        manifest["root"] = root_hash((other["id"], other["ref"]) for other in manifest["scenarios"] if "ref" in other)

    _edit_manifest(evidence, edit)
    verified = verify(str(evidence))
    assert verified.intact
    assert "differs: has a record, but the session ended before it was counted" in verified.notes[0]


def test_an_attempt_that_a_rerun_replaced_was_seen_too(evidence: Path) -> None:
    covers_more = _EDITS["coverage"][0]
    _edit_manifest(evidence, covers_more)
    assert "waiver_needs_approval stopped a request; the records show otherwise" in _told(evidence)
    lines = _lines(evidence)
    volatile = json.loads(lines[0])["volatile"] | {"attempt": 2, "earlier": ["sha256:0"]}
    head = lines[0][: lines[0].index(b'"volatile":')]
    written = msgspec.json.encode(msgspec.convert(volatile, Volatile))
    _set_lines(evidence, [head + b'"volatile":' + written + b"}\n", *lines[1:]])
    _fit_log(evidence)
    assert _told(evidence) == ""


def test_a_result_that_redaction_changed_is_no_damage(evidence: Path) -> None:
    """A pattern may have put text where a verdict or a number stood; the hash is of what was written."""
    _forge(evidence, b"::asks", b'"index":1', b'"index":"[redacted]"', everywhere=True)
    _forge(evidence, b"::asks", b'"routes":[', b'"routes":[1,', everywhere=True)
    assert "has not the shape of one" in _told(evidence)
    _edit_manifest(evidence, lambda manifest: manifest.update(redactions={"1": 3}))
    _fit_log(evidence)
    assert _told(evidence) == ""


def test_a_time_that_nobody_writes(evidence: Path) -> None:
    lines = _lines(evidence)
    at = lines[0].index(b'"started":"') + len(b'"started":"')
    _set_lines(evidence, [lines[0][:at] + b"X" + lines[0][at + 1 :], *lines[1:]])
    assert "which is no time that the writer writes" in _told(evidence)


def test_a_line_longer_than_any_record_is_called_that(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "read_lines", lambda folder: read_lines(folder, most=200))
    assert "is longer than any record" in _told(evidence)


def test_the_memory_does_not_grow_with_the_log(evidence: Path) -> None:
    line = _lines(evidence)[0]
    _edit_manifest(evidence, _died)
    with (evidence / "records.jsonl").open("wb") as log:
        for _ in range(10_000):
            log.write(line)
    tracemalloc.start()
    try:
        verified = verify(str(evidence))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert verified.records == 10_000
    assert (evidence / "records.jsonl").stat().st_size > 10_000_000
    assert peak < 1_000_000
