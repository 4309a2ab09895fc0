"""The rules together: sound scenarios are proven cheaply, and the proof never hides a fault."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.model import scenario_rules
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.model.scenario_rules import scenario_problems
from pytest_fluxscenario.model.shapes import decode

Rules = Callable[..., list[str]]

PLAIN: dict[str, Any] = {
    "id": "a-1",
    "profile_id": "b",
    "profile_version": "1.0.0",
    "tags": ["slow"],
    "classes": ["happy_path"],
    "steps": [
        {
            "name": "one",
            "action": "x.y",
            "actor": {"id": "i", "role": "r"},
            "payload": {"k": "v"},
            "idempotency_key": "k",
            "expectation": {
                "status": "nok",
                "route": "Blocked",
                "gate_id": "g",
                "gate_type": "decision",
                "reason": "x",
                "missing_artifacts": ["a"],
                "hook_calls": ["h"],
                "completion_report_exists": False,
            },
        },
        {
            "name": "two",
            "action": "x.y",
            "actor": {"id": "i", "role": "r"},
            "payload": {},
            "expectation": {"status": "error"},
        },
    ],
}
FIELDS = ("id", "profile_version", "tags", "classes", "skip", "parameters", "faults", "given")
STEP_FIELDS = ("name", "action", "actor", "payload", "idempotency_key", "expectation", "approve", "faults", "capture")
EXPECTATION_FIELDS = (
    *("status", "route", "gate_id", "gate_type", "reason", "instruction", "missing_artifacts", "required_approval"),
    *("created_artifacts", "next_allowed_actions", "completion_report_exists", "idempotent_replay", "materialization"),
    *("idempotency_conflict", "hook_calls"),
)
WORDS = ("ok", "error", "Blocked", "decision", "x", "${p}", "$5", "a\u200b", "é", "", "1.0.0", "v1.0.0", "no", "${")
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        *WORDS,
        None,
        True,
        {},
        {"matches": "("},
        {"present": True},
        {"any_of": []},
        {"x-own": 1},
        {"mode": "mok"},
        {"h": "timeout"},
        {"h": "tiemout"},
        {"role": "r", "scope": "s"},
        ["a"],
        ["a\u200b"],
        [{"in_order": []}],
        ["happy_path"],
        ["9"],
        [{"p": 1}, {"q": 1}],
    ]
)


def locate(pointer: Pointer, key: bool) -> Place:
    return Place("f", 1, 1, pointer)


def in_full(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> list[Problem]:
    """What the full examination finds, whatever the proof says."""
    with monkeypatch.context() as patched:
        patched.setattr(scenario_rules, "_sound", lambda _scenario: False)
        return scenario_problems(scenario, locate)


@st.composite
def edited(draw: st.DrawFn) -> dict[str, Any]:
    data = copy.deepcopy(PLAIN)
    for _ in range(draw(st.integers(0, 2))):
        step = draw(st.sampled_from(data["steps"]))
        target, fields = draw(
            st.sampled_from(
                [(data, FIELDS), (step, STEP_FIELDS), (step.get("expectation"), EXPECTATION_FIELDS)],
            )
        )
        if isinstance(target, dict):
            field = draw(st.sampled_from(fields))
            if draw(st.booleans()):
                target.pop(field, None)
            else:
                target[field] = copy.deepcopy(draw(VALUES))
    return data


@settings(max_examples=1500, deadline=None)
@given(data=edited())
def test_the_proof_never_hides_a_fault(data: dict[str, Any]) -> None:
    try:
        scenario = decode(Scenario, msgspec.json.encode(data))
    except msgspec.ValidationError:
        return
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = in_full(scenario, monkeypatch)
    if scenario_rules._sound(scenario):
        assert found == []


@pytest.mark.parametrize(
    ("place", "field", "value"),
    [
        ("top", "id", "a b"),
        ("top", "profile_version", "1"),
        ("top", "tags", ["a b"]),
        ("top", "classes", ["own"]),
        ("top", "skip", ""),
        ("top", "xfail", ""),
        ("top", "parameters", [{"p": 1}, {}]),
        ("top", "faults", {"h": "x"}),
        ("top", "given", {"artifacts": [{"type": "t", "payload": {}, "source": "x"}]}),
        ("step", "action", None),
        ("step", "action", "a\u200b"),
        ("step", "actor", "x"),
        ("step", "payload", "x"),
        ("step", "payload", None),
        ("step", "payload", {"x": "${y}"}),
        ("step", "expectation", None),
        ("step", "approve", {"role": "r", "scope": "s"}),
        ("step", "capture", {"C": "reason"}),
        ("step", "faults", {"h": "x"}),
        ("expectation", "status", "x"),
        ("expectation", "status", {"x-own": 1}),
        ("expectation", "route", "x"),
        ("expectation", "route", {"x-own": 1}),
        ("expectation", "gate_id", {"x-own": 1}),
        ("expectation", "gate_type", "x"),
        ("expectation", "gate_type", {"x-own": 1}),
        ("expectation", "reason", {"x-own": 1}),
        ("expectation", "instruction", {"x-own": 1}),
        ("expectation", "missing_artifacts", [{"x-own": 1}]),
        ("expectation", "missing_artifacts", {"x-own": 1}),
        ("expectation", "created_artifacts", "x"),
        ("expectation", "next_allowed_actions", "x"),
        ("expectation", "idempotent_replay", "x"),
        ("expectation", "required_approval", {"x": 1}),
        ("expectation", "materialization", "x"),
        ("expectation", "hook_calls", {"h": "x"}),
    ],
)
def test_one_fault_of_each_kind_is_seen_through_the_proof(place: str, field: str, value: object) -> None:
    data = copy.deepcopy(PLAIN)
    step = data["steps"][0]
    {"top": data, "step": step, "expectation": step["expectation"]}[place][field] = value
    scenario = decode(Scenario, msgspec.json.encode(data))
    assert scenario_problems(scenario, locate) != []


def test_a_missing_route_is_seen_through_the_proof() -> None:
    data = copy.deepcopy(PLAIN)
    del data["steps"][0]["expectation"]["route"]
    assert scenario_problems(decode(Scenario, msgspec.json.encode(data)), locate) != []


def test_the_plain_scenario_is_proven_without_a_single_place() -> None:
    scenario = decode(Scenario, msgspec.json.encode(PLAIN))
    assert scenario_rules._sound(scenario)

    def never(pointer: Pointer, key: bool) -> Place:
        raise AssertionError(pointer)

    assert scenario_problems(scenario, never) == []


def test_text_in_another_language_is_plain_too() -> None:
    data = copy.deepcopy(PLAIN)
    data["steps"][0]["payload"] = {"note": "Änderung 変更, 5 $"}
    assert scenario_rules._sound(decode(Scenario, msgspec.json.encode(data)))


def test_the_examination_finds_nothing_in_a_sound_scenario(rules: Rules, document: dict[str, Any]) -> None:
    assert rules(lambda _data: None) == []
    assert not scenario_rules._sound(decode(Scenario, msgspec.json.encode(document)))


def test_a_matcher_of_a_plugin_is_known_only_where_it_is_named(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["steps"][0]["expectation"]["reason"] = {"x-near": 1}

    assert rules(edit, matchers=("matches", "x-near")) == []
    assert rules(edit) == [
        (
            "scenario.unknown-matcher ~/steps/0/expectation/reason/x-near unknown matcher 'x-near' "
            "(known: any_of, contains, in_order, matches, present)"
        )
    ]


def test_every_fault_comes_at_once(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["id"] = "a b"
        data["profile_version"] = "1"
        data["steps"][0]["expectation"]["route"] = "Contine"
        del data["steps"][2]["payload"]

    assert sorted(line.split(" ")[0] for line in rules(edit)) == [
        "scenario.id",
        "scenario.profile-version",
        "scenario.step-field",
        "scenario.unknown-route",
    ]


def test_a_scenario_of_faults_is_told_within_bounds(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        broken = copy.deepcopy(data["steps"][0])
        broken["expectation"]["route"] = "x" * 900
        broken["payload"] = {str(number): "${nothing}" for number in range(50)}
        data["steps"] = [{**broken, "name": f"step {number}"} for number in range(500)]

    lines = rules(edit)
    assert len(lines) == 51
    assert all(len(line.encode()) < 2048 for line in lines)
    assert "more like these" in lines[-1]
