"""Merging two versions of an index that grew apart, entry by entry, for git (store.md, "Git"; docs/adr/0017).

What only one side added, or removed, is as that side has it. A tag with two contents is a dispute, whoever made it: the
lines of both sides then stand between git's conflict markers, and nothing reads such an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.errors import DamageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.cas.index import Index, Kind
from pytest_fluxscenario.cas.sums import entries

#: Kind, name, tag.
_Key = tuple[Kind, str, str]
#: Where a line stands in the file; sorted, they are in its order.
_Spot = tuple[bytes | int, ...]

_OURS: Final = b"<<<<<<< ours\n"
_MIDDLE: Final = b"=======\n"
_THEIRS: Final = b">>>>>>> theirs\n"
_WORDS: Final[Mapping[Kind, str]] = {"specs": "spec", "scenarios": "scenario", "profiles": "profile"}
_KINDS: Final[Mapping[bytes, Kind]] = {kind.encode(): kind for kind in _WORDS}
#: Behind every kind.
_LAST: Final = b"\x7f"
_HINT: Final = "keep the lines of one side, and import the other content under a new tag"


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of two indexes."""

    #: What is to be written: an index, or text with conflict markers.
    data: bytes
    problems: tuple[Problem, ...] = ()
    #: Whether a side could not be read, so that nothing was merged.
    damaged: bool = False

    @property
    def clean(self) -> bool:
        """Whether ``data`` is an index that holds what both sides have."""
        return not any(problem.severity == "error" for problem in self.problems)


def merge_indexes(base: bytes, ours: bytes, theirs: bytes, file: str) -> Merged:
    """The merge of the bytes of two indexes that come from ``base`` (nothing, where both sides began one).

    Messages show the index as ``file``. Where a side is no index, both stand in the result as they are, between
    conflict markers; where the base is none, an entry that one side lacks counts as added by the other.
    """
    problems: list[Problem] = []
    one, other = _side(ours, f"ours:{file}", problems), _side(theirs, f"theirs:{file}", problems)
    if one is None or other is None:
        parts = (_OURS, _ended(ours), _MIDDLE, _ended(theirs), _THEIRS)
        return Merged(b"".join(parts), tuple(problems), damaged=True)
    before = _base(base, f"base:{file}", problems)
    left: dict[_Key, str | None] = {}
    right: dict[_Key, str | None] = {}
    disputed: list[_Key] = []
    for key in sorted({*one, *other}):
        was, mine, its = before.get(key), one.get(key), other.get(key)
        if None in (mine, its) and was in (None, mine, its):
            # On one side only: added there, or removed on the other.
            mine = its = (mine or its) if was is None else None
        elif mine != its:
            disputed.append(key)
        left[key], right[key] = mine, its
    if not disputed:
        return Merged(_index(left).to_bytes(), tuple(problems))
    data, lines = _marked(_index(left), _index(right))
    problems += [_dispute(key, left[key], right[key], Place(file, lines[key])) for key in disputed]
    return Merged(data, tuple(problems))


def _base(data: bytes, file: str, problems: list[Problem]) -> Mapping[_Key, str]:
    if not data.strip():
        return {}
    faults: list[Problem] = []
    read = _side(data, file, faults)
    if read is None:
        message = f"{faults[0].message}: what the sides come from is not known, so nothing counts as removed"
        problems.append(Problem("merge.base", faults[0].place, message, severity="warning"))
    return read or {}


def _dispute(key: _Key, ours: str | None, theirs: str | None, place: Place) -> Problem:
    kind, name, tag = key
    said = f"{_said(ours)} in ours and {_said(theirs)} in theirs"
    return Problem("merge.tag", place, f"the {_WORDS[kind]} {name}:{tag} is {said}; a tag is immutable", _HINT)


def _said(digest: str | None) -> str:
    return "removed" if digest is None else f"sha256:{digest[:12]}…"


def _side(data: bytes, file: str, problems: list[Problem]) -> dict[_Key, str] | None:
    try:
        index = Index.parse(data, file)
    except DamageError as error:
        problems += error.problems
        return None
    return {(entry.kind, entry.name, entry.tag): entry.hash for entry in entries(index)}


def _index(filed: Mapping[_Key, str | None]) -> Index:
    names: dict[Kind, dict[str, dict[str, str]]] = {}
    for (kind, name, tag), digest in filed.items():
        if digest is not None:
            names.setdefault(kind, {}).setdefault(name, {})[tag] = digest
    return Index(names)


def _ended(data: bytes) -> bytes:
    return data if not data or data.endswith(b"\n") else data + b"\n"


# ---- what cannot be merged, as text --------------------------------------------------------------


@dataclass(slots=True)
class _Text:
    """Lines that both sides have, and those that they do not between conflict markers."""

    pieces: list[bytes] = field(default_factory=list)
    line: int = 1
    _ours: list[bytes] = field(default_factory=list)
    _theirs: list[bytes] = field(default_factory=list)

    def add(self, ours: bytes | None, theirs: bytes | None) -> int:
        """Add a line of each side; gives the line where its markers begin, where they differ."""
        if ours != theirs:
            self._ours += [] if ours is None else [ours]
            self._theirs += [] if theirs is None else [theirs]
            return self.line
        self.end()
        if ours is not None:
            self._write([ours])
        return self.line

    def end(self) -> None:
        """Write what the sides do not agree on."""
        if self._ours or self._theirs:
            self._write([_OURS, *self._ours, _MIDDLE, *self._theirs, _THEIRS])
            self._ours, self._theirs = [], []

    def _write(self, lines: list[bytes]) -> None:
        self.pieces += lines
        self.line += len(lines)


def _marked(ours: Index, theirs: Index) -> tuple[bytes, dict[_Key, int]]:
    """One text of two indexes, and in which line each tag stands.

    Who keeps the lines of one side everywhere has that side's index, commas and all.
    """
    text = _Text()
    lines: dict[_Key, int] = {}
    left, right = dict(_spots(ours)), dict(_spots(theirs))
    for spot in sorted({*left, *right}):
        line = text.add(left.get(spot), right.get(spot))
        match spot:
            case (bytes(kind), 1, bytes(name), 1, bytes(tag)):
                lines[_KINDS[kind], name.decode(), tag.decode()] = line
    text.end()
    return b"".join(text.pieces), lines


def _spots(index: Index) -> Iterator[tuple[_Spot, bytes]]:
    """The lines of an index, each with where it stands, whatever its comma."""
    kind = name = b""
    for line in index.to_bytes().splitlines(keepends=True):
        word = line.split(b'"')[1] if b'"' in line else b""
        match len(line) - len(line.lstrip()):
            case 0:
                yield (b"" if line.startswith(b"{") else _LAST,), line
            case 2:
                kind = word or kind
                yield (kind, 0 if word else 2), line
            case 4:
                name = word or name
                yield (kind, 1, name, 0 if word else 2), line
            case _:
                yield (kind, 1, name, 1, word), line
