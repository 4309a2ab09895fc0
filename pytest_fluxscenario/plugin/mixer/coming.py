"""The records of a run that one process of a session needs: those of its own items, asked for some at a time (ADR 34).

Under xdist a process learns bit by bit what it is to run: mostly items that stand together in the collection.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pytest_fluxscenario.remote.api import ItemDone

#: Most records that are asked for at once.
_MOST: Final = 100
#: Into how many parts what one worker runs is divided: xdist deals out less at a time towards the end of a session.
_PARTS: Final = 10

#: An item, and which attempt of it.
Key = tuple[str, int]


@dataclass(slots=True)
class Coming:
    """What was sent, what of it has come and was not given to its item yet, and what to ask for next."""

    #: How many processes share the run.
    workers: int = 1
    #: Each item that was sent to its place.
    _places: dict[str, int] = field(default_factory=dict)
    _order: list[str] = field(default_factory=list)
    _come: dict[Key, ItemDone] = field(default_factory=dict)
    #: How many attempts of an item have been given to it.
    _given: dict[str, int] = field(default_factory=dict)

    def sent(self, items: Iterable[str]) -> None:
        """These were sent, in the order in which they will run."""
        for item in items:
            self._places[item] = len(self._order)
            self._order.append(item)

    def next_of(self, item: str) -> Key:
        """What an item waits for next."""
        # Not counted by the item: one may stand several times among the tests, and each time is an attempt as well.
        return item, self._given.get(item, 0) + 1

    def has(self, key: Key) -> bool:
        """Whether that has come."""
        return key in self._come

    def look(self, key: Key) -> ItemDone:
        """What has come. Raises KeyError."""
        return self._come[key]

    def take(self, records: Iterable[ItemDone]) -> None:
        """These have come."""
        for done in records:
            self._come[done.item, done.attempt] = done

    def give(self, key: Key) -> None:
        """Its item has it: it is kept no longer."""
        del self._come[key]
        self._given[key[0]] = key[1]

    def wanted(self, key: Key) -> list[Key]:
        """That one, and those of the items that come after it and will probably run here."""
        start = self._places.get(key[0], len(self._order)) + 1
        following = ((self._order[at], 1) for at in range(start, len(self._order)))
        lacking = (one for one in following if one not in self._come and one[0] not in self._given)
        return [key, *islice(lacking, self._ahead() - 1)]

    def _ahead(self) -> int:
        return _MOST if self.workers == 1 else max(1, min(_MOST, len(self._order) // (self.workers * _PARTS)))
