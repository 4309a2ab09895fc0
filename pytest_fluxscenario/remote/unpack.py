"""What came back of a scenario, as the session that sent it needs it."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.evidence import Record
from pytest_fluxscenario.model.shapes import decode
from pytest_fluxscenario.remote.api import ItemDone
from pytest_fluxscenario.runner.run import Outcome


def read_record(done: ItemDone) -> Record:
    """The record of what came back. Raises FluxError where it is none, or not what its sender says of it."""
    try:
        record = decode(Record, done.record.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        hint = "redaction may have made text of numbers: name less in fluxscenario_redact"
        message = f"the record of the rack {shown(done.rack, 80)} has another shape: {shown(error)}"
        raise FluxError.of("remote.record", Place(done.item), message, hint) from None
    if record.ref != done.ref:
        message = f"the record of the rack {shown(done.rack, 80)} is not what was said of it"
        raise FluxError.of("remote.record", Place(done.item), message)
    return record


def outcome_of(done: ItemDone, record: Record) -> Outcome:
    """What happened, as the runner says it."""
    steps = record.result.steps
    if done.fault and steps:
        # In a record the first step says why the run could not begin.
        steps = (msgspec.structs.replace(steps[0], verdict="skipped", fault=UNSET), *steps[1:])
    return Outcome(record.result.verdict, steps, done.fault, dict(done.where), done.errors, done.damaged)
