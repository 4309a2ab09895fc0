"""What a pack offers to be shown (coverage.md): each point, and whether anything can show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_fluxscenario.model.coverage import WAYS, Point, approval_name, condition_name
from pytest_fluxscenario.model.pack import Hooks, Manifest
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.packs.classes import asked_classes
from pytest_fluxscenario.packs.reading.reach import Reach


def points_of(
    profile: Profile, hooks: Hooks | None, manifest: Manifest | None, schemas: Mapping[str, Mapping[str, Any]]
) -> dict[Point, bool]:
    """Every point of a pack, kind by kind and in the order of the profile, and whether something can show it."""
    reach = Reach(profile, hooks, manifest, schemas)
    found: dict[Point, bool] = {}
    for kind, name, possible in _things(profile, hooks, manifest, reach):
        for way, can in zip(WAYS[kind], possible, strict=True):
            point = Point(kind, name, way)
            found[point] = can or found.get(point, False)
    return found


def _things(
    profile: Profile, hooks: Hooks | None, manifest: Manifest | None, reach: Reach
) -> Iterator[tuple[str, str, tuple[bool, ...]]]:
    """Kind and name of each thing, and for each of its ways whether that can be."""
    yield from (("actions", one.id, (True, reach.allowed(one))) for one in profile.actions)
    yield from (("gates", one.id, (reach.fires(one), reach.passes(one))) for one in profile.gates)
    for gate in profile.gates:
        for operator in gate.condition:
            if operator != "always":
                name = condition_name(gate.id, operator)
                yield "conditions", name, (reach.holds(gate, operator), reach.leaves(gate, operator))
    routes = dict.fromkeys((*profile.routes, *(gate.route for gate in profile.gates)))
    yield from (("routes", one, (one in reach.routes,)) for one in routes)
    yield from (("artifacts", one.id, (reach.creates(one.id), reach.refuses(one.id))) for one in profile.artifact_types)
    for role, scope, possible in reach.approvals():
        yield "approvals", approval_name(role, scope), (possible,) * 3
    yield from (("hooks", one.id, (reach.calls(one),) * 2) for one in (hooks.hooks if hooks else ()))
    for action in profile.actions:
        if action.materialization_mode is not None:
            yield "materializations", action.materialization_mode, (reach.allowed(action),)
    yield from (("roles", one, (reach.acts(one),)) for one in profile.roles)
    yield from (("classes", one, (True,)) for one in asked_classes(profile, hooks, manifest))
