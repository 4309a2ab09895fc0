"""Reading an evidence folder back: the manifest whole, the log line by line (evidence.md).

Nothing here believes what it reads: a folder may come from anywhere, and a log may be larger than the memory.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from pytest_fluxscenario.base.errors import DamageError, DocumentError, FluxError
from pytest_fluxscenario.base.opening import NO_FOLLOW, TO_READ
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import read_source
from pytest_fluxscenario.evidence.writer import MANIFEST, RECORDS, manifest_bytes
from pytest_fluxscenario.model.evidence import MANIFEST_SCHEMA, Manifest

#: A manifest of some million scenarios.
MANIFEST_LIMITS = Limits(file_bytes=256 << 20)
#: Longest line of a log, in bytes: far more than the largest scenario leaves.
LINE_MOST = 64 << 20

_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class RecordLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parts of a record as they stand in its line; encoding it gives that line again."""

    id: str
    ref: str
    result: msgspec.Raw
    schema: str
    volatile: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log."""

    #: 1-based.
    number: int
    #: Without its line feed; empty where the line is longer than ``LINE_MOST``.
    data: bytes
    #: Whether a line feed ends it.
    ended: bool
    too_long: bool = False
    #: The byte of the log at which it begins.
    start: int = 0


@dataclass(frozen=True, slots=True)
class ReadManifest:
    """A manifest, and whether its bytes are those that the writer writes."""

    manifest: Manifest
    as_written: bool
    #: Whether line feeds became CRLF, as git and editors do.
    line_ends: bool


def shown_file(folder: str, file: str) -> str:
    """How a file of an evidence folder is shown."""
    return f"{shown(folder).rstrip('/')}/{file}"


def read_manifest(folder: str) -> ReadManifest:
    """The manifest of an evidence folder.

    Raises DocumentError where there is no evidence at all, DamageError for a manifest that is missing or is none.
    """
    name = shown_file(folder, MANIFEST)
    path = os.path.join(folder, MANIFEST)
    if not os.path.lexists(path):
        if os.path.lexists(os.path.join(folder, RECORDS)):
            hint = "restore it from a copy; the records alone do not say whether some are missing"
            raise DamageError.of("evidence.removed", Place(name), "the manifest is missing, but records exist", hint)
        what = "holds no evidence" if os.path.isdir(folder) else "there is no such folder"
        hint = f"name the folder that holds {MANIFEST} and {RECORDS}"
        raise DocumentError.of("evidence.none", Place(shown(folder)), what, hint)
    try:
        data = read_source(path, name, MANIFEST_LIMITS, root=folder).data
    except DocumentError as error:
        raise DamageError(error.problems) from error
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except _UNDECODABLE as error:
        said = f"is no manifest of evidence: {shown(error)}"
        raise DamageError.of("evidence.edited", Place(name), said, "it was edited or cut; restore a copy") from error
    if manifest.schema != MANIFEST_SCHEMA:
        message = f"the schema is '{shown(manifest.schema, 80)}', not {MANIFEST_SCHEMA}"
        raise DamageError.of("evidence.schema", Place(name), message, "read it with the version that wrote it")
    written = manifest_bytes(manifest)
    same = data == written
    return ReadManifest(manifest, same, not same and data.replace(b"\r\n", b"\n") == written)


def read_lines(folder: str, most: int = LINE_MOST) -> Iterator[Line]:
    """The lines of the log; one is in memory at a time.

    Raises DamageError where there is no log, or what stands there is no regular file.
    """
    name = shown_file(folder, RECORDS)
    try:
        descriptor = os.open(os.path.join(folder, RECORDS), TO_READ | NO_FOLLOW)
    except OSError as error:
        what = "the records are missing" if isinstance(error, FileNotFoundError) else _unreadable(error)
        raise DamageError.of("evidence.removed", Place(name), what, "restore the file from a copy") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DamageError.of("evidence.unreadable", Place(name), "is not a regular file")
    number = start = 0
    with os.fdopen(descriptor, "rb", buffering=1 << 16) as file:
        while data := file.readline(most + 1):
            number, begins = number + 1, start
            start += len(data)
            if data.endswith(b"\n"):
                yield Line(number, data[:-1], ended=True, start=begins)
                continue
            too_long = len(data) > most
            while data and not data.endswith(b"\n") and too_long:
                data = file.readline(1 << 20)
                start += len(data)
            yield Line(number, b"" if too_long else data, ended=data.endswith(b"\n"), too_long=too_long, start=begins)


def _unreadable(error: OSError) -> str:
    return f"cannot be read: {shown(error.strerror or type(error).__name__)}"


def parse_line(data: bytes) -> RecordLine | str:
    """The parts of a record's line, or why it is none. The line is exactly what the writer writes for these parts."""
    try:
        # The parts stay raw below, and raw parts are not looked into: here everything in the line is.
        msgspec.json.decode(data)
        record = msgspec.json.decode(data, type=RecordLine)
        if msgspec.json.encode(record) == data:
            return record
    except _UNDECODABLE as error:
        return f"is no record: {shown(error)}"
    if data.endswith(b"\r"):
        return "ends with CR LF: the line endings of the file were changed"
    return "is a record, but not written as records are"


def find_record(folder: str, item_id: str) -> RecordLine | None:
    """The last record of an item in the log, verified by nobody; None where there is none. Raises DamageError."""
    found: RecordLine | None = None
    # A quick look first: most lines are others'.
    mark = b'{"id":' + msgspec.json.encode(item_id) + b","
    for line in read_lines(folder):
        if line.data.startswith(mark):
            record = parse_line(line.data)
            if isinstance(record, str):
                raise line_error(folder, line.number, record)
            found = record
    return found


class RecordIndex:
    """Where each item's last record stands in a log, so that records are read in any order, one at a time."""

    def __init__(self, folder: str) -> None:
        """Reads the log once. Raises DamageError where there is none."""
        self._path = os.path.join(folder, RECORDS)
        self._lines: dict[str, tuple[int, int]] = {}
        for line in read_lines(folder):
            try:
                name = msgspec.json.decode(line.data, type=_Named).id
            except _UNDECODABLE:
                # What is no record is found by verifying.
                continue
            self._lines[name] = line.start, len(line.data)

    def read(self, item_id: str) -> RecordLine | None:
        """The last record of an item, verified by nobody; None where there is none that can be read."""
        if item_id not in self._lines:
            return None
        start, length = self._lines[item_id]
        try:
            descriptor = os.open(self._path, TO_READ | NO_FOLLOW)
            try:
                data = os.pread(descriptor, length, start)
            finally:
                os.close(descriptor)
        except OSError:
            return None
        record = parse_line(data)
        return None if isinstance(record, str) else record


class _Named(msgspec.Struct, frozen=True):
    id: str


def line_error(folder: str, number: int, message: str) -> FluxError:
    """The error of one line of the log."""
    return DamageError.of("evidence.edited", Place(shown_file(folder, RECORDS), number, 1), message)
