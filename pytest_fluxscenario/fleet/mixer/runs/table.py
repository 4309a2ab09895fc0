"""The runs that a Mixer has at hand: those under way, and some that have ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.fleet.mixer.history.history import History, Run
from pytest_fluxscenario.fleet.mixer.refusal import NotThere, refused
from pytest_fluxscenario.fleet.mixer.runs.check import check_run
from pytest_fluxscenario.fleet.mixer.runs.info import info_of
from pytest_fluxscenario.remote.api import RunInfo
from pytest_fluxscenario.remote.case import PortableCase

#: Ended runs that are held, and their scenarios in all; others are read again when somebody asks.
_HELD: Final = 8
_SCENARIOS: Final = 2_000


@dataclass(slots=True)
class RunTable:
    """There is one value for each run; what raises, raises DatabaseError."""

    history: History
    _held: dict[str, Run] = field(default_factory=dict)

    async def read(self, run_id: str) -> Run | None:
        """A run; None where there is none of that id."""
        held = self._held.get(run_id)
        if held is not None:
            return held
        run = await self.history.read(run_id)
        # Somebody else may have read it meanwhile: there is one value for each run.
        held = self._held.get(run_id)
        if held is None and run is not None:
            self.hold(run)
            return run
        return held

    def hold(self, run: Run) -> None:
        """Keep a run at hand."""
        ended = [held for held in self._held.values() if held.state != "running"]
        scenarios = sum(len(held.asked) for held in ended)
        # The oldest first; the latest is asked for most.
        for place, held in enumerate(ended, 1):
            if len(ended) - place < _HELD - 1 and scenarios <= _SCENARIOS:
                break
            scenarios -= len(held.asked)
            del self._held[held.run]
        self._held[run.run] = run

    async def get(self, run_id: str) -> Run:
        """A run. Raises NotThere."""
        run = await self.read(check_run(run_id))
        if run is None:
            raise refused(NotThere, "run.none", f"there is no run {run_id}")
        return run

    async def latest(self, most: int = 50) -> list[RunInfo]:
        """The latest runs, newest first."""
        found: list[RunInfo] = []
        for run_id, ended in await self.history.latest(most):
            run = self._held.get(run_id)
            if run is None and ended is not None:
                found.append(ended)
                continue
            run = run or await self.read(run_id)
            if run is not None:
                found.append(info_of(run))
        return found

    def drop(self, run_id: str) -> None:
        """It is forgotten."""
        self._held.pop(run_id, None)

    def is_under_way(self, run_id: str) -> bool:
        """Whether a run has not ended, as far as is known."""
        run = self._held.get(run_id)
        return run is not None and run.state == "running"

    def trace_of(self, run_id: str) -> str:
        """The ``traceparent`` of a run; empty where that is not known."""
        run = self._held.get(run_id)
        return "" if run is None else run.trace

    def waiting(self, pools: Iterable[str]) -> dict[str, int]:
        """Each of ``pools`` to how many scenarios were asked for there and have no record yet."""
        counts = dict.fromkeys(pools, 0)
        for run in list(self._held.values()):
            if run.state == "running":
                counts[run.pool] = counts.get(run.pool, 0) + run.waiting
        return counts

    def cases(self) -> Iterator[PortableCase]:
        """What of the runs under way is open; another thread may look through it."""
        runs = self.under_way()
        return (asked.case for run in runs for asked in run.open)

    def under_way(self) -> list[Run]:
        """The runs that have not ended."""
        return [run for run in self._held.values() if run.state == "running"]

    @property
    def running(self) -> int:
        """How many runs are under way."""
        return len(self.under_way())
