"""Drops runs for which nobody waits any more (fleet.md, "pytest on a fleet")."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Self

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.runs import Runs

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: Seconds between two looks.
_EVERY: Final = 0.5


@dataclass(slots=True)
class Dropping:
    """Cancels runs that were left alone, for as long as the Mixer serves."""

    runs: Runs
    cancel: Callable[[str], Awaitable[Any]]
    every: float = _EVERY
    _task: asyncio.Task[None] | None = None

    def start(self) -> Self:
        """Begin."""
        self._task = asyncio.create_task(self._go(), name="dropping")
        return self

    async def stop(self) -> None:
        """End, and hold no connection any more."""
        self.runs.attending.end()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _go(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            for run in self.runs.attending.left_alone(self.runs.table.under_way()):
                try:
                    await self.cancel(run.run)
                    said = "the run %s of %s is dropped: nobody was there for it for %g seconds"
                    _LOG.warning(said, run.run, shown(run.source, 200), run.patience)
                except FluxError as error:
                    _LOG.warning("a run could not be dropped, and it is tried again: %s", shown(error, 500))
                except Exception:  # noqa: BLE001 - whatever it is, the Mixer goes on
                    _LOG.exception("a run could not be dropped, and it is tried again")
