"""What a rack has in its hands: deliveries under way, and the acknowledgements of what is recorded.

A scenario takes a slot until its record is kept, and no longer: a server that was killed may have forgotten that it
gave the scenario out; it answers no acknowledgement then, and gives it out again. What comes again while it is under
way, or after it was recorded, is not run a second time here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_fluxscenario.fleet.errors import SnakeError
from pytest_fluxscenario.fleet.transport import Delivery

#: Run, item, attempt and issue.
Key = tuple[str, str, int, int]
_PAUSE: Final = 0.25
_TRIES: Final = 2
#: Scenarios of which it is remembered that they are recorded.
_MOST: Final = 4_096


@dataclass(slots=True, eq=False)
class Held:
    """A scenario that is under way."""

    key: Key
    #: By which it came last: an earlier one may mean nothing to the server any more.
    delivery: Delivery

    async def keep(self, every: float) -> None:
        """Say that it is worked on, again and again."""
        while True:
            await asyncio.sleep(every)
            with contextlib.suppress(SnakeError):
                await self.delivery.in_progress()


@dataclass(slots=True)
class Hands:
    """Of one rack."""

    _held: dict[Key, Held] = field(default_factory=dict)
    _recorded: dict[Key, None] = field(default_factory=dict)
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    def take(self, key: Key, delivery: Delivery) -> Held | None:
        """What is to be done for a delivery; None where it is done, or under way here."""
        if key in self._recorded:
            self._tell(_acknowledge(delivery))
            return None
        held = self._held.get(key)
        if held is not None:
            held.delivery = delivery
            return None
        held = Held(key, delivery)
        self._held[key] = held
        return held

    def ended(self, held: Held, *, recorded: bool) -> None:
        """It is not under way any more; what is recorded is acknowledged, and what is not comes again."""
        del self._held[held.key]
        if not recorded:
            return
        self._recorded[held.key] = None
        while len(self._recorded) > _MOST:
            del self._recorded[next(iter(self._recorded))]
        self._tell(_acknowledge(held.delivery))

    def drop(self, delivery: Delivery) -> None:
        """Nobody is to have it."""
        self._tell(_quietly(delivery))

    async def told(self) -> None:
        """Return when the queues know all of it, or cannot be told."""
        while self._telling:
            await asyncio.wait(self._telling)

    def _tell(self, saying: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(saying)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


async def _acknowledge(delivery: Delivery) -> None:
    """Say that it is done; where that cannot be said it comes again, and its record is then a duplicate."""
    for _ in range(_TRIES):
        try:
            await delivery.ack()
            return
        except SnakeError:
            await asyncio.sleep(_PAUSE)


async def _quietly(delivery: Delivery) -> None:
    with contextlib.suppress(SnakeError):
        await delivery.term()
