"""Seeks scenarios of which nothing is left: neither a record in the history, nor a message in the Snake.

That cannot be while the Mixer keeps its database and the Snake its streams. It can where one of them was restored from
a copy, or lost: then the run would wait for ever for what nobody has.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.fleet.messages.subjects import EVIDENCE_STREAM, WORK_STREAM, evidence, work, work_needing
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.runs.runs import Runs
from pytest_fluxscenario.fleet.snake.transport import Transport
from pytest_fluxscenario.gears.settings import ENGINE
from pytest_fluxscenario.runtimes.port import NEEDS

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: Most seconds between two looks.
SEEK: Final = 15.0


@dataclass(slots=True)
class Seeker:
    """Looks at runs that get no further."""

    runs: Runs
    transport: Transport
    #: Makes streams and queues that are not there.
    prepare: Callable[[], Awaitable[None]]
    #: Whether an active rack of that pool has what hooks need.
    can: Callable[[str, str], bool]
    #: Run to how many records it had at the last look.
    _seen: dict[str, int] = field(default_factory=dict)

    async def look(self) -> None:
        """Look once. Raises FluxError."""
        under_way = self.runs.table.under_way()
        before, self._seen = self._seen, {run.run: len(run.records) for run in under_way}
        still = [run for run in under_way if before.get(run.run) == len(run.records)]
        if still:
            await self.prepare()
        for run in still:
            await self.runs.hand_out(run)
            await self._seek_in(run)

    async def _seek_in(self, run: Run) -> None:
        # The order matters. A rack publishes evidence before it acknowledges work, and the Mixer acknowledges evidence
        # when it has stored it: what is in no stream, one after the other, and was open before, is lost.
        before = [asked for asked in run.open if asked.number in run.published]
        for gear in sorted({asked.case.gear for asked in before}):
            # Each has a queue of its own.
            if await self._waits(run, gear):
                before = [asked for asked in before if asked.case.gear != gear]
        if not before or await self.transport.waiting(EVIDENCE_STREAM, evidence(run.run)):
            return
        keys = {(asked.case.item, asked.attempt) for asked in run.open}
        lost = [asked for asked in before if (asked.case.item, asked.attempt) in keys]
        if lost:
            _LOG.warning("run %s: of %d scenarios nothing is left; they are handed out anew", run.run, len(lost))
            await self.runs.hand_out_anew(run, lost)

    async def _waits(self, run: Run, gear: str) -> bool:
        """Whether work of a run waits for a gear where some rack takes it."""
        if await self.transport.waiting(WORK_STREAM, work(run.pool, gear).of(run.run)):
            return True
        waits = False
        for need in NEEDS if gear == ENGINE else ():
            subject = work_needing(run.pool, need).of(run.run)
            if self.can(run.pool, need):
                waits = bool(await self.transport.waiting(WORK_STREAM, subject)) or waits
            else:
                # Whoever could take it is gone: handed out anew, it is taken by whoever says what it lacks.
                await self.transport.withdraw(WORK_STREAM, subject)
        return waits
