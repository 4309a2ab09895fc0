"""Does something again and again, whatever becomes of it: what fails is said, and tried again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Self

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: Seconds after which the same is said once more.
_REMIND: Final = 600.0


@dataclass(slots=True)
class Repeating:
    """A task that goes on from ``start`` to ``stop``; both may be called again."""

    what: Callable[[], Awaitable[object]]
    #: Seconds from the end of one time to the next.
    every: float
    #: What people are told where it fails, as a sentence that a reason follows; and where it went well after that.
    failed: str
    well: str
    at_once: bool = False
    _task: asyncio.Task[None] | None = field(default=None, repr=False)
    #: What was said last, and when; empty where the last time went well.
    _said: str = ""
    _when: float = 0.0

    def start(self) -> Self:
        """Begin."""
        if self._task is None:
            self._task = asyncio.create_task(self._go(), name=self.failed)
        return self

    async def stop(self) -> None:
        """End; what was begun of it is broken off."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _go(self) -> None:
        if not self.at_once:
            await asyncio.sleep(self.every)
        while True:
            await self._once()
            await asyncio.sleep(self.every)

    async def _once(self) -> None:
        try:
            await self.what()
        except FluxError as error:
            self._tell(shown(error, 500))
        except Exception as error:  # noqa: BLE001 - whatever it is, the next time may go well
            said = shown(error, 500)
            self._tell(f"{type(error).__name__}: {said}" if said else type(error).__name__, error)
        else:
            if self._said:
                self._said = ""
                _LOG.warning("%s", self.well)

    def _tell(self, said: str, error: Exception | None = None) -> None:
        """The same is said once, and again after some minutes; where a fault is our own, with where it is."""
        now = seconds()
        if said != self._said or now - self._when >= _REMIND:
            self._said, self._when = said, now
            _LOG.warning("%s, and it is tried again: %s", self.failed, said, exc_info=error)
