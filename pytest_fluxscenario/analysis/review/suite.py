"""The scenarios that lie in a pack, by the end of the ids that a run gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.analysis.pack_scenarios import AnyMatcher
from pytest_fluxscenario.analysis.review.rules import spot
from pytest_fluxscenario.base.errors import DocumentError, ProfileError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.packs.classes import classes_of
from pytest_fluxscenario.packs.files import PackFiles
from pytest_fluxscenario.packs.scenario_files import scenario_paths
from pytest_fluxscenario.runner.prepare import load_file

#: Those of plugins are known to sessions only.
_MATCHERS: Final = AnyMatcher()


@dataclass(frozen=True, slots=True)
class Own:
    """One scenario of the pack, or one row of it."""

    #: ``file:line``.
    where: str
    #: ``sha256:`` of the scenario as it is written.
    hash: str
    classes: tuple[str, ...]
    #: What it calls itself beside its id.
    description: str


def own_scenarios(files: PackFiles) -> Mapping[str, Own]:
    """``path::name`` to the scenario; files that cannot be used are left out, as ``pack check`` tells of them.

    Raises StoreError and DamageError of a store that does not give its files.
    """
    found: dict[str, Own] = {}
    for path in scenario_paths(files):
        try:
            source = files.read(path)
            loaded = load_file(source, files.limits, _MATCHERS)
        except (DocumentError, ProfileError):
            continue
        for one in loaded:
            scenario = one.scenario
            said = scenario.description or scenario.name or ""
            classes = classes_of(scenario.id, scenario.classes, path)
            for row in one.rows:
                found[f"{path}::{row.name}"] = Own(spot(Place(source.name, row.line)), row.hash, classes, said)
    return found
