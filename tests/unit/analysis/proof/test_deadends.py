"""Dead ends: rules that hold one by one and leave nobody a way to the end."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pytest_fluxscenario.analysis.proof.counterexample import counterexample_of
from pytest_fluxscenario.analysis.proof.prove import Proof, prove
from pytest_fluxscenario.analysis.space.answers import RealHooks
from pytest_fluxscenario.analysis.space.explore import Bounds, Explorer
from pytest_fluxscenario.runtimes.in_process import InProcessHooks
from tests.fakes.processes import made_space

_CHAIN: dict[str, Any] = {
    "artifact_types": [{"id": "note"}, {"id": "end_note", "allowed_sources": ["controller"]}],
    "actions": [
        {"id": "note.take", "produces_artifacts": ["note"]},
        {"id": "work.end", "produces_artifacts": ["end_note"], "completes_run": True},
    ],
    "gates": [
        {
            "id": "end_needs_note",
            "type": "process_conformance",
            "before_action": "work.end",
            "route": "InstructAgent",
            "required_artifacts": ["note"],
        }
    ],
    "completion_report": {"required": ["note", "end_note"]},
}


def _changed(change: Any) -> dict[str, Any]:
    profile = deepcopy(_CHAIN)
    change(profile)
    return profile


def _proved(profile: dict[str, Any], **hooks: str) -> Proof:
    return prove(Explorer(made_space(profile, hooks)))


def test_a_chain_that_ends_has_none() -> None:
    proof = _proved(_CHAIN)
    assert proof.verdict == "proved"
    assert proof.findings.checked["dead-ends"] == proof.states == 3


def test_a_record_that_nobody_may_make_is_one() -> None:
    proof = _proved(_changed(lambda profile: profile["artifact_types"][0].update(allowed_sources=["task_user"])))
    finding = proof.findings.found["dead-ends"]
    assert finding.message == "from the start nothing leads to a complete run any more (1 of 1 states)"
    assert set(proof.findings.found) == {"dead-ends"}
    assert proof.closed_actions == ("note.take", "work.end")
    shown = counterexample_of(proof.explorer.space, finding)
    assert shown.runs
    assert [step.expectation.gate_id for step in shown.scenario.steps if step.expectation] == ["end_needs_note"]


def test_gates_that_exclude_each_other_are_one() -> None:
    def exclude(profile: dict[str, Any]) -> None:
        gate = {"type": "decision", "before_action": "note.take", "route": "AskUser"}
        profile["gates"] += [
            {**gate, "id": "who_is_said", "condition": {"payload_missing": ["person.name"]}},
            {**gate, "id": "nobody_is_named", "condition": {"payload_contains_any": ["name"]}},
        ]

    assert set(_proved(_changed(exclude)).findings.found) == {"dead-ends"}


def test_a_way_out_that_only_a_hook_can_open_is_one_for_the_hook_that_does_not() -> None:
    def ask(profile: dict[str, Any]) -> None:
        gate = {"id": "hook_agrees", "type": "decision", "before_action": "note.take", "route": "Blocked"}
        profile["gates"].append({**gate, "condition": {"fact_true": "wrong"}, "hook": "look"})

    profile = _changed(ask)
    assert _proved(profile, look="condition.evaluate").verdict == "proved"
    space = made_space(profile, {"look": "condition.evaluate"})
    for wrong, found in ((True, {"dead-ends"}), (False, set())):
        runtime = InProcessHooks({"look": lambda _, wrong=wrong: {"status": "ok", "facts": {"wrong": wrong}}})  # type: ignore[misc]  # mypy infers no lambda with a default
        real = space.with_hooks(runtime)
        assert isinstance(real.decider.hooks, RealHooks)
        assert set(prove(Explorer(real)).findings.found) == found


def test_without_an_end_any_request_that_is_allowed_will_do() -> None:
    def open_end(profile: dict[str, Any]) -> None:
        profile["actions"][1]["completes_run"] = False
        profile["artifact_types"][1]["allowed_sources"] = None

    assert _proved(_changed(open_end)).verdict == "proved"

    def closed(profile: dict[str, Any]) -> None:
        open_end(profile)
        profile["actions"][0]["allowed_roles"] = []

    finding = _proved(_changed(closed)).findings.found["dead-ends"]
    assert finding.message == "from the start nothing leads to any request that is allowed any more (1 of 1 states)"


def test_with_a_bound_what_was_not_seen_may_lead_on() -> None:
    proof = prove(Explorer(made_space(_CHAIN), Bounds(states=2)))
    assert proof.findings.found == {}
    assert proof.verdict == "undecided"
