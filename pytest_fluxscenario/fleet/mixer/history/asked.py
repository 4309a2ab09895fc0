"""What a run asks for, small in memory: some 400 bytes for each scenario, and its case is made when it is looked at."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from pytest_fluxscenario.model.evidence import ProfileRef
from pytest_fluxscenario.remote.case import PortableCase, PortablePack, PortableSpec

#: Item and attempt.
Key = tuple[str, int]
_NEVER: Final = -1


@dataclass(frozen=True, slots=True)
class Asked:
    """One attempt of one scenario, as it was asked for."""

    #: 1-based, in the order of the submission.
    number: int
    case: PortableCase
    attempt: int = 1


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """What is a case's own."""

    content: str
    hash: str
    file: str
    #: Place of what it shares with others.
    shared: int
    row: str | None
    references: bool
    floats: bool
    skip: str | None
    xfail: str | None
    strict: bool


_Shared = tuple[ProfileRef, PortablePack, PortableSpec | None, str]
_ROWS: Final = msgspec.msgpack.Decoder(_Row)


@dataclass(slots=True)
class AskedTable:
    """Grows at its end, so that another thread may look through it meanwhile."""

    #: Gear to how many ask for it, attempts counted.
    gears: dict[str, int] = field(default_factory=dict)
    #: Numbers of what is not to be run.
    skipped: list[int] = field(default_factory=list)
    #: Item to the number of its first attempt.
    _firsts: dict[str, int] = field(default_factory=dict)
    #: Later attempts to their numbers.
    _later: dict[Key, int] = field(default_factory=dict)
    #: By number, from 1 on: the item, what is its own, and which attempt it is.
    _items: list[str] = field(default_factory=list)
    _rows: list[bytes] = field(default_factory=list)
    _attempts: array[int] = field(default_factory=lambda: array("B"))
    _shared: list[_Shared] = field(default_factory=list)
    _shared_at: dict[_Shared, int] = field(default_factory=dict)

    def add(self, case: PortableCase, attempt: int = 1) -> Asked:
        """One more. Raises KeyError for what is asked for already."""
        if self.number((case.item, attempt)):
            raise KeyError(case.item)
        number = len(self._rows) + 1
        first = self._firsts.get(case.item, 0)
        if attempt == 1:
            self._firsts[case.item] = number
        else:
            self._later[case.item, attempt] = number
        # The text that is held already, and not once more for each attempt.
        self._items.append(self._items[first - 1] if first else case.item)
        self._attempts.append(attempt)
        if case.skip is not None:
            self.skipped.append(number)
        self.gears[case.gear] = self.gears.get(case.gear, 0) + 1
        self._rows.append(self._row(case))
        return Asked(number, case, attempt)

    def number(self, key: Key) -> int:
        """The number of what is asked for; 0 where it is not."""
        item, attempt = key
        return self._firsts.get(item, 0) if attempt == 1 else self._later.get(key, 0)

    def first(self, item: str) -> int:
        """The number of the first attempt of an item that is asked for. Raises KeyError."""
        return self._firsts[item]

    def at(self, number: int) -> Asked:
        """What has that number. Raises IndexError."""
        place = number - 1
        row = _ROWS.decode(self._rows[place])
        profile, pack, spec, gear = self._shared[row.shared]
        case = PortableCase(
            self._items[place],
            row.content,
            row.hash,
            row.file,
            profile,
            pack,
            spec,
            row.row,
            gear,
            row.references,
            row.floats,
            row.skip,
            row.xfail,
            row.strict,
        )
        return Asked(number, case, self._attempts[place])

    def gear(self, number: int) -> str:
        """The gear that what has that number asks for. Raises IndexError."""
        if len(self.gears) == 1:
            return next(iter(self.gears))
        return self._shared[_ROWS.decode(self._rows[number - 1]).shared][3]

    def get(self, key: Key) -> Asked | None:
        """What is asked for; None where it is not."""
        number = self.number(key)
        return self.at(number) if number else None

    def __getitem__(self, key: Key) -> Asked:
        number = self.number(key)
        if not number:
            raise KeyError(key)
        return self.at(number)

    def __contains__(self, key: Key) -> bool:
        return self.number(key) > 0

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Asked]:
        """All of it, by number."""
        return map(self.at, range(1, len(self._rows) + 1))

    @property
    def items(self) -> int:
        """How many scenarios there are, whatever their attempts."""
        return len(self._firsts)

    def _row(self, case: PortableCase) -> bytes:
        shared = case.profile, case.pack, case.spec, case.gear
        at = self._shared_at.setdefault(shared, len(self._shared))
        if at == len(self._shared):
            self._shared.append(shared)
        row = _Row(
            case.content,
            case.hash,
            case.file,
            at,
            case.row,
            case.references,
            case.floats,
            case.skip,
            case.xfail,
            case.strict,
        )
        return msgspec.msgpack.encode(row)


@dataclass(slots=True)
class Numbers:
    """A number for some of those that a run asks for, by theirs."""

    _values: array[int] = field(default_factory=lambda: array("q"))
    _count: int = 0

    def __setitem__(self, number: int, value: int) -> None:
        while len(self._values) < number:
            self._values.append(_NEVER)
        self._count += self._values[number - 1] == _NEVER
        self._values[number - 1] = value

    def get(self, number: int, default: int = 0) -> int:
        """The value; ``default`` where there is none."""
        value = self._values[number - 1] if number <= len(self._values) else _NEVER
        return default if value == _NEVER else value

    def __contains__(self, number: int) -> bool:
        return self.get(number, _NEVER) != _NEVER

    def __len__(self) -> int:
        return self._count
