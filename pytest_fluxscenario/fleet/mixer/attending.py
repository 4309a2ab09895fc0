"""Whether somebody still waits for a run: one whose sender is gone keeps no rack busy (fleet.md, "pytest on a fleet").

A sender holds a connection for as long as it is there, and whatever else it asks of its run counts too. The kernel ends
the connection of a process that is killed; one that only sleeps keeps it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.fleet.mixer.history.history import Run

#: Seconds between two signs of life on a connection: a proxy ends one that is silent for a minute.
_BEAT: Final = 15.0


@dataclass(slots=True)
class Attending:
    """Who is there for which run."""

    #: Run to how many hold a connection for it.
    _there: dict[str, int] = field(default_factory=dict)
    #: Run to when something was heard for it last.
    _heard: dict[str, float] = field(default_factory=dict)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, run_id: str) -> None:
        """Somebody asks for that run."""
        self._heard[run_id] = seconds()

    @contextmanager
    def attend(self, run_id: str) -> Iterator[None]:
        """Somebody is there for that run."""
        self._there[run_id] = self._there.get(run_id, 0) + 1
        try:
            yield
        finally:
            left = self._there.pop(run_id) - 1
            if left:
                self._there[run_id] = left
            self.hear(run_id)

    def left_alone(self, running: Iterable[Run]) -> list[Run]:
        """Those of the running runs for which nobody was there for as long as their senders said."""
        now, waited = seconds(), {run.run: run for run in running if run.patience}
        for run_id in [known for known in self._heard if known not in waited]:
            del self._heard[run_id]
        for run_id in waited:
            # One that the Mixer went on with: its sender has to find it again.
            self._heard.setdefault(run_id, now)
        alone = [run for run in waited.values() if not self._there.get(run.run)]
        return [run for run in alone if now - self._heard[run.run] > run.patience]

    def end(self) -> None:
        """Hold no connection any more."""
        self._ended.set()

    async def hold(
        self, run_id: str, receive: Callable[[], Awaitable[Any]], beat: Callable[[], Awaitable[None]]
    ) -> None:
        """Until whoever asked goes away, or the Mixer ends; ``beat`` says now and then that both are there."""
        with self.attend(run_id):
            waiting = {asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self._ended.wait())}
            try:
                while not any(one.done() for one in waiting):
                    await beat()
                    await asyncio.wait(waiting, timeout=_BEAT, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waiting:
                    one.cancel()


async def _gone(receive: Callable[[], Awaitable[Any]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
