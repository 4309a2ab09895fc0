"""Slots of a rack that end at nearly the same time are told of together, and filled together.

What is said to the Snake at once costs both sides a third of what each costs alone. Whoever runs for longer than a
moment is not held up by it, and a rack of one slot waits for nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

#: Seconds that is waited for others, and that a scenario has taken at most where that is done.
_MOMENT: Final = 0.002
_QUICK: Final = 0.010


@dataclass(slots=True)
class Pace:
    """Of one rack."""

    _moment: float = _MOMENT
    _running: int = 0
    _recording: int = 0
    #: Seconds that the latest scenario has taken.
    _took: float = 0.0
    #: Those that have ended, and wait for others.
    _ended: list[asyncio.Future[None]] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Around a scenario that runs."""
        self._running += 1
        begun = monotonic()
        try:
            yield
        finally:
            self._running -= 1
            self._took = monotonic() - begun

    @asynccontextmanager
    async def recording(self) -> AsyncIterator[None]:
        """Around what tells of a scenario: begins when the others have ended, or after a moment."""
        self._recording += 1
        try:
            if self._running == 0:
                self._release()
            elif self._took < _QUICK:
                await self._others()
            yield
        finally:
            self._recording -= 1
            if not self._recording:
                self._settled.set()

    async def settle(self) -> None:
        """Return when nothing is being told of, or after a moment: then there is most room for more."""
        if self._recording and self._took < _QUICK:
            self._settled.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._moment):
                    await self._settled.wait()

    async def _others(self) -> None:
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        self._ended.append(ended)
        if self._timer is None:
            self._timer = loop.call_later(self._moment, self._release)
        await ended

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        several, self._ended = self._ended, []
        for one in several:
            if not one.done():
                one.set_result(None)
