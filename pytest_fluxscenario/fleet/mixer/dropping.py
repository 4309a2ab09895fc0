"""Drops runs for which nobody waits any more (fleet.md, "pytest on a fleet")."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.mixer.runs.runs import Runs

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: Seconds between two looks.
DROP: Final = 0.5


@dataclass(slots=True)
class Dropping:
    """Cancels runs that were left alone."""

    runs: Runs
    cancel: Callable[[str], Awaitable[Any]]

    async def look(self) -> None:
        """Look once. Raises FluxError where a run could not be cancelled, when the others are."""
        failed: FluxError | None = None
        for run in self.runs.attending.left_alone(self.runs.table.under_way()):
            try:
                await self.cancel(run.run)
            except FluxError as error:
                failed = error
            else:
                said = "the run %s of %s is dropped: nobody was there for it for %g seconds"
                _LOG.warning(said, run.run, shown(run.source, 200), run.patience)
        if failed is not None:
            raise failed
