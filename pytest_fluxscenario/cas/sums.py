"""The check of the index: ``index.sum``, a line for each entry, which every import adds to (docs/adr/0015).

``kind name tag hash check``, sorted, where ``check`` is of the line itself: so a bit that flips in either file shows,
and it shows in which. Lines stand for themselves: git merges them with ``merge=union``, in any order.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, DocumentError
from pytest_fluxscenario.base.fs import replace_file, sync_folder
from pytest_fluxscenario.cas.index import KINDS, Index, Kind
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import read_source

SUM_FILE: Final = "index.sum"
SUM_LIMITS: Final = Limits(file_bytes=128 << 20)
_CHECK_DIGITS: Final = 16


class Entry(msgspec.Struct, frozen=True):
    """One entry of an index. A struct, as an index has ten thousand of them."""

    kind: Kind
    name: str
    tag: str
    #: 64 hex digits.
    hash: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.tag} {self.hash}"

    def line(self) -> bytes:
        """The entry as it stands in ``index.sum``, without the line feed."""
        return _line(str(self).encode())


def entries(index: Index) -> Iterator[Entry]:
    """All entries, in the order of the file."""
    for kind in KINDS:
        for name, tags in sorted(index.names.get(kind, {}).items()):
            yield from (Entry(kind, name, tag, tags[tag]) for tag in sorted(tags))


def fits(index: Index, data: bytes) -> bool:
    """Whether ``data`` is the ``index.sum`` that importing the entries of ``index`` makes, and nothing else.

    What says no may be in order all the same, as after a merge.
    """
    texts = [
        f"{kind} {name} {tag} {digest}"
        for kind, names in index.names.items()
        for name, tags in names.items()
        for tag, digest in tags.items()
    ]
    return b"".join([_line(text.encode()) + b"\n" for text in sorted(texts)]) == data


@dataclass(frozen=True, slots=True)
class Sums:
    """The lines of one ``index.sum``."""

    #: The lines that are as they were written, without their checks: each an entry as text.
    intact: frozenset[str]
    #: Number of a line that is not, and its text.
    damaged: tuple[tuple[int, str], ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> Sums:
        """Read the bytes of an ``index.sum``; never fails."""
        intact = []
        damaged = []
        lines = data.split(b"\n")
        for number, line in enumerate(lines, 1):
            text, _, check = line.rpartition(b" ")
            if line and check != _check(text):
                damaged.append((number, line.decode("utf-8", "replace")))
            elif line:
                intact.append(text.decode("utf-8", "replace"))
        if lines[-1] and not (damaged and damaged[-1][0] == len(lines)):
            damaged.append((len(lines), "it has no end"))
        return cls(frozenset(intact), tuple(damaged))


def _line(text: bytes) -> bytes:
    return text + b" " + _check(text)


def _check(text: bytes) -> bytes:
    return sha256(text)[:_CHECK_DIGITS].encode()


def read_sums(folder: str, name: str) -> bytes | None:
    """The bytes of the store's ``index.sum``; None where there is none. Raises DamageError where it is no file."""
    path = os.path.join(folder, SUM_FILE)
    if not os.path.lexists(path):
        return None
    try:
        return read_source(path, f"{name}/{SUM_FILE}", SUM_LIMITS, root=folder).data
    except DocumentError as error:
        raise DamageError(error.problems) from error


def add_to_sums(folder: str, index: Index, filed: Iterable[Entry]) -> None:
    """See to it that the store's ``index.sum`` has a line for each of ``filed``; where there is none it is made.

    It is then made of ``index``, as it was read. What stands there is kept as it is: an entry that has changed since
    must not be confirmed by the next import. Call it under the lock, before the index names the entries. Raises
    DamageError, WriteError.
    """
    data = read_sums(folder, folder)
    new = {entry.line() for entry in filed}
    if data is None:
        write_sums(folder, (*(one.line() for one in entries(index)), *new))
        return
    held = data.split(b"\n")
    new.difference_update(held)
    if new:
        write_sums(folder, (*held, *new))
    else:
        # Whoever wrote the line, or made the folder of blobs, may have died before this.
        sync_folder(folder)


def write_sums(folder: str, lines: Iterable[bytes]) -> None:
    """Write the store's ``index.sum`` anew, each line once. Raises WriteError."""
    # Mostly sorted already, which a set would undo.
    kept = dict.fromkeys(sorted(filter(None, lines)))
    replace_file(os.path.join(folder, SUM_FILE), b"".join([line + b"\n" for line in kept]))
