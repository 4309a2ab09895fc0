"""How far a run is, and what it is worth so far."""

from __future__ import annotations

from pytest_fluxscenario.evidence.writer import verdict_of
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.remote.api import RunInfo


def info_of(run: Run) -> RunInfo:
    """A run, and how far it is."""
    tally = run.tally
    return RunInfo(
        run.run,
        run.state,
        run.source,
        run.pool,
        run.created,
        len(run.asked),
        len(run.records),
        dict(tally.verdicts),
        dict(tally.racks),
        run.ended,
        # As the run's evidence counts it.
        verdict_of(tally.outcomes(run.asked.items), faults=False),
        dict(run.asked.gears),
    )


def waiting_of(run: Run) -> dict[str, int]:
    """Gear to how many scenarios of a run that is under way wait for it."""
    gears = run.asked.gears
    if run.state != "running" or not run.is_open:
        return {}
    if len(gears) == 1:
        # Nearly always, and asked for often: nothing is looked through.
        return dict.fromkeys(gears, run.waiting)
    found: dict[str, int] = {}
    for asked in run.open:
        found[asked.case.gear] = found.get(asked.case.gear, 0) + 1
    return found
