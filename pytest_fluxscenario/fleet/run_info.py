"""How far a run is, and what it is worth so far."""

from __future__ import annotations

from typing import Final

from pytest_fluxscenario.evidence.writer import verdict_of
from pytest_fluxscenario.fleet.history import Run
from pytest_fluxscenario.fleet.message import Evidence
from pytest_fluxscenario.model.evidence import ScenarioOutcome
from pytest_fluxscenario.remote.api import ItemDone, RunInfo
from pytest_fluxscenario.remote.case import PortableCase

#: What a scenario without a verdict counts as.
_OUTCOMES: Final[dict[str, ScenarioOutcome]] = {
    "missing": "not_run",
    "refused": "error",
    "given-up": "error",
    "skipped": "skipped",
}


def info_of(run: Run) -> RunInfo:
    """A run, and how far it is."""
    verdicts: dict[str, int] = {}
    racks: dict[str, int] = {}
    #: Of each scenario the latest attempt, as the run's evidence counts it.
    outcomes: dict[str, ScenarioOutcome] = {item: "not_run" for item, _ in run.asked}
    for done in run.records:
        outcome = outcomes[done.item] = outcome_of(run.asked[done.item, done.attempt].case, done)
        said = outcome if done.outcome == "ran" else done.outcome
        verdicts[said] = verdicts.get(said, 0) + 1
        if done.rack:
            racks[done.rack] = racks.get(done.rack, 0) + 1
    total, worth = len(run.asked), verdict_of(set(outcomes.values()), faults=False)
    return RunInfo(
        run.run,
        run.state,
        run.source,
        run.pool,
        run.created,
        total,
        len(run.records),
        verdicts,
        racks,
        run.ended,
        worth,
    )


def outcome_of(case: PortableCase, done: ItemDone) -> ScenarioOutcome:
    """What became of a scenario, as evidence says it: one that is expected to fail may do so."""
    if done.outcome != "ran":
        return _OUTCOMES[done.outcome]
    if case.xfail is not None and done.verdict != "passed" and not done.damaged:
        return "xfailed"
    return done.verdict  # type: ignore[return-value]  # each verdict is an outcome


def item_done(number: int, evidence: Evidence) -> ItemDone:
    """What a rack said of a scenario, as it is kept."""
    item, attempt, rack = evidence.item, evidence.attempt, evidence.rack
    done = evidence.done
    if done is None or evidence.outcome != "ran":
        return ItemDone(number, item, attempt, rack, evidence.outcome, evidence.reason)
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
