"""What a pack's rules make impossible is not asked for; all else is (coverage.md, "What cannot be")."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.model.coverage import Point
from pytest_fluxscenario.model.pack import Hook, Manifest, Process
from pytest_fluxscenario.model.profile import ArtifactType, Gate
from pytest_fluxscenario.packs.points import points_of
from tests.unit.control.process import act, approval_gate, engine, gate, hooks, validator


def _impossible(*actions: Any, declared: Any = None, schemas: Any = None, **parts: Any) -> set[str]:
    rules = engine(*actions, declared=declared, **parts).rules
    found = points_of(rules.profile, declared, rules.manifest, schemas or {})
    told = (point for point, possible in found.items() if not possible and point.kind not in ("roles", "routes"))
    return {f"{point.name} {point.way}" for point in told}


_A: dict[str, Any] = {"payload_missing": ["a"]}


def test_nothing_is_impossible_in_a_plain_process() -> None:
    assert _impossible(gates=[gate(condition=_A), approval_gate(id="signs")]) == set()


@pytest.mark.parametrize(
    ("found", "impossible"),
    [
        # What always stops is never passed, and nothing behind it is reached.
        ([gate()], {"the_gate passed", "change.make allowed"}),
        (
            [gate(id="one"), gate(id="two", condition=_A)],
            {
                "one passed",
                "two fired",
                "two passed",
                "two.payload_missing held",
                "two.payload_missing not_held",
                "change.make allowed",
            },
        ),
        # The same again: the first has answered.
        ([gate(id="one", condition=_A), gate(id="two", condition=_A)], {"two fired", "two.payload_missing held"}),
        # The narrower one behind.
        (
            [gate(id="one", condition={"payload_missing": ["a", "b"]}), gate(id="two", condition=_A)],
            {"two fired", "two.payload_missing held"},
        ),
        # The wider one behind may still fire.
        ([gate(id="one", condition=_A), gate(id="two", condition={"payload_missing": ["a", "b"]})], set()),
        # It asks for a value and for none.
        (
            [gate(condition={"payload_equals": {"a": 1}, "payload_missing": ["a"]})],
            {"the_gate fired"},
        ),
        # Whoever gets past the first has the key.
        (
            [gate(id="one", condition=_A), gate(id="two", condition={"payload_contains_any": ["a"]})],
            {"two passed", "two.payload_contains_any not_held", "change.make allowed"},
        ),
        (
            [gate(id="one", condition={"payload_contains_any": ["a"]}), gate(id="two", condition=_A)],
            {"two passed", "two.payload_missing not_held", "change.make allowed"},
        ),
        # An approval lifts the first, so the second is reached.
        ([approval_gate(id="one"), gate(id="two", condition=_A)], set()),
    ],
)
def test_gates(found: list[Gate], impossible: set[str]) -> None:
    assert _impossible(gates=found) == impossible


def test_facts_are_asked_only_where_the_payload_lets_them() -> None:
    never = gate(condition={"payload_equals": {"a": 1}, "payload_missing": ["a"], "fact_true": "risky"}, hook="look")
    look = hooks(Hook("look", "condition.evaluate"))
    assert _impossible(gates=[never], declared=look) >= {
        "the_gate.fact_true held",
        "the_gate.fact_true not_held",
        "look answered",
        "look failed",
    }
    asks = gate(condition={"fact_true": "risky"}, hook="look")
    assert _impossible(gates=[asks], declared=look) == set()


@pytest.mark.parametrize(
    ("kind", "more", "impossible"),
    [
        (ArtifactType("note"), {}, {"note refused"}),
        (ArtifactType("note", ("a",)), {}, set()),
        # The gate asks for it before.
        (ArtifactType("note", ("a",)), {"gates": [gate(condition=_A)]}, {"note refused"}),
        (ArtifactType("note", allowed_sources=("agent",)), {"roles": ("agent",)}, {"note refused"}),
        (ArtifactType("note", allowed_sources=("agent",)), {"roles": ("agent", "system")}, set()),
        (
            ArtifactType("note", allowed_sources=("task_user",)),
            {},
            {"note created", "change.make allowed"},
        ),
        (ArtifactType("note"), {"declared": hooks(validator("note"))}, set()),
        (ArtifactType("note"), {"schemas": {"note": {"type": "object", "title": "A note"}}}, {"note refused"}),
        (ArtifactType("note"), {"schemas": {"note": {"type": "object", "maxProperties": 3}}}, set()),
        (
            ArtifactType("note"),
            {"declared": hooks(Hook("look", "template.render", "bill"))},
            {"note refused", "look answered", "look failed"},
        ),
    ],
)
def test_artifacts(kind: ArtifactType, more: dict[str, Any], impossible: set[str]) -> None:
    found = _impossible(act(produces_artifacts=("note",)), types=[kind], **more)
    unused = (
        {"look answered", "look failed"}
        if any("Hook" in repr(one) and "bill" in repr(one) for one in more.values())
        else set()
    )
    assert found == impossible | unused


def test_a_mode_that_the_manifest_does_not_list_is_never_planned() -> None:
    real = act(materialization_mode="real", materialization_scope_fields=("to",))
    assert _impossible(real) == {
        "change.make allowed",
        "real planned",
        *(f"approver/change.make {way}" for way in ("given", "denied", "missing")),
    }
    assert _impossible(real, modes=("real",)) == set()


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ([], {"Continue"}),
        ([gate(condition=_A)], {"Continue", "AskUser"}),
        ([gate(condition=_A, route="InstructAgent")], {"Continue", "InstructAgent"}),
        ([gate(id="one", route="Blocked"), gate(id="two", condition=_A)], {"Continue", "Blocked"}),
    ],
)
def test_routes_that_nothing_gives_are_not_asked_for(found: list[Gate], asked: set[str]) -> None:
    rules = engine(gates=found).rules
    points = points_of(rules.profile, None, None, {})
    assert {point.name for point, possible in points.items() if point.kind == "routes" and possible} == asked


def test_roles_that_nobody_heeds_are_not_asked_for() -> None:
    rules = engine(gates=[gate(condition=_A)]).rules
    found = points_of(rules.profile, None, Manifest(Process("demo", "1.0.0")), {})
    assert {point.name for point, possible in found.items() if point.kind == "roles" and possible} == {
        "agent",
        "system",
    }
    assert found[Point("roles", "approver", "acted")] is False
