"""Whether evidence is what was written (evidence.md): records against refs, log and manifest against each other.

What is looked for, in this order:

1. The manifest: its bytes are the writer's; scenarios stand once, in order of id; counts, verdict and root follow.
2. Each line of the log: a whole record, written as records are, whose ref is the hash of its result.
3. Each record against the manifest: it is named there, once, in order, with that ref, that scenario, a profile that is
   listed, and a verdict that goes with the outcome.
4. Each scenario of the manifest: the record that it names is there.
5. Coverage says what the records show.
6. The log and the manifest are, byte for byte, what the manifest's ``log`` and ``check`` say: whatever was changed and
   is named by nothing above, such as what varies, is found here.

Hashes without a key show what was changed by mistake, or by someone who does not know of them. Whoever rewrites all of
them can make other evidence; what a reviewer keeps of a run is its root hash, from the terminal or from JUnit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import get_args

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.digest import Digest, sha256_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.agree import Ledger
from pytest_fluxscenario.evidence.reading import (
    Line,
    ReadManifest,
    RecordLine,
    parse_line,
    read_lines,
    read_manifest,
    shown_file,
)
from pytest_fluxscenario.evidence.writer import MANIFEST, RECORDS, manifest_check, root_hash, verdict_of
from pytest_fluxscenario.model.evidence import (
    RECORD_SCHEMA,
    Manifest,
    ManifestScenario,
    ScenarioOutcome,
    Volatile,
)

#: Problems that one verification tells; the rest are counted.
MOST_PROBLEMS = 1_000
_OUTCOMES: tuple[str, ...] = get_args(ScenarioOutcome)
_STARTED = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{3}Z")
_LINE_ENDS = ("the line endings were changed from LF to CR LF", "put '* -text' into .gitattributes")
_RESTORE = "restore the folder from a copy, or run the scenarios again"


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one evidence folder."""

    manifest: Manifest
    #: Records in the log that are whole.
    records: int
    #: What is not as it was written; at most ``MOST_PROBLEMS``.
    problems: tuple[Problem, ...]
    #: How many problems more there are.
    more: int
    #: Whether the session came to its end and put the log in order.
    finished: bool
    #: What is no damage, but should be known.
    notes: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Whether everything is as it was written."""
        return not self.problems


@dataclass(slots=True)
class _Found:
    """Collects problems, so many that they can be read."""

    problems: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, code: str, place: Place, message: str, hint: str = "") -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(f"evidence.{code}", place, message, hint))
        else:
            self.more += 1


def verify(folder: str) -> Verified:
    """Hold an evidence folder against itself; the memory it takes does not grow with the log.

    Raises DocumentError where there is no evidence, DamageError where manifest or log are missing or cannot be read.
    """
    read = read_manifest(folder)
    manifest = read.manifest
    # The manifest that a session begins with names no log and no record; the one that it ends with names all of them.
    finished = (
        manifest.log != ""
        or manifest.verdict != "incomplete"
        or any(entry.ref is not UNSET for entry in manifest.scenarios)
    )
    found = _Found()
    _check_manifest(read, Place(shown_file(folder, MANIFEST)), found, finished=finished)
    check = _Log(folder, manifest, found, finished=finished)
    for line in read_lines(folder):
        check.line(line)
    check.end()
    if not found.problems:
        # Each fault that has a name changes these hashes as well.
        _check_hashes(manifest, folder, check.digest if finished else None, found)
    return Verified(manifest, check.whole, tuple(found.problems), found.more, finished, tuple(check.notes))


def _check_manifest(read: ReadManifest, place: Place, found: _Found, *, finished: bool) -> None:
    manifest = read.manifest
    if read.line_ends:
        found.add("line-ends", place, *_LINE_ENDS)
    elif not read.as_written:
        found.add("edited", place, "is not as it was written: it was edited or formatted anew", _RESTORE)
    _check_order(manifest, place, found)
    _check_sums(manifest, place, found, finished=finished)
    if not _STARTED.fullmatch(manifest.started):
        found.add(
            "edited", place, f"started is '{shown(manifest.started, 40)}', which is no time that the writer writes"
        )


def _check_hashes(manifest: Manifest, folder: str, log: str | None, found: _Found) -> None:
    """What nothing else names; ``log`` is the hash of the log, None where no manifest knows of it yet."""
    place = Place(shown_file(folder, MANIFEST))
    try:
        check = manifest_check(manifest)
    except ValueError as error:
        found.add("edited", place, f"holds what the writer never writes: {error}", _RESTORE)
        return
    if manifest.check != check:
        # Then its hash of the log says nothing either.
        message = f"something in it was edited: its hash is {check}, but it says {_said(manifest.check)}"
        found.add("edited", place, message, _RESTORE)
    elif log is not None and manifest.log != log:
        message = f"something in it was edited: its hash is {log}, but the manifest says {_said(manifest.log)}"
        found.add("edited", Place(shown_file(folder, RECORDS)), message, _RESTORE)


def _said(ref: str) -> str:
    return f"'{shown(ref, 80)}'" if ref else "none"


def _check_order(manifest: Manifest, place: Place, found: _Found) -> None:
    for before, after in pairwise(entry.id for entry in manifest.scenarios):
        if before == after:
            found.add("duplicated", place, f"names '{shown(after)}' twice")
        elif before > after:
            found.add("reordered", place, f"'{shown(after)}' stands after '{shown(before)}', out of order of id")


def _check_sums(manifest: Manifest, place: Place, found: _Found, *, finished: bool) -> None:
    """What follows from the list of scenarios: counts, verdict and root."""
    counts = dict.fromkeys(_OUTCOMES, 0)
    for entry in manifest.scenarios:
        counts[entry.outcome] += 1
    for outcome in sorted({*counts, *manifest.counts}):
        said, real = manifest.counts.get(outcome), counts.get(outcome)
        if said != real:
            message = f"counts say {'nothing' if said is None else said} of {shown(outcome, 40)}, but {real or 0} are"
            found.add("contradiction", place, message)
    verdict = verdict_of({entry.outcome for entry in manifest.scenarios}, faults=bool(manifest.errors))
    if finished and manifest.verdict != verdict:
        message = f"the verdict says {manifest.verdict}, but the outcomes and errors make it {verdict}"
        found.add("contradiction", place, message, "the manifest was edited")
    root = root_hash((entry.id, entry.ref) for entry in manifest.scenarios if entry.ref is not UNSET)
    if manifest.root != root:
        message = f"the root hash is {shown(manifest.root, 80)}, but the refs of the scenarios give {root}"
        found.add("root", place, message, "a ref or the root was edited")


class _Log:
    """Holds the lines of a log against the manifest, one after the other."""

    def __init__(self, folder: str, manifest: Manifest, found: _Found, *, finished: bool) -> None:
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
            self._found.add("truncated", place, "breaks off: the file was cut", _RESTORE)
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
                    self._found.add("line-ends", Place(self._file), *_LINE_ENDS)
                return bare
        if line.ended:
            self._found.add("edited", place, record, _RESTORE)
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
                self._found.add("removed", Place(self._file), f"the record of '{shown(item_id)}' is missing", _RESTORE)
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
    elif not _STARTED.fullmatch(decoded.started):
        yield "edited", f"started is '{shown(decoded.started, 40)}', which is no time that the writer writes"
