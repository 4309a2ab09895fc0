"""Keeps what a Mixer gathers within bounds: old runs are forgotten, and content that was not used for long goes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from pytest_fluxscenario.base.clock import Clock, SystemClock, timestamp
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.trimming import Trimmed
from pytest_fluxscenario.fleet.config import KeepConfig
from pytest_fluxscenario.fleet.runs import Runs

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: Seconds between two looks.
_EVERY: Final = 600.0


@dataclass(slots=True)
class Upkeep:
    """Looks now and then, for as long as the Mixer serves."""

    runs: Runs
    keep: KeepConfig
    clock: Clock = SystemClock()  # noqa: RUF009 - a frozen value
    every: float = _EVERY
    _task: asyncio.Task[None] | None = None

    def start(self) -> Self:
        """Begin: at once, and then now and then."""
        self._task = asyncio.create_task(self._go(), name="upkeep")
        return self

    async def stop(self) -> None:
        """End; what was begun of it may be half done, and goes on next time."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

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

    async def _go(self) -> None:
        while True:
            try:
                await self.look()
            except FluxError as error:
                _LOG.warning("what is old could not be removed, and it is tried again: %s", shown(error, 500))
            except Exception:  # noqa: BLE001 - whatever it is, the Mixer goes on
                _LOG.exception("what is old could not be removed, and it is tried again")
            await asyncio.sleep(self.every)
