"""The single proofs: what each claims, and the nearest thing that it must not claim."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.analysis.mutation.operators import mutants_of
from pytest_fluxscenario.analysis.mutation.shadows import always_refused_without, asked_before, exclusive, shadow_of

from .processes import process_of

_APPROVAL = {"type": "approval", "required_approval": {"role": "approver", "scope": "pay"}}
_QUOTE = {"type": "process_conformance", "required_artifacts": ["quote"]}
_BOTH = {"type": "process_conformance", "required_artifacts": ["quote", "plan"]}


@pytest.mark.parametrize(
    "sections",
    [
        {"actions": [{"id": "pay", "required_capabilities": ["bank", "bank"]}]},
        {"actions": [{"id": "pay", "materialization_mode": "mock", "materialization_scope_fields": ["a", "a"]}]},
        {"artifact_types": [{"id": "quote", "required_fields": ["a", "a"]}]},
        {"gates": [{"id": "g", "required_artifacts": ["quote", "quote"]}]},
        {"completion_report": {"required": ["quote", "quote"]}, "actions": [{"id": "pay", "completes_run": True}]},
    ],
    ids=lambda sections: next(iter(sections)),
)
def test_what_is_named_twice_can_be_left_out_once(sections: dict[str, Any]) -> None:
    dropped = [mutant for mutant in mutants_of(process_of(sections)) if mutant.equivalent == "it is named twice"]
    assert len(dropped) == 2


def _missing(*names: str) -> dict[str, Any]:
    return {"condition": {"payload_missing": list(names)}}


def _equals(**values: Any) -> dict[str, Any]:
    return {"condition": {"payload_equals": values}}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({}, {}),
        ({}, _missing("a")),
        (_missing("a"), _missing("a")),
        (_missing("a", "b"), _missing("a")),
        (_equals(a=1), _equals(a=1, b=2)),
        (_equals(a=1), {"condition": {"payload_equals": {"a": 1}, "payload_missing": ["b"]}}),
        ({}, _APPROVAL),
        (_APPROVAL, _APPROVAL),
        (_BOTH, _QUOTE),
        (_BOTH, {"required_artifacts": ["quote"]}),
        (_missing("a"), {"condition": {"payload_missing": ["a"], "fact_true": "late"}, "hook": "h"}),
    ],
)
def test_a_gate_behind_one_that_always_fires_first_is_in_its_shadow(
    earlier: dict[str, Any], later: dict[str, Any]
) -> None:
    process = process_of({"gates": [{"id": "first", **earlier}, {"id": "second", **later}]})
    assert "first" in shadow_of(process, 1)
    assert shadow_of(process, 0) == ""
    assert shadow_of(process, 1, 0) == ""


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (_missing("a"), {}),
        (_missing("a"), _missing("a", "b")),
        (_missing("a"), _missing("b")),
        (_equals(a=1, b=2), _equals(a=1)),
        (_equals(a=1), _equals(a=2)),
        (_equals(a=1), _equals(a="1")),
        # Fires only while a quote is missing.
        ({"required_artifacts": ["quote"]}, {}),
        ({"required_artifacts": ["quote"]}, _BOTH),
        (_QUOTE, _BOTH),
        (_QUOTE, {}),
        (_QUOTE, _APPROVAL),
        (_APPROVAL, {}),
        (_APPROVAL, {"type": "approval", "required_approval": {"role": "approver", "scope": "other"}}),
        # What a hook will say is not known.
        ({"condition": {"fact_true": "late"}, "hook": "h"}, {"condition": {"fact_true": "late"}, "hook": "h"}),
        ({"before_action": "end"}, {}),
        ({"condition": {"payload_contains_any": ["a"]}}, {"condition": {"payload_contains_any": ["a", "b"]}}),
    ],
)
def test_a_gate_that_may_fire_is_in_no_shadow(earlier: dict[str, Any], later: dict[str, Any]) -> None:
    actions = [{"id": "pay"}, {"id": "end"}]
    process = process_of({"actions": actions, "gates": [{"id": "first", **earlier}, {"id": "second", **later}]})
    assert shadow_of(process, 1) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_equals(a=1), _equals(a=2)),
        (_equals(a=True), _equals(a=1)),
        (_equals(a=1, b=1), _equals(b=2, c=3)),
        (_equals(a="x"), _missing("a")),
    ],
)
def test_gates_that_ask_for_different_things_never_meet(one: dict[str, Any], other: dict[str, Any]) -> None:
    gates = process_of({"gates": [{"id": "one", **one}, {"id": "other", **other}]}).profile.gates
    assert exclusive(gates[0], gates[1])
    assert exclusive(gates[1], gates[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_equals(a=1), _equals(a=1)),
        (_equals(a=1), _equals(b=2)),
        (_equals(a=""), _missing("a")),
        (_equals(a=None), _missing("a")),
        # One of the two names is enough.
        (_equals(a="x"), _missing("a", "b")),
        (_missing("a"), _missing("b")),
        ({}, _missing("a")),
    ],
)
def test_gates_that_may_meet_are_not_called_exclusive(one: dict[str, Any], other: dict[str, Any]) -> None:
    gates = process_of({"gates": [{"id": "one", **one}, {"id": "other", **other}]}).profile.gates
    assert exclusive(gates[0], gates[1]) == exclusive(gates[1], gates[0]) == ""


@pytest.mark.parametrize(
    ("gate", "stops"),
    [
        (_missing("a"), True),
        (_missing("b", "a"), True),
        (_missing("b"), False),
        ({"condition": {"payload_missing": ["a"], "payload_equals": {"b": 1}}}, False),
        ({**_missing("a"), "required_artifacts": ["quote"]}, False),
        ({**_missing("a"), **_QUOTE}, False),
        ({**_missing("a"), "before_action": "end"}, False),
    ],
)
def test_a_gate_asks_for_a_field_before_its_artifact_does(gate: dict[str, Any], stops: bool) -> None:
    actions = [{"id": "pay"}, {"id": "end"}]
    process = process_of({"actions": actions, "gates": [{"id": "asks", **gate}]})
    assert always_refused_without(process, "pay", "a") == ("asks" if stops else "")


_ASKS: dict[str, Any] = {"hook": "h", "condition": {"fact_true": "late"}}


@pytest.mark.parametrize(
    ("earlier", "later", "never"),
    [
        (_ASKS, _ASKS, True),
        (_ASKS, {"hook": "h", "condition": {"fact_true": "other", "payload_missing": ["a"]}}, True),
        ({"hook": "h", "condition": {"fact_true": "late", "payload_missing": ["a"]}}, _ASKS, False),
        ({**_ASKS, "hook": "another"}, _ASKS, False),
        ({**_ASKS, "before_action": "end"}, _ASKS, False),
        # It names the hook, and does not ask it.
        ({"hook": "h"}, _ASKS, False),
    ],
)
def test_a_hook_that_was_asked_before_fails_there(earlier: dict[str, Any], later: dict[str, Any], never: bool) -> None:
    actions = [{"id": "pay"}, {"id": "end"}]
    process = process_of({"actions": actions, "gates": [{"id": "first", **earlier}, {"id": "second", **later}]})
    assert bool(asked_before(process, 1)) is never
    assert asked_before(process, 0) == ""


def _equivalent(sections: dict[str, Any]) -> dict[str, str]:
    return {mutant.id: mutant.equivalent for mutant in mutants_of(process_of(sections))}


def test_a_type_that_every_completing_action_makes_is_always_there() -> None:
    end = {"id": "end", "completes_run": True, "produces_artifacts": ["plan"]}
    sections = {
        "artifact_types": [{"id": "plan"}, {"id": "quote"}],
        "actions": [end],
        "completion_report": {"required": ["plan", "quote"]},
    }
    found = _equivalent(sections)
    assert found["completion-type-dropped:plan"]
    assert not found["completion-type-dropped:quote"]
    other = _equivalent({**sections, "actions": [end, {"id": "stop", "completes_run": True}]})
    assert not other["completion-type-dropped:plan"]


def test_a_type_that_a_gate_asks_for_before_completion_is_always_there() -> None:
    sections = {
        "artifact_types": [{"id": "quote"}],
        "actions": [{"id": "end", "completes_run": True}],
        "completion_report": {"required": ["quote"]},
    }
    gate = {"id": "asks", "before_action": "end", **_QUOTE}
    name = "completion-type-dropped:quote"
    assert _equivalent({**sections, "gates": [gate]})[name]
    assert not _equivalent({**sections, "gates": [{**gate, **_missing("a")}]})[name]
    assert not _equivalent({**sections, "gates": [{**gate, "type": "decision"}]})[name]


def test_a_source_that_no_action_has_changes_nothing() -> None:
    sections: dict[str, Any] = {
        "roles": ["agent", "system"],
        "artifact_types": [{"id": "quote", "allowed_sources": ["agent"]}],
        "actions": [{"id": "pay", "produces_artifacts": ["quote"], "allowed_roles": ["agent"]}],
    }
    found = _equivalent(sections)
    assert found["source-widened:quote+system"]
    assert found["source-widened:quote+controller"]
    real = {"materialization_mode": "mock", "materialization_scope_fields": ["a"]}
    found = _equivalent({**sections, "actions": [{**sections["actions"][0], **real}]})
    assert found["source-widened:quote+system"]
    assert not found["source-widened:quote+controller"]


def test_a_field_that_the_schema_requires_as_well_changes_no_verdict() -> None:
    kind = {"id": "quote", "required_fields": ["a"]}
    sections = {"artifact_types": [kind], "actions": [{"id": "pay", "produces_artifacts": ["quote"]}]}
    name = "required-field-dropped:quote.a"

    def with_schema(**said: Any) -> str:
        return _equivalent({**sections, "schemas": {"quote": said}})[name]

    assert with_schema(required=["a"], properties={"a": {"type": "string"}})
    assert not with_schema(required=["a"])
    assert not with_schema(required=["a"], properties={"a": {"type": ["string", "null"]}})
    assert not with_schema(required=["b"], properties={"a": {"type": "string"}})


def test_no_record_expires_while_time_stands_still() -> None:
    sections = {"artifact_types": [{"id": "quote", "expires_after": 60}]}
    assert "nothing requires" in _equivalent(sections)["expiry-dropped:quote"]
    assert "time stands still" in _equivalent({**sections, "gates": [{"id": "g", **_QUOTE}]})["expiry-dropped:quote"]
