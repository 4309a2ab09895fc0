"""How far a run is, and what it is worth so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pytest_fluxscenario.evidence.writer import verdict_of
from pytest_fluxscenario.fleet.history import Asked, Run
from pytest_fluxscenario.fleet.message import Evidence
from pytest_fluxscenario.fleet.records import Tally
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
    tally = run.tally
    _count(run, tally)
    outcomes = set(tally.outcomes.values())
    if len(tally.outcomes) < len({item for item, _ in run.asked}):
        outcomes.add("not_run")
    total, worth = len(run.asked), verdict_of(outcomes, faults=False)
    return RunInfo(
        run.run,
        run.state,
        run.source,
        run.pool,
        run.created,
        total,
        len(run.records),
        dict(tally.verdicts),
        dict(tally.racks),
        run.ended,
        worth,
        dict(_gears_of(run)),
    )


def _count(run: Run, tally: Tally) -> None:
    """Count the records that have come since it was last done; of each scenario the latest attempt is worth something.

    As the run's evidence counts it.
    """
    for done in run.records.since(tally.counted, len(run.records)):
        case = run.asked[done.item, done.attempt].case
        outcome = tally.outcomes[case.item] = outcome_of(case, done)
        said = outcome if done.outcome == "ran" else done.outcome
        tally.verdicts[said] = tally.verdicts.get(said, 0) + 1
        if done.rack:
            tally.racks[done.rack] = tally.racks.get(done.rack, 0) + 1
        tally.counted += 1


def waiting_of(run: Run) -> dict[str, int]:
    """Gear to how many scenarios of a run that is under way wait for it."""
    gears = _gears_of(run)
    if run.state != "running" or len(run.asked) == len(run.known):
        return {}
    if len(gears) == 1:
        # Nearly always, and asked for often: nothing is looked through.
        return dict.fromkeys(gears, len(run.asked) - len(run.known))
    return _counted(run.open)


def _gears_of(run: Run) -> dict[str, int]:
    tally = run.tally
    if tally.asked != len(run.asked):
        tally.gears, tally.asked = _counted(run.asked.values()), len(run.asked)
    return tally.gears


def _counted(several: Iterable[Asked]) -> dict[str, int]:
    gears: dict[str, int] = {}
    for asked in several:
        gears[asked.case.gear] = gears.get(asked.case.gear, 0) + 1
    return gears


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
