"""What came back from a rack, as an attempt: the same record, properties and failure text as one that ran here."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from pytest_fluxscenario.base.clock import SystemClock, timestamp
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.circumstances import circumstances
from pytest_fluxscenario.evidence.junit import junit_properties
from pytest_fluxscenario.evidence.record import make_result, write_record
from pytest_fluxscenario.model.evidence import Result, StepResult, Volatile
from pytest_fluxscenario.plugin.item.attempt import Attempt
from pytest_fluxscenario.plugin.item.base import ScenarioMixin
from pytest_fluxscenario.plugin.item.execute import notes_of
from pytest_fluxscenario.plugin.mixer.received import check_record, points_of
from pytest_fluxscenario.plugin.session.session import Session
from pytest_fluxscenario.remote.api import ItemDone
from pytest_fluxscenario.remote.client import MixerError
from pytest_fluxscenario.remote.unpack import outcome_of, read_record
from pytest_fluxscenario.runner.run import Outcome


def attempt_of(session: Session, item: ScenarioMixin, name: str, gear: str, done: ItemDone) -> Attempt:
    """What a rack made of the item, which was sent to it as ``name``, with its record written anew.

    Raises MixerError for a record that is not of what was asked for.
    """
    check_record(item, name, gear, done)
    record = read_record(done)
    redactor = session.redactor
    for rule, count in done.redactions.items():
        redactor.counts[rule] = redactor.counts.get(rule, 0) + count
    notes = {**record.volatile.notes, **notes_of(item)}
    volatile = msgspec.structs.replace(
        record.volatile, attempt=len(item.told) + 1, earlier=item.told, notes=notes, worker=done.rack
    )
    attempt = _written(session, item, record.result, outcome_of(done, record), volatile, done.ref)
    return replace(attempt, seen=points_of(done))


def without_verdict(session: Session, item: ScenarioMixin, done: ItemDone) -> Attempt:
    """The record of a scenario that no rack could run: no verdict, and why."""
    case = item.make_case()
    steps = tuple(StepResult(number, step.name, "skipped") for number, step in enumerate(case.scenario.steps, 1))
    # Whatever its marks expect of it, it was not this.
    outcome = Outcome("error", steps, shown(done.reason, 2000), damaged=True)
    result = make_result(case, case.environment, outcome)
    volatile = circumstances(timestamp(SystemClock().now()), 0.0, done.rack or "mixer", item.told, notes_of(item))
    return _written(session, item, result, outcome, volatile)


def _written(
    session: Session,
    item: ScenarioMixin,
    result: Result,
    outcome: Outcome,
    volatile: Volatile,
    ref: str | None = None,
) -> Attempt:
    redactor = session.redactor
    written = write_record(item.nodeid, result, volatile, redactor)
    if ref is not None and not redactor.active and written.ref != ref:
        message = "the record is another one when it is written here: the rack has another version"
        raise MixerError.of("mixer.record", Place(item.nodeid), message)
    properties = junit_properties(item.nodeid, result, written.ref, redactor)
    # Whatever came of it, it is not run a second time only to be told.
    return Attempt(outcome, result, written, properties, called=True)
