"""What became of scenarios: each for itself, and what all of a run say together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, get_args

from pytest_fluxscenario.fleet.messages.message import Evidence
from pytest_fluxscenario.model.evidence import ScenarioOutcome
from pytest_fluxscenario.remote.api import ItemDone
from pytest_fluxscenario.remote.case import PortableCase

#: What a scenario without a verdict counts as.
_OUTCOMES: Final[dict[str, ScenarioOutcome]] = {
    "missing": "not_run",
    "refused": "error",
    "given-up": "error",
    "skipped": "skipped",
}
#: Each by a number; 0 is none.
_NUMBERED: Final[tuple[ScenarioOutcome, ...]] = get_args(ScenarioOutcome)


@dataclass(slots=True)
class Tally:
    """What the records of a run say together."""

    verdicts: dict[str, int] = field(default_factory=dict)
    racks: dict[str, int] = field(default_factory=dict)
    #: Of each scenario the latest attempt, by the number of its first.
    _latest: bytearray = field(default_factory=bytearray)

    def count(self, first: int, case: PortableCase, done: ItemDone) -> None:
        """One more record, of the scenario whose first attempt has that number."""
        outcome = outcome_of(case, done)
        self._latest.extend(bytes(max(0, first - len(self._latest))))
        self._latest[first - 1] = _NUMBERED.index(outcome) + 1
        said = outcome if done.outcome == "ran" else done.outcome
        self.verdicts[said] = self.verdicts.get(said, 0) + 1
        if done.rack:
            self.racks[done.rack] = self.racks.get(done.rack, 0) + 1

    def outcomes(self, scenarios: int) -> set[ScenarioOutcome]:
        """What became of so many scenarios, those included of which nothing has come."""
        found: set[ScenarioOutcome] = {_NUMBERED[one - 1] for one in set(self._latest) if one}
        if scenarios > len(self._latest) - self._latest.count(0):
            found.add("not_run")
        return found


def outcome_of(case: PortableCase, done: ItemDone) -> ScenarioOutcome:
    """What became of a scenario, as evidence says it: one that is expected to fail may do so."""
    if done.outcome != "ran":
        return _OUTCOMES[done.outcome]
    if case.xfail is not None and not done.damaged:
        if done.verdict != "passed":
            return "xfailed"
        if case.strict:
            return "failed"
    return done.verdict  # type: ignore[return-value]  # each verdict is an outcome


def expectation(case: PortableCase, done: ItemDone) -> str:
    """What a scenario that ran and is expected to fail has made of that, as evidence says it; empty for others."""
    if case.xfail is None or done.damaged:
        return ""
    if done.verdict != "passed":
        return case.xfail
    return f"passed against the {'strict ' if case.strict else ''}mark xfail: {case.xfail}"


def item_done(number: int, evidence: Evidence) -> ItemDone:
    """What a rack said of a scenario, as it is kept."""
    item, attempt, rack = evidence.item, evidence.attempt, evidence.rack
    done = evidence.done
    if done is None or evidence.outcome != "ran":
        said = evidence.outcome
        return ItemDone(number, item, attempt, rack, said, evidence.reason)  # type: ignore[arg-type]  # "again" is not kept
    return ItemDone(
        number,
        item,
        attempt,
        rack,
        "ran",
        record=done.record,
        ref=done.ref,
        verdict=done.verdict,
        where=done.where,
        fault=done.fault,
        errors=done.errors,
        called=done.called,
        damaged=done.damaged,
        seen=done.seen,
        redactions=done.redactions,
    )
