"""A log as a file for each record (evidence.md): for tools that want files, and for attaching one to a review."""

from __future__ import annotations

import os
import re

import msgspec

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.fs import make_folder, open_new, write_error
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.reading import line_error, parse_line, read_lines, read_manifest

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 120


def split(folder: str, out: str) -> int:
    """Write each record of the evidence in ``folder`` as a file of its own into ``out``; gives how many.

    ``out`` is made, or is an empty folder. The files are indented; the canonical JSON of their ``result`` still has
    the hash ``ref``. Later attempts of a scenario, in the log of a session that died, get a number.

    Raises DocumentError where there is no evidence, DamageError at a line that is no record, UsageError for an ``out``
    that holds something, WriteError where the system refuses.
    """
    read_manifest(folder)
    _check_empty(out)
    make_folder(out)
    counts: dict[str, int] = {}
    written = 0
    for line in read_lines(folder):
        record = parse_line(line.data) if line.ended else "breaks off"
        if isinstance(record, str):
            raise line_error(folder, line.number, record)
        name = file_name(record.id)
        number = counts[name] = counts.get(name, 0) + 1
        path = os.path.join(out, f"{name}.json" if number == 1 else f"{name}.{number}.json")
        try:
            # Nothing that lies there, and nothing that a link leads to, is written over.
            with os.fdopen(open_new(path), "wb") as file:
                file.write(msgspec.json.format(line.data, indent=2) + b"\n")
        except OSError as error:
            raise write_error(path, error) from error
        written += 1
    return written


def file_name(item_id: str) -> str:
    """A name for the file of an item: readable, different for different ids on every file system, and never a path."""
    readable = _UNSAFE.sub("_", item_id).strip("._-") or "record"
    return f"{readable[-_LONGEST:].lstrip('._-')}-{sha256(item_id.encode('utf-8', 'surrogatepass'))[:12]}"


def _check_empty(out: str) -> None:
    place = Place(shown(out))
    if os.path.islink(out):
        raise UsageError.of("evidence.out", place, "is a link", "name a folder")
    try:
        holds = os.listdir(out)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError.of(
            "evidence.out", place, f"cannot be used: {shown(error.strerror or error)}", "name a folder"
        ) from error
    if holds:
        raise UsageError.of("evidence.out", place, "is not empty", "name a new folder; nothing is written over")
