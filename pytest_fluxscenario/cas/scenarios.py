"""What stored scenarios say of the profile and the spec that they run on (scenario.md).

Whether they could run is not asked here: what is no scenario says nothing, and is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pytest_fluxscenario.documents.json import Json
from pytest_fluxscenario.documents.suffixes import FOLDER, MARKED, SUFFIXES


@dataclass(frozen=True, slots=True)
class RunsOn:
    """What one scenario names; nothing of it has been looked up."""

    #: ``name:tag`` of the profile, or what the scenario has as ``profile``: another ref, or a path.
    profile: str
    #: The ref or path of the spec.
    spec: str | None = None


def is_scenario_file(path: str) -> bool:
    """Whether a file of a pack holds scenarios, by its path."""
    folder, _, name = path.rpartition("/")
    return name.endswith(MARKED) or (name.endswith(SUFFIXES) and folder.rpartition("/")[2] == FOLDER)


def scenarios_of(documents: Iterable[Json]) -> tuple[RunsOn, ...]:
    """One for each scenario of the documents of a file."""
    return tuple(found for one in _elements(documents) if (found := _runs_on(one)) is not None)


def _elements(documents: Iterable[Json]) -> Iterator[Any]:
    for document in documents:
        if isinstance(document, list):
            yield from document
        else:
            yield document


def _runs_on(element: Any) -> RunsOn | None:
    if not isinstance(element, dict):
        return None
    name, version = element.get("profile_id"), element.get("profile_version")
    if not isinstance(name, str) or not isinstance(version, str):
        return None
    profile, spec = element.get("profile"), element.get("spec")
    own = profile if isinstance(profile, str) else f"{name}:v{version}"
    return RunsOn(own, spec if isinstance(spec, str) else None)
