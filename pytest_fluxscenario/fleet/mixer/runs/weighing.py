"""What becomes of what racks say: kept, dropped, or a reason to hand the scenario out once more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import structs

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.handful import all_of
from pytest_fluxscenario.fleet.messages.message import Evidence, Findings
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.offers import Offers
from pytest_fluxscenario.fleet.mixer.runs.acceptance import Acceptance
from pytest_fluxscenario.fleet.mixer.runs.handing import Handing
from pytest_fluxscenario.fleet.mixer.runs.passing_on import PassingOn

_LOG: Final = logging.getLogger("fluxrig.mixer")


@dataclass(frozen=True, slots=True)
class Weighing:
    """Does what is judged. Methods raise SnakeError where a scenario cannot be handed out now."""

    acceptance: Acceptance
    handing: Handing
    #: Of those who begin, end or add to a run.
    lock: asyncio.Lock

    async def that_count(self, run: Run, several: Sequence[Evidence | Findings]) -> list[Evidence]:
        """Evidence as it is kept, without what changes nothing, and without what goes to another rack first."""
        counts: list[Evidence] = []
        for said in several:
            new = [one for one in all_of(said) if not run.has_record((one.item, one.attempt))]
            signed = bool(new) and self.acceptance.is_signed(run, said)
            counts += [found for one in new if (found := await self._kept(run, one, signed=signed)) is not None]
        return counts

    async def _kept(self, run: Run, one: Evidence, *, signed: bool) -> Evidence | None:
        said = self.acceptance.judge(run, one, signed=signed)
        if said.what == "taken":
            passing = PassingOn(self.handing, Offers(self.acceptance.registry))
            return None if await passing.passed_on(run, one) else one
        if said.what == "alone":
            times = self.handing.tries + 1
            back = f"racks handed it back {times} times, and none ran it"
            return await self._once_more(run, structs.replace(one, outcome="given-up", reason=back, done=None), 1)
        what = f"{shown(one.item)} of the run {run.run}, from the rack {shown(one.rack, 80)}"
        _LOG.warning("evidence was not taken (%s): %s", what, said.why)
        refused = structs.replace(one, outcome="refused", reason=f"what the rack gave was not taken: {said.why}")
        if said.what == "refused":
            return refused
        return None if said.what == "dropped" else await self._once_more(run, refused, 0)

    async def _once_more(self, run: Run, refused: Evidence, taken: int) -> Evidence | None:
        """Hand it out anew, after it was ``taken`` so often; what is kept where that was done too often."""
        asked = run.asked[refused.item, refused.attempt]
        # Once for each time that it was handed out, however often the rack says it.
        tickets = run.turned_away.setdefault(asked.number, set())
        if refused.ticket in tickets or run.state != "running":
            return None
        tickets.add(refused.ticket)
        async with self.lock:
            given_up = await self.handing.anew(run, [asked], taken)
        return refused if given_up else None
