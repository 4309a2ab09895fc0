"""What a Mixer says of an item is held against what was asked, before anything of it is told (fleet.md)."""

from __future__ import annotations

from msgspec import UNSET

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.plugin.item.base import ScenarioMixin
from pytest_fluxscenario.remote.api import ItemDone
from pytest_fluxscenario.remote.belongs import Asked, Given, why_not
from pytest_fluxscenario.remote.client import MixerError


def check_record(item: ScenarioMixin, name: str, gear: str, done: ItemDone) -> None:
    """Raise MixerError where a record is not of that item, sent as ``name``, or not of that gear."""
    why = why_not(_asked(item, name, gear), Given(done.record, done.ref, done.verdict, bool(done.redactions)))
    if why:
        message = f"what the rack {shown(done.rack, 80)} gave is not taken: {why}"
        raise MixerError.of("mixer.record", Place(item.nodeid), message)


def points_of(done: ItemDone) -> int:
    """The points of coverage that a scenario showed, as bits. Raises MixerError."""
    try:
        return int(done.seen, 16)
    except ValueError:
        message = f"what the rack {shown(done.rack, 80)} says of its coverage is no number"
        raise MixerError.of("mixer.record", Place(done.item), message) from None


def _asked(item: ScenarioMixin, name: str, gear: str) -> Asked:
    """What the record of an item has to be of."""
    case = item.make_case()
    ref, spec = case.ref, case.subject.spec
    row = None if ref.row is UNSET else ref.row
    specs = () if spec is None else (spec.ref,)
    steps = tuple(step.name for step in case.scenario.steps)
    return Asked(name, ref.hash, ref.file, row, case.subject.ref, specs, ref.id, steps, gear)
