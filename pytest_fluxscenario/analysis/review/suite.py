"""The scenarios that lie in a pack, by the end of the ids that a run gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from pytest_fluxscenario.analysis.pack_scenarios import AnyMatcher
from pytest_fluxscenario.analysis.review.rules import spot
from pytest_fluxscenario.analysis.review.words import every_one
from pytest_fluxscenario.base.errors import DocumentError, ProfileError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.model.shapes import decode
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
    #: What its run starts with, and which hooks fail on purpose.
    begins: tuple[str, ...]


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
                begins = tuple(_begins(decode(Scenario, row.encoded)))
                where = spot(Place(source.name, row.line))
                found[f"{path}::{row.name}"] = Own(where, row.hash, classes, said, begins)
    return found


def _begins(scenario: Scenario) -> Iterator[str]:
    if scenario.given is not None:
        for record in scenario.given.artifacts:
            yield f"a record of {record.type} by {record.source}: {_json(record.payload)}"
        for approval in scenario.given.approvals:
            yield approval_said(msgspec.to_builtins(approval))
    if scenario.environment is not None:
        offered = every_one((*scenario.environment.capabilities, *scenario.environment.connectors)) or "nothing"
        yield f"an environment that offers {offered}"
    for hook, fault in (scenario.faults or {}).items():
        yield f"the hook {hook} fails ({fault})"
    for number, step in enumerate(scenario.steps, 1):
        for hook, fault in (step.faults or {}).items():
            yield f"the hook {hook} fails in step {number} ({fault})"


def approval_said(approval: Mapping[str, Any]) -> str:
    """An approval of the trusted surface, in words."""
    values = f" for {_json(approval['values'])}" if approval.get("values") else ""
    until = f" until {approval['expires_at']}" if approval.get("expires_at") else ""
    by = f"{approval.get('role')}{' ' + str(approval['by']) if approval.get('by') else ''}"
    return f"{by} says {approval.get('decision', 'approved')} to {approval.get('scope')}{values}{until}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
