"""The records of a run, small in memory: the last ones as they are, those before them compressed by the hundred.

Records of one run are much alike, so that ten thousand take a few megabytes. Whoever waits for records reads the last.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, overload

import msgspec

from pytest_fluxscenario.model.evidence import ScenarioOutcome
from pytest_fluxscenario.remote.api import ItemDone

#: Records of one block, and how many of the last are not compressed.
_BLOCK: Final = 100
_LAST: Final = 200
#: Of zlib: fast, and small enough.
_LEVEL: Final = 1
_ITEMS: Final = msgspec.json.Decoder(list[ItemDone])


@dataclass(slots=True)
class Tally:
    """What the first so many records of a run say together."""

    counted: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    racks: dict[str, int] = field(default_factory=dict)
    #: Of each scenario the latest attempt.
    outcomes: dict[str, ScenarioOutcome] = field(default_factory=dict)
    #: Of so many scenarios that were asked for: gear to how many ask for it.
    asked: int = 0
    gears: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class RecordList(Sequence[ItemDone]):
    """A list that grows at its end."""

    _blocks: list[bytes] = field(default_factory=list)
    _last: list[ItemDone] = field(default_factory=list)

    def append(self, done: ItemDone) -> None:
        """Add a record."""
        self._last.append(done)
        if len(self._last) >= _LAST + _BLOCK:
            self._blocks.append(zlib.compress(msgspec.json.encode(self._last[:_BLOCK]), _LEVEL))
            del self._last[:_BLOCK]

    def since(self, after: int, most: int) -> list[ItemDone]:
        """At most so many of those that came after the first ``after``."""
        return self[after : after + most]

    def several(self, numbers: Iterable[int]) -> list[ItemDone]:
        """Those at these places, which are in order."""
        return self._several(numbers)

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + len(self._last)

    def __iter__(self) -> Iterator[ItemDone]:
        for block in self._blocks:
            yield from _read(block)
        yield from self._last

    @overload
    def __getitem__(self, at: int) -> ItemDone: ...

    @overload
    def __getitem__(self, at: slice) -> list[ItemDone]: ...

    def __getitem__(self, at: int | slice) -> ItemDone | list[ItemDone]:
        if isinstance(at, slice):
            return self._several(range(len(self))[at])
        return self._several((range(len(self))[at],))[0]

    def _several(self, numbers: Iterable[int]) -> list[ItemDone]:
        packed, opened, block = len(self._blocks) * _BLOCK, -1, list[ItemDone]()
        found: list[ItemDone] = []
        for number in numbers:
            if number >= packed:
                found.append(self._last[number - packed])
                continue
            if number // _BLOCK != opened:
                opened = number // _BLOCK
                block = _read(self._blocks[opened])
            found.append(block[number % _BLOCK])
        return found


def _read(block: bytes) -> list[ItemDone]:
    return _ITEMS.decode(zlib.decompress(block))
