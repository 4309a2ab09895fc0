"""The records of a run, small in memory: all of them packed, and the last ones as they are.

Records of one run are much alike, so that ten thousand take a few megabytes. Whoever waits for records reads the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, overload

import msgspec

from pytest_fluxscenario.fleet.mixer.history.packing import Packer, packed, words_of
from pytest_fluxscenario.remote.api import ItemDone

#: How many of the last are held as they are, and how many more before that is looked after.
_LAST: Final = 200
_MORE: Final = 100
_ITEM: Final = msgspec.json.Decoder(ItemDone)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that are kept together: as JSON, and packed as they are held and stored."""

    done: tuple[ItemDone, ...]
    texts: tuple[bytes, ...]
    rows: tuple[bytes, ...]
    #: The dictionary of these and of those that follow; empty where there is one already, or none yet.
    words: bytes = b""


@dataclass(slots=True)
class RecordList(Sequence[ItemDone]):
    """A list that grows at its end, so that another thread may look through it meanwhile."""

    _packer: Packer = field(default_factory=Packer)
    _rows: list[bytes] = field(default_factory=list)
    #: JSON of the last ones.
    _last: list[bytes] = field(default_factory=list)

    def packed(self, done: Sequence[ItemDone]) -> Batch:
        """Records as they are to be stored; the list is as it was."""
        texts = tuple(map(msgspec.json.encode, done))
        if self._packer.has_words:
            return Batch(tuple(done), texts, tuple(map(self._packer.pack, texts)))
        # What has no record has little in common with those that have one.
        words = words_of(text for one, text in zip(done, texts, strict=True) if one.record)
        return Batch(tuple(done), texts, tuple(packed(text, words) for text in texts), words)

    def learn(self, words: bytes) -> None:
        """Further rows may need that dictionary."""
        self._packer.learn(words)

    def append(self, text: bytes, row: bytes) -> None:
        """Add a record: as JSON, and packed."""
        self._rows.append(row)
        self._last.append(text)
        if len(self._last) >= _LAST + _MORE:
            del self._last[:_MORE]

    def unpacked(self, row: bytes) -> bytes:
        """A row as JSON."""
        return self._packer.unpack(row)

    def since(self, after: int, most: int) -> list[bytes]:
        """At most so many of those that came after the first ``after``, as JSON."""
        return self.several(range(*slice(after, after + most).indices(len(self))))

    def several(self, places: Iterable[int]) -> list[bytes]:
        """Those at these places, as JSON."""
        return [self._text(at) for at in places]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[ItemDone]:
        for at in range(len(self._rows)):
            yield _ITEM.decode(self._packer.unpack(self._rows[at]))

    @overload
    def __getitem__(self, at: int) -> ItemDone: ...

    @overload
    def __getitem__(self, at: slice) -> list[ItemDone]: ...

    def __getitem__(self, at: int | slice) -> ItemDone | list[ItemDone]:
        if isinstance(at, slice):
            return [_ITEM.decode(self._text(one)) for one in range(*at.indices(len(self)))]
        return _ITEM.decode(self._text(range(len(self))[at]))

    def _text(self, at: int) -> bytes:
        back = at - len(self._rows)
        return self._last[back] if -back <= len(self._last) else self._packer.unpack(self._rows[at])
