"""Which evidence counts: what came of work that its rack was given, may do, and has signed (fleet.md, "Security").

In order: is there such work; does the ticket show that it was given out; may that rack speak of it; is the record of
what was asked for. What shows no ticket changes nothing. Work whose rack may not speak of it goes to another. A record
of something else leaves the scenario without a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.handful import all_of
from pytest_fluxscenario.fleet.messages.message import Evidence, Findings
from pytest_fluxscenario.fleet.messages.passport import is_evidence_of
from pytest_fluxscenario.fleet.messages.tickets import Tickets
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.registry import Registry
from pytest_fluxscenario.remote.belongs import Given, asked_of, why_not

#: Longest text that a rack may add to a record.
_LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of a piece of evidence."""

    #: ``taken``: it is kept. ``refused``: so is that there is no verdict. ``again``: the work goes to another rack.
    #: ``alone``: so it does, because a rack says that it should. ``dropped``: nothing happens.
    what: Literal["taken", "refused", "again", "alone", "dropped"]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Looks at evidence before it is kept."""

    tickets: Tickets
    registry: Registry

    def is_signed(self, run: Run, said: Evidence | Findings) -> bool:
        """Whether the rack that is named in all of it has signed what came for ``run``."""
        names = {one.rack for one in all_of(said)}
        rack = self.registry.known(names.pop())
        return not names and rack is not None and is_evidence_of(said, run.run, rack.key)

    def judge(self, run: Run, one: Evidence, *, signed: bool) -> Judgement:
        """What becomes of evidence that came for ``run``, for itself or with other; ``signed`` by the rack it names."""
        asked = run.asked.get((one.item, one.attempt))
        if asked is None:
            return Judgement("dropped", "there is no such work")
        if not self.tickets.fits(one.ticket, run.run, one.item, one.attempt):
            return Judgement("dropped", "it shows no ticket for that work")
        why = self._may_not(run, one, signed=signed)
        if why:
            return Judgement("again", why)
        if one.outcome == "again":
            return Judgement("alone")
        why = _unlike(one, asked.case.gear) if one.outcome in ("ran", "missing") else ""
        if not why and one.outcome == "ran" and one.done is not None:
            done = one.done
            why = why_not(asked_of(asked.case), Given(done.record, done.ref, done.verdict, bool(done.redactions)))
        return Judgement("refused", why) if why else Judgement("taken")

    def _may_not(self, run: Run, one: Evidence, *, signed: bool) -> str:
        """Why a rack cannot speak of work of that run; empty where it can."""
        rack = self.registry.known(one.rack)
        if rack is None:
            return "no rack of that name is known"
        if rack.standing != "active":
            return f"the rack is {rack.standing}"
        gear = run.asked[one.item, one.attempt].case.gear
        if gear not in rack.gears:
            return f"the rack does not offer the gear '{shown(gear, 80)}'"
        if run.pool not in rack.pools:
            return f"the rack does not take from the pool '{shown(run.pool, 80)}'"
        if not signed:
            return "it is not signed by that rack"
        return ""


def _unlike(one: Evidence, gear: str) -> str:
    """Why evidence contradicts itself, or what was asked; empty where it does not."""
    done = one.done
    if one.gear != gear:
        return f"the gear '{gear}' was asked, and the rack ran '{shown(one.gear, 80)}'"
    if one.outcome == "missing":
        return ""
    if done is None:
        return "it has no record"
    if done.missing or not done.record:
        return "it has no record, and says that it ran"
    if done.rack != one.rack:
        return "its record is of another rack"
    if len(done.seen) > _LONGEST or not all(digit in "0123456789abcdef" for digit in done.seen):
        return "what it says of coverage is no number"
    return ""
