"""What a rack has in its hands: deliveries under way, and the acknowledgements of what is recorded.

A scenario takes a slot until its record is kept, and no longer: a server that was killed may have forgotten that it
gave the scenario out; it answers no acknowledgement then, and gives it out again. What comes again while it is under
way, or after it was recorded, is not run a second time here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.snake.transport import Delivery

#: Run and item.
Item = tuple[str, str]
_PAUSE: Final = 0.25
_TRIES: Final = 2
#: Messages of which it is remembered that what they hand out is recorded.
_MOST: Final = 4_096


@dataclass(slots=True, eq=False)
class Held:
    """A scenario that is under way, or several that came together."""

    #: What it was published under.
    key: str
    #: By which it came last: an earlier one may mean nothing to the server any more.
    delivery: Delivery
    items: tuple[Item, ...] = ()

    @contextmanager
    def kept(self, every: float) -> Iterator[None]:
        """Around the work on it: what takes long is said to be worked on, again and again."""
        saying: list[asyncio.Task[None]] = []
        # Most of them end before that, and need no task.
        timer = asyncio.get_running_loop().call_later(
            every, lambda: saying.append(asyncio.create_task(self._say(every)))
        )
        try:
            yield
        finally:
            timer.cancel()
            for task in saying:
                task.cancel()

    async def _say(self, every: float) -> None:
        while True:
            with contextlib.suppress(SnakeError):
                await self.delivery.in_progress()
            await asyncio.sleep(every)


@dataclass(slots=True)
class Hands:
    """Of one rack."""

    #: Tells queues that several are done with. Raises SnakeError; what a queue does not hear comes again.
    done: Callable[[Sequence[Delivery]], Awaitable[None]]
    _held: dict[str, Held] = field(default_factory=dict)
    _recorded: dict[str, None] = field(default_factory=dict)
    _telling: set[asyncio.Task[None]] = field(default_factory=set)
    #: What is done with, and was not told yet.
    _done: list[Delivery] = field(default_factory=list)

    def take(self, key: str, delivery: Delivery, items: tuple[Item, ...] = ()) -> Held | None:
        """What is to be done for a delivery; None where it is done, or under way here."""
        if key in self._recorded:
            self._acknowledge(delivery)
            return None
        held = self._held.get(key)
        if held is not None:
            held.delivery = delivery
            return None
        held = Held(key, delivery, items)
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
        self._acknowledge(held.delivery)

    def drop(self, delivery: Delivery) -> None:
        """Nobody is to have it."""
        self._tell(_quietly(delivery))

    async def told(self) -> None:
        """Return when the queues know all of it, or cannot be told."""
        while self._telling:
            await asyncio.wait(self._telling)

    def _acknowledge(self, delivery: Delivery) -> None:
        self._done.append(delivery)
        if len(self._done) == 1:
            self._tell(self._acknowledge_all())

    async def _acknowledge_all(self) -> None:
        """Say that they are done; where that cannot be said they come again, and their records are then duplicates."""
        # What else ends at this moment goes along.
        await asyncio.sleep(0)
        several, self._done = self._done, []
        for _ in range(_TRIES):
            try:
                await self.done(several)
                return
            except SnakeError:
                await asyncio.sleep(_PAUSE)

    def _tell(self, saying: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(saying)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


async def _quietly(delivery: Delivery) -> None:
    with contextlib.suppress(SnakeError):
        await delivery.term()
