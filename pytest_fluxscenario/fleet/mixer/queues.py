"""Streams and queues of a Mixer: for the evidence, for each pool, and for each gear that racks of a pool offer."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_fluxscenario.fleet.messages.subjects import EVIDENCE, Queue, work
from pytest_fluxscenario.fleet.mixer.registry import Registry
from pytest_fluxscenario.fleet.snake.transport import Terms, Transport


@dataclass(slots=True)
class Queues:
    """Those that are there. Work of a gear that nobody has offered yet waits in its stream until somebody does."""

    link: Transport
    terms: Terms
    pools: tuple[str, ...]
    registry: Registry
    _opened: set[Queue] = field(default_factory=set)

    async def prepare(self) -> None:
        """Make the streams, and all queues; those that are there are given these terms. Raises SnakeError."""
        await self.link.prepare(self.terms)
        self._opened.clear()
        await self.open()

    async def open(self) -> None:
        """Make those that are not there yet. Raises SnakeError."""
        for queue in {*map(work, self.pools), EVIDENCE, *self.registry.queues()} - self._opened:
            await self.link.open_queue(queue, self.terms)
            self._opened.add(queue)
