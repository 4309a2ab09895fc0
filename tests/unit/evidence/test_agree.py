"""Whether records and manifest tell the same story."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pytest_fluxscenario.evidence.agree import Ledger
from pytest_fluxscenario.evidence.reading import RecordLine, parse_line, read_lines, read_manifest
from pytest_fluxscenario.model.evidence import Manifest, SpecRef


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


def test_specs_stand_in_the_manifest_and_in_a_record_or_in_neither(evidence: Path) -> None:
    manifest = read_manifest(str(evidence)).manifest
    entries = {entry.id: entry for entry in manifest.scenarios}
    listed = msgspec.structs.replace(manifest, specs=(SpecRef("card:v1.0.0", "sha256:1"),))

    def said(of: Manifest, specs: bytes) -> list[str]:
        ledger, faults = Ledger(of), []
        for line in read_lines(str(evidence)):
            record = parse_line(line.data)
            assert isinstance(record, RecordLine)
            result = bytes(record.result).replace(b'"specs":[]', b'"specs":[%b]' % specs)
            faults += [message for _, message in ledger.add(entries[record.id], result, bytes(record.volatile))]
        return [*faults, *ledger.faults()]

    named = b'{"hash":"sha256:1","ref":"card:v1.0.0"}'
    assert said(manifest, b"") == said(listed, named) == []
    assert said(listed, b"") == ["lists the spec card:v1.0.0 sha256:1, which no record names"]
    assert set(said(manifest, named)) == {
        "was held against the spec card:v1.0.0 sha256:1, which the manifest does not list"
    }
    assert set(said(listed, named.replace(b"1.0.0", b"2.0.0"))) == {
        "was held against the spec card:v2.0.0 sha256:1, which the manifest does not list",
        "lists the spec card:v1.0.0 sha256:1, which no record names",
    }
