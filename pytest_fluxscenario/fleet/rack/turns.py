"""Which of its queues a rack looks into next: each in its turn, and longest where there is something.

There is one for each pool and gear, and one for each of what hooks of the engine need and not every machine has: of
what other racks gave back for the lack of it (ADR 58).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from pytest_fluxscenario.fleet.messages.subjects import Queue, work, work_needing
from pytest_fluxscenario.gears.settings import ENGINE

#: Seconds that is waited at one of several queues where all are empty.
_GAZE: Final = 0.25
#: How often one of several queues is first in turn while it has something.
_STAYS: Final = 8


class Look(NamedTuple):
    """A look into a queue."""

    number: int
    gear: str
    queue: Queue
    #: Seconds, where it is empty.
    wait: float


@dataclass(slots=True)
class Turns:
    """Of one rack."""

    pools: tuple[str, ...]
    offers: tuple[str, ...]
    #: What hooks can run on here.
    runtimes: tuple[str, ...] = ()
    _turn: int = 0
    #: How often the same queue is still looked into first.
    _stays: int = 0

    def looks(self, most: float) -> Iterator[Look]:
        """All looks until there is something, none of them longer than ``most`` seconds; ``found`` ends them."""
        queues = [(gear, work(pool, gear)) for pool in self.pools for gear in self.offers]
        usual = len(queues)
        if ENGINE in self.offers:
            queues += [(ENGINE, work_needing(pool, need)) for pool in self.pools for need in self.runtimes]
        if self._stays <= 0:
            self._turn += 1
        order = [at % len(queues) for at in range(self._turn, self._turn + len(queues))]
        if len(queues) > 1:
            # So that no time is lost at those that are empty.
            yield from (Look(at, *queues[at], 0.0) for at in order)
        # Little is given back by others: that is not waited for.
        at = next(at for at in order if at < usual)
        yield Look(at, *queues[at], most if usual == 1 else min(most, _GAZE))

    def found(self, look: Look) -> None:
        """Look first where something was; but not for ever, as others wait, too."""
        self._stays = self._stays - 1 if self._turn == look.number and self._stays > 0 else _STAYS
        self._turn = look.number
