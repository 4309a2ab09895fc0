"""Keeps what a Mixer gathers within bounds: old runs are forgotten, and content that was not used for long goes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pytest_fluxscenario.base.clock import Clock, SystemClock, timestamp
from pytest_fluxscenario.cas.trimming import Trimmed
from pytest_fluxscenario.fleet.config import KeepConfig
from pytest_fluxscenario.fleet.runs import Runs

#: Seconds between two looks.
UPKEEP: Final = 600.0


@dataclass(slots=True)
class Upkeep:
    """Looks at all of it; what was begun and broken off may be half done, and goes on next time."""

    runs: Runs
    keep: KeepConfig
    clock: Clock = SystemClock()  # noqa: RUF009 - a frozen value

    async def look(self) -> tuple[int, Trimmed]:
        """Look once: how many runs were forgotten, and what content was removed. Raises FluxError."""
        keep, runs = self.keep, self.runs
        before = timestamp(self.clock.now() - timedelta(days=keep.days))
        forgotten = await runs.forget_old(before, keep.runs)
        if forgotten:
            await runs.table.history.database.compact()
        cases, content = runs.table.cases(), runs.content
        trimmed = await asyncio.to_thread(
            lambda: content.trimmer.trim(content.needed(cases), keep.days * 86_400, keep.bytes)
        )
        return forgotten, trimmed
