"""Waiting for what comes of a run: all of it in the order in which it comes, or what is asked for by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.fleet.mixer.history.history import Run

#: Records that are enough for an answer, and seconds that fewer are waited with.
_SEVERAL: Final = 100
_GATHER: Final = 0.05


@dataclass(slots=True)
class Awaiting:
    """Those who wait, over all runs."""

    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _ending: bool = False

    async def since(self, run: Run, after: int, wait: float, most: int) -> list[bytes]:
        """What came after that number, as JSON, as soon as there is something.

        Nothing after ``wait`` seconds, or at the end.
        """
        if await self._until(run, lambda: len(run.records) > after, wait) and after:
            # What comes one by one is told in handfuls: each answer costs as much as a scenario.
            await self._gather(run, len(run.records) < after + _SEVERAL, wait)
        return run.records.since(after, most)

    async def wanted(self, run: Run, keys: Sequence[tuple[str, int]], wait: float) -> list[bytes]:
        """The records that there are of ``keys``, as JSON, as soon as there is that of the first one.

        What there is after ``wait`` seconds, or at the end, where that does not come.
        """
        first = not run.records
        there = run.has_record(keys[0])
        if not there and await self._until(run, lambda: run.has_record(keys[0]), wait) and not first:
            await self._gather(run, not all(map(run.has_record, keys)), wait)
        places = sorted({place for place in map(run.place, keys) if place})
        return run.records.several(place - 1 for place in places)

    async def tell(self) -> None:
        """Something has come of a run, or it has ended."""
        async with self._changed:
            self._changed.notify_all()

    async def end(self) -> None:
        """Who waits is answered, and nobody waits any more."""
        self._ending = True
        await self.tell()

    async def _until(self, run: Run, true: Callable[[], bool], wait: float) -> bool:
        """Whether it is so, or nothing more will come, before the time is over."""
        try:
            async with asyncio.timeout(wait), self._changed:
                await self._changed.wait_for(lambda: self._ending or true() or run.state != "running")
        except TimeoutError:
            return False
        return True

    async def _gather(self, run: Run, lacks: bool, wait: float) -> None:
        if lacks and not self._ending and run.state == "running":
            await asyncio.sleep(min(_GATHER, wait))
