"""What items are called where they were sent to: by their ids, and where several have one, each by a name of its own.

With ``--keep-duplicates`` pytest has several items of one id. Each of them runs; workers of xdist run them at the same
time, and the record of one must never be told as that of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest


@dataclass(slots=True)
class Sent:
    """The items of this process that racks run."""

    #: The ids of all that was collected: no name may be one of another item.
    _taken: set[str] = field(default_factory=set)
    _names: dict[pytest.Item, str] = field(default_factory=dict)
    #: Name to the gear that is asked for.
    _gears: dict[str, str] = field(default_factory=dict)
    #: Items that stand more than once among those that were collected.
    _repeated: set[pytest.Item] = field(default_factory=set)

    def collected(self, items: Iterable[pytest.Item]) -> None:
        """These are all items, in their order: the same in every worker."""
        self._taken.update(item.nodeid for item in items)

    def add(self, item: pytest.Item, gear: str) -> bool:
        """One is to be sent, for that gear; whether it was not added before."""
        if item in self._names:
            self._repeated.add(item)
            return False
        name, number = item.nodeid, 1
        while name in self._gears or (number > 1 and name in self._taken):
            number += 1
            name = f"{item.nodeid} ({number})"
        self._names[item] = name
        self._gears[name] = gear
        return True

    def __contains__(self, item: pytest.Item) -> bool:
        return item in self._names

    def __iter__(self) -> Iterator[str]:
        """The names, in the order in which they were added."""
        return iter(self._names.values())

    def name(self, item: pytest.Item) -> str:
        """What an item is called. Raises KeyError for one that was not sent."""
        return self._names[item]

    def gear(self, name: str) -> str:
        """The gear that an item of that name asks for; empty where there is none."""
        return self._gears.get(name, "")

    def is_repeated(self, item: pytest.Item) -> bool:
        """Whether the very same item is to run several times: workers cannot know which time is theirs."""
        return item in self._repeated
