"""Keeps what a Mixer gathers within bounds: old runs are forgotten, and content that was not used for long goes."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pytest_fluxscenario.base.clock import Clock, SystemClock, timestamp
from pytest_fluxscenario.cas.trimming import Trimmed
from pytest_fluxscenario.fleet.mixer.config import KeepConfig
from pytest_fluxscenario.fleet.mixer.pace import Pace
from pytest_fluxscenario.fleet.mixer.runs.runs import Runs

#: Seconds between two looks.
UPKEEP: Final = 600.0
#: Seconds by which a clock may be set between two looks, as it is when it is kept right.
_EVEN: Final = 60.0
_FOR_EVER: Final = 36_500.0
_FIRST: Final = datetime(1, 1, 2, tzinfo=UTC)
_LOG: Final = logging.getLogger("fluxrig.mixer")


@dataclass(slots=True)
class Upkeep:
    """Looks at all of it; what was begun and broken off may be half done, and goes on next time."""

    runs: Runs
    keep: KeepConfig
    clock: Clock = SystemClock()  # noqa: RUF009 - a frozen value
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.clock)

    async def tend(self) -> tuple[int, Trimmed]:
        """Look once, with a clock that may be wrong: what it calls old goes where it has gone evenly for a while.

        So nothing goes for its age at the first look, and nothing at all where the clock was set. Raises FluxError.
        """
        jump = self.pace.jumped()
        if jump is not None and abs(jump) > _EVEN:
            _LOG.warning("the clock of this machine was set by %+.0f seconds: nothing old is removed this time", jump)
            return 0, Trimmed()
        return await self.look(by_age=jump is not None)

    async def look(self, *, by_age: bool = True) -> tuple[int, Trimmed]:
        """Look once: how many runs were forgotten, and what content was removed. Raises FluxError."""
        keep, runs = self.keep, self.runs
        days = keep.days if by_age else _FOR_EVER
        before = timestamp(max(_FIRST, self.clock.now() - timedelta(days=days)))
        forgotten = await runs.forget_old(before, keep.runs)
        if forgotten:
            await runs.table.history.database.compact()
        cases, content = runs.table.cases(), runs.content
        trimmed = await asyncio.to_thread(
            lambda: content.trimmer.trim(content.needed(cases), days * 86_400, keep.bytes)
        )
        return forgotten, trimmed
