"""Whether records and manifest tell the same story."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pytest_fluxscenario.evidence.agree import Ledger
from pytest_fluxscenario.evidence.reading import RecordLine, parse_line, read_lines, read_manifest


def test_redaction_is_no_excuse_for_an_outcome_that_the_record_denies(evidence: Path) -> None:
    manifest = msgspec.structs.replace(read_manifest(str(evidence)).manifest, redactions={"a pattern": 1})
    entries = {entry.id: entry for entry in manifest.scenarios}
    said: list[str] = []
    for line in read_lines(str(evidence)):
        record = parse_line(line.data)
        assert isinstance(record, RecordLine)
        forged = msgspec.structs.replace(entries[record.id], outcome="passed")
        faults = Ledger(manifest).add(forged, bytes(record.result), bytes(record.volatile))
        said += [message for _, message in faults]
    assert said == [
        "the manifest says passed, but the record's verdict is failed",
        "the manifest says passed, but the record's verdict is failed",
        "the manifest says passed, but the record's verdict is error",
    ]
