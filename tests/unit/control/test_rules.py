"""A profile made ready to decide: what cannot be read is refused before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.control.rules import NoSchemas
from pytest_fluxscenario.model.pack import Hook
from pytest_fluxscenario.model.response import RequiredApproval
from tests.unit.control.process import ACT, OWNER, act, approval_gate, engine, gate, hooks, validator


@pytest.mark.parametrize(
    ("actions", "parts", "says"),
    [
        ((), {"gates": [gate(condition={"payload_is": "a"})]}, "gate 'the_gate': unknown operator 'payload_is'"),
        ((act(produces_artifacts=("note",)),), {}, f"action '{ACT}' produces 'note', which is no artifact type"),
        (
            (),
            {"types": ["approval_record"]},
            "'approval_record' is the type of approvals, which only the trusted surface records",
        ),
    ],
)
def test_a_profile_that_cannot_be_read_is_refused(actions: Any, parts: dict[str, Any], says: str) -> None:
    with pytest.raises(ProfileError) as caught:
        engine(*actions, **parts)
    assert str(caught.value) == f"demo 1.0.0: {says}"


def test_validators_are_found_by_the_type_that_they_validate() -> None:
    declared = hooks(
        validator("note", "one"),
        validator("note", "two"),
        validator("test", "three"),
        Hook("look", "condition.evaluate", "note"),
        Hook("idle", "artifact.validate"),
    )
    rules = engine(declared=declared).rules
    found = {kind: [hook.id for hook in known] for kind, known in rules.validators.items()}
    assert found == {"note": ["one", "two"], "test": ["three"]}
    assert set(rules.hooks) == {"one", "two", "three", "look", "idle"}


def test_what_is_forbidden_adds_up() -> None:
    rules = engine(declared=hooks(forbidden_output_fields=("a",)), forbidden=("b",)).rules
    assert rules.forbidden_fields == {"a", "b"}
    assert rules.allowed_fields is None
    assert engine(declared=hooks(allowed_output_fields=("a",))).rules.allowed_fields == frozenset({"a"})


def test_approvals_that_may_cover_a_materialization_are_those_of_its_gates_and_its_own() -> None:
    real = act(materialization_mode="real"), act("other", materialization_mode="real")
    rule = engine(*real, gates=[approval_gate(), gate(required_approval=OWNER)]).rules.actions[ACT]
    assert rule.approvals == (OWNER, RequiredApproval("approver", ACT))
    own = engine(*real, gates=[approval_gate()]).rules.actions["other"]
    assert own.approvals == (RequiredApproval("approver", "other"),)
    assert engine(act(materialization_mode="mock"), gates=[approval_gate()]).rules.actions[ACT].approvals is None


def test_a_pack_without_schemas_finds_no_fault() -> None:
    assert NoSchemas().faults("note", {"a": 1}) == ()
    assert isinstance(engine().rules.schemas, NoSchemas)


def test_an_approval_gate_that_names_no_approval_covers_no_materialization() -> None:
    real = act(materialization_mode="real")
    rule = engine(real, gates=[approval_gate(required_approval=None)]).rules.actions[ACT]
    assert rule.approvals == (RequiredApproval("approver", ACT),)
