"""What one rack lacks the means for, another may have: a scenario is not skipped while one of them could run it.

Only whoever has called a hook knows that a scenario needs one. So each is given to any rack, and one that lacks what
the hook runs on says so; the scenario then goes to a queue from which racks take that have it (ADR 58).
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_fluxscenario.fleet.messages.message import Evidence
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.offers import Offers
from pytest_fluxscenario.fleet.mixer.runs.handing import Handing
from pytest_fluxscenario.runtimes.port import NEEDS


@dataclass(frozen=True, slots=True)
class PassingOn:
    """Looks at evidence that says what a machine lacks."""

    handing: Handing
    offers: Offers

    async def passed_on(self, run: Run, one: Evidence) -> bool:
        """Whether another rack is given it, so that this evidence counts for nothing. Raises SnakeError.

        Not where no active rack has what is lacking, nor where one that said so was asked already.
        """
        need = one.done.lacks if one.outcome == "missing" and one.done is not None else ""
        asked = run.asked.get((one.item, one.attempt))
        if need not in NEEDS or asked is None or run.state != "running":
            return False
        tickets = run.passed_on.setdefault(asked.number, {})
        if one.ticket in tickets:
            # Said once more of what was passed on.
            return True
        if need in tickets.values() or not self.offers.can(run.pool, need):
            return False
        await self.handing.pass_on(run, asked, need)
        tickets[one.ticket] = need
        return True
