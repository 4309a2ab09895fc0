"""Evidence for people, and a file each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.base.errors import DamageError, UsageError
from pytest_fluxscenario.evidence.reading import find_record, read_lines, read_manifest
from pytest_fluxscenario.evidence.show import matching, record_lines, run_lines
from pytest_fluxscenario.evidence.split import file_name, split


def _record_text(folder: Path, wanted: str) -> str:
    manifest = read_manifest(str(folder)).manifest
    (entry,) = matching(manifest, wanted)
    record = find_record(str(folder), entry.id)
    assert record is not None
    result, volatile = (msgspec.json.decode(part) for part in (record.result, record.volatile))
    return "\n".join(record_lines(entry, record.ref, result, volatile))


def test_a_run_is_told_with_every_scenario(evidence: Path) -> None:
    text = "\n".join(run_lines(read_manifest(str(evidence)).manifest))
    assert "verdict   failed (1 error, 1 failed, 3 passed, 1 skipped, 1 xfailed)" in text
    assert "profile   small 1.0.0, tree packs/small, sha256:" in text
    assert "coverage  small: 11 of 50 points, 22.0%" in text
    assert "          gate finish_requires_start: never fired, never passed" in text
    assert "skipped   packs/small/scenarios/all.json::left_out (not now)" in text


def test_a_record_is_told_step_by_step(evidence: Path) -> None:
    text = _record_text(evidence, "differs")
    assert "outcome   failed" in text
    assert "2 wrong: failed" in text
    assert "  request   work.start by agent-1 (agent)" in text
    assert "    expected  Blocked\n    actual    Continue" in text
    assert _record_text(evidence, "asks").count("  gate      what_required") == 1


def test_a_record_without_a_verdict_says_why(evidence: Path) -> None:
    assert "  fault     " in _record_text(evidence, "hooked")


def test_a_name_finds_its_scenario(evidence: Path) -> None:
    manifest = read_manifest(str(evidence)).manifest
    assert [entry.id for entry in matching(manifest, "rows[1]")] == ["packs/small/scenarios/all.json::rows[1]"]
    assert len(matching(manifest, "rows")) == 2
    assert len(matching(manifest, "packs/small/scenarios/all.json::asks")) == 1
    assert matching(manifest, "sks") == []


@pytest.mark.parametrize(
    "value", ["[redacted]", None, 1, [], {"steps": ["[redacted]", {"mismatches": 3, "request": 1}]}]
)
def test_a_redacted_record_is_shown_as_it_is(evidence: Path, value: Any) -> None:
    entry = read_manifest(str(evidence)).manifest.scenarios[0]
    assert record_lines(entry, "sha256:", value, value)


def test_nothing_shown_moves_a_cursor(evidence: Path) -> None:
    entry = read_manifest(str(evidence)).manifest.scenarios[0]
    hostile = "\x1b[2J\u202e\n"
    result = {
        "verdict": hostile,
        "scenario": {"id": hostile, "parameters": {hostile: hostile}},
        "environment": {"capabilities": [hostile]},
        "steps": [{"name": hostile, "request": {"action": hostile, "payload": {hostile: hostile}}, "fault": hostile}],
    }
    lines = record_lines(entry, hostile, result, {"host": hostile, "attempt": hostile, "notes": {hostile: hostile}})
    assert not [line for line in lines if {"\x1b", "\u202e", "\n"} & set(line)]


def test_split_writes_a_file_for_each_record(evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "records"
    assert split(str(evidence), str(out)) == 6
    files = sorted(out.iterdir())
    assert len(files) == 6
    for file in files:
        record = json.loads(file.read_text(encoding="utf-8"))
        assert canonical_ref(record["result"]) == record["ref"]
        assert file.name == file_name(record["id"]) + ".json"


@pytest.mark.parametrize(
    "item_id",
    [
        "../../etc/passwd",
        "/abs",
        "a\\b",
        "..",
        "",
        "con",
        "x" * 5_000,
        "ü/\x00::\n",
        ".hidden",
        "-rf",
        "a/" * 300,
        "x-" + "y" * 119,
    ],
)
def test_a_file_name_is_never_a_path(item_id: str) -> None:
    name = file_name(item_id)
    assert "/" not in name
    assert not name.startswith((".", "-"))
    assert name.isascii()
    assert len(name) < 150


def test_ids_that_differ_only_in_case_or_punctuation_get_files_of_their_own() -> None:
    names = {file_name(item_id).lower() for item_id in ("a::b", "A::b", "a/b", "a_b", "a::b ")}
    assert len(names) == 5


def test_split_stays_in_its_folder_and_writes_over_nothing(evidence: Path, tmp_path: Path) -> None:
    log = evidence / "records.jsonl"
    log.write_bytes(log.read_bytes().replace(b"packs/small/scenarios/all.json::asks", b"../../../outside", 1))
    out = tmp_path / "out"
    split(str(evidence), str(out))
    assert {path.name for path in tmp_path.iterdir()} == {"evidence", "out"}
    with pytest.raises(UsageError, match="is not empty"):
        split(str(evidence), str(out))
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is a link"):
        split(str(evidence), str(tmp_path / "link"))
    with pytest.raises(UsageError, match="cannot be used"):
        split(str(evidence), str(log))


def test_split_stops_at_a_line_that_is_no_record(evidence: Path, tmp_path: Path) -> None:
    log = evidence / "records.jsonl"
    log.write_bytes(log.read_bytes()[:-10])
    with pytest.raises(DamageError, match=r"records\.jsonl:6:1: breaks off"):
        split(str(evidence), str(tmp_path / "out"))


def test_a_line_that_is_too_long_takes_no_memory(evidence: Path) -> None:
    log = evidence / "records.jsonl"
    first = log.read_bytes().splitlines(keepends=True)[0]
    log.write_bytes(first + b"x" * 3_000_000 + b"\n" + first)
    lines = list(read_lines(str(evidence), most=100_000))
    assert [(line.number, line.too_long, line.ended) for line in lines] == [
        (1, False, True),
        (2, True, True),
        (3, False, True),
    ]
    assert lines[1].data == b""
