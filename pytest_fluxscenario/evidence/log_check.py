"""The log of evidence against its manifest, one line after the other: what ``verify`` looks for in records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.digest import Digest, sha256_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.agree import Ledger
from pytest_fluxscenario.evidence.reading import Line, RecordLine, parse_line, shown_file
from pytest_fluxscenario.evidence.writer import MANIFEST, RECORDS
from pytest_fluxscenario.model.evidence import RECORD_SCHEMA, Manifest, ManifestScenario, Volatile

#: Problems that one verification tells; the rest are counted.
MOST_PROBLEMS = 1_000
STARTED = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{3}Z")
LINE_ENDS = ("the line endings were changed from LF to CR LF", "put '* -text' into .gitattributes")
RESTORE = "restore the folder from a copy, or run the scenarios again"


@dataclass(slots=True)
class Found:
    """Collects problems, so many that they can be read."""

    problems: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, code: str, place: Place, message: str, hint: str = "") -> None:
        """One more."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(f"evidence.{code}", place, message, hint))
        else:
            self.more += 1


class LogCheck:
    """Holds the lines of a log against the manifest, one after the other."""

    def __init__(self, folder: str, manifest: Manifest, found: Found, *, finished: bool) -> None:
        self.whole = 0
        self.notes: list[str] = []
        self._file = shown_file(folder, RECORDS)
        self._found = found
        self._finished = finished
        self._errors = bool(manifest.errors)
        self._entries = {entry.id: entry for entry in manifest.scenarios}
        self._manifest = Place(shown_file(folder, MANIFEST))
        self._seen: set[str] = set()
        self._last = ""
        self._ledger = Ledger(manifest)
        self._digest = Digest()
        #: Whether the ledger has seen everything that was written; what it misses contradicts the manifest anyway.
        self._complete = True
        self._told_ends = False

    @property
    def digest(self) -> str:
        """``sha256:`` and the hash of the lines so far."""
        return self._digest.ref

    def line(self, line: Line) -> None:
        """One line of the log."""
        place = Place(self._file, line.number, 1)
        if line.too_long:
            self._found.add("edited", place, "is longer than any record")
            self._complete = False
            return
        self._digest.add(line.data + b"\n" if line.ended else line.data)
        if not line.ended and not self._finished:
            # No damage: the last write of a session that died.
            self.notes.append(f"{place}: breaks off; the session ended while it was written")
            return
        if not line.ended:
            self._found.add("truncated", place, "breaks off: the file was cut", RESTORE)
        record = self._parse(line, place)
        if record is None:
            self._complete = False
            return
        self.whole += 1
        for code, message in self._faults(record):
            self._found.add(code, place, f"{shown(record.id)}: {message}")

    def _parse(self, line: Line, place: Place) -> RecordLine | None:
        """The record of a line; None where it is none, which is told of."""
        record = parse_line(line.data)
        if isinstance(record, RecordLine):
            return record
        if line.data.endswith(b"\r"):
            bare = parse_line(line.data[:-1])
            if isinstance(bare, RecordLine):
                if not self._told_ends:
                    self._told_ends = True
                    self._found.add("line-ends", Place(self._file), *LINE_ENDS)
                return bare
        if line.ended:
            self._found.add("edited", place, record, RESTORE)
        return None

    def _faults(self, record: RecordLine) -> Iterator[tuple[str, str]]:
        if record.schema != RECORD_SCHEMA:
            yield "schema", f"the schema is '{shown(record.schema, 80)}', not {RECORD_SCHEMA}"
        result = bytes(record.result)
        real = sha256_ref(result)
        if real != record.ref:
            yield "edited", f"the result is not what its ref {shown(record.ref, 80)} says; its hash is {real}"
        yield from _volatile_faults(bytes(record.volatile))
        again = record.id in self._seen
        self._seen.add(record.id)
        if again and self._finished:
            yield "duplicated", "has a record before this one"
            return
        if self._finished and record.id < self._last:
            yield "reordered", f"stands after '{shown(self._last)}', out of order of id"
        self._last = max(self._last, record.id)
        entry = self._entries.get(record.id)
        if entry is None:
            yield "added", "the manifest does not name this scenario"
            return
        yield from self._against(entry, record, result, real)

    def _against(
        self, entry: ManifestScenario, record: RecordLine, result: bytes, real: str
    ) -> Iterator[tuple[str, str]]:
        if self._finished and entry.ref is UNSET and entry.outcome == "not_run":
            # No damage: an interrupt came between the two writes, and the run does not look better for it.
            self.notes.append(f"{shown(entry.id)}: has a record, but the session ended before it was counted")
            return
        if self._finished and entry.ref is UNSET:
            yield "added", f"the manifest says {entry.outcome}, without a record"
            return
        if self._finished and entry.ref != record.ref:
            yield "edited", f"the manifest names the record {shown(entry.ref, 80)}, not this one"
        if real == record.ref:
            yield from self._ledger.add(entry if self._finished else None, result, bytes(record.volatile))
        else:
            self._complete = False

    def end(self) -> None:
        """The log has ended; say what is missing."""
        if not self._finished:
            if self._seen or self.notes:
                have = "1 scenario has" if len(self._seen) == 1 else f"{len(self._seen)} scenarios have"
                self.notes.append(f"{self._manifest}: the session did not come to its end; {have} a record")
            return
        for item_id, entry in self._entries.items():
            if entry.ref is not UNSET and item_id not in self._seen:
                self._complete = False
                self._found.add("removed", Place(self._file), f"the record of '{shown(item_id)}' is missing", RESTORE)
            elif entry.ref is UNSET and entry.outcome in ("passed", "failed") and not self._errors:
                # With errors there may be records that could not be written, and the run has not passed.
                self._found.add(
                    "contradiction", self._manifest, f"'{shown(item_id)}' {entry.outcome}, but names no record"
                )
        if not self._complete:
            return
        for message in self._ledger.faults():
            self._found.add("contradiction", self._manifest, message)


def _volatile_faults(volatile: bytes) -> Iterator[tuple[str, str]]:
    try:
        decoded = msgspec.json.decode(volatile, type=Volatile)
    except (msgspec.MsgspecError, RecursionError) as error:
        yield "edited", f"its volatile part is none: {shown(error)}"
        return
    if msgspec.json.encode(decoded) != volatile or decoded.duration < 0 or decoded.attempt != len(decoded.earlier) + 1:
        yield "edited", "its volatile part is not as it was written"
    elif not STARTED.fullmatch(decoded.started):
        yield "edited", f"started is '{shown(decoded.started, 40)}', which is no time that the writer writes"
