"""Gates: when each type fires, and what it answers (control.md, 7)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from msgspec import UNSET

from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.pack import Hook
from pytest_fluxscenario.model.profile import ArtifactType, Gate
from pytest_fluxscenario.model.request import Given, GivenArtifact
from pytest_fluxscenario.model.vocabulary import GateType
from pytest_fluxscenario.runtimes.faulted import FaultedHooks
from pytest_fluxscenario.runtimes.port import HookOutcome
from tests.unit.control.process import (
    ACT,
    OWNER,
    RUN,
    Answers,
    MovingClock,
    act,
    approval_gate,
    approve,
    ask,
    brief,
    control,
    gate,
    hooks,
    text,
)

LOOK = Hook("look", "condition.evaluate", "diff")
YES: dict[str, Any] = {"status": "ok", "facts": {"risky": True}}


def facts_gate(kind: GateType = "decision", **more: Any) -> Gate:
    return gate(kind, **{"condition": {"fact_true": "risky"}, "hook": "look", **more})


def with_hook(*gates: Gate, answer: dict[str, Any] | HookOutcome = YES) -> tuple[EngineControl, Answers]:
    runtime = Answers({"look": answer})
    return control(act(), gates=gates, types=["note"], declared=hooks(LOOK), runtime=runtime), runtime


# ---- what a gate answers


def test_a_gate_that_fires_answers_in_its_own_words() -> None:
    answer = ask(control(gates=[gate(next_allowed_actions=("note.write",))]))
    assert answer.status == "nok"
    assert (answer.route, answer.reason, answer.instruction) == ("AskUser", "why", "what")
    assert (answer.gate_id, answer.gate_type) == ("the_gate", "decision")
    assert answer.next_allowed_actions == ("note.write",)
    assert (answer.created_artifacts, answer.materialization, answer.contract) == (UNSET, UNSET, UNSET)


@pytest.mark.parametrize("kind", ["decision", "approval", "process_conformance"])
def test_a_gate_whose_condition_does_not_hold_does_not_apply(kind: GateType) -> None:
    one = gate(kind, condition={"payload_missing": "a"}, required_artifacts=("note",), required_approval=OWNER)
    target = control(gates=[one], types=["note"])
    assert brief(ask(target, payload={"a": 1})) == "ok Continue"
    assert brief(ask(target, payload={"a": ""})) == "nok AskUser the_gate"


def test_a_gate_before_another_action_does_not_apply() -> None:
    target = control(act(), act("other.one"), gates=[gate(before_action="other.one")])
    assert brief(ask(target)) == "ok Continue"
    assert brief(ask(target, "other.one")) == "nok AskUser the_gate"


def test_the_first_gate_in_the_order_of_the_profile_answers() -> None:
    one, two = gate(id="one"), gate(id="two")
    for order in ([one, two], [two, one]):
        assert ask(control(gates=order)).gate_id == order[0].id
    blocked = gate(id="one", condition={"payload_missing": "a"})
    target = control(gates=[blocked, two])
    assert ask(target, payload={"a": 1}).gate_id == "two"


# ---- decision


def test_a_decision_gate_with_artifacts_fires_only_while_one_is_missing() -> None:
    target = control(
        act(),
        act("note.write", produces_artifacts=("note",)),
        act("test.run", produces_artifacts=("test",)),
        gates=[gate(required_artifacts=("note", "test"))],
        types=["note", "test"],
    )
    for action in ("note.write", "test.run"):
        answer = ask(target)
        assert brief(answer) == "nok AskUser the_gate"
        assert answer.missing_artifacts is UNSET
        ask(target, action)
    assert brief(ask(target)) == "ok Continue"


# ---- conformance


def conformance(**kind: Any) -> EngineControl:
    return control(
        act(),
        act("note.write", produces_artifacts=("note",)),
        act("test.run", produces_artifacts=("test",)),
        gates=[gate("process_conformance", required_artifacts=("note", "test"))],
        types=[ArtifactType("note", **kind), ArtifactType("test")],
        clock=MovingClock(),
    )


def test_a_conformance_gate_fires_while_a_record_is_missing_and_names_it() -> None:
    target = conformance()
    assert ask(target).missing_artifacts == ("note", "test")
    ask(target, "note.write")
    answer = ask(target)
    assert (answer.missing_artifacts, answer.gate_type) == (("test",), "process_conformance")
    ask(target, "test.run")
    assert brief(ask(target)) == "ok Continue"


def test_a_record_of_another_run_or_another_profile_version_does_not_count() -> None:
    target = conformance()
    for action in ("note.write", "test.run"):
        ask(target, action, run="other")
    assert ask(target).missing_artifacts == ("note", "test")
    assert brief(ask(target, run="other")) == "ok Continue"
    records = target.runs["other"].artifacts
    records["note"] = dataclasses.replace(records["note"], profile_version="0.9.0")
    assert ask(target, run="other").missing_artifacts == ("note",)


def test_a_record_that_is_not_valid_does_not_count() -> None:
    target = conformance()
    for action in ("note.write", "test.run"):
        ask(target, action)
    records = target.runs[RUN].artifacts
    records["note"] = dataclasses.replace(records["note"], valid=False)
    assert ask(target).missing_artifacts == ("note",)


def test_a_record_counts_until_the_moment_it_expires() -> None:
    target = conformance(expires_after=60)
    clock = target.clock
    assert isinstance(clock, MovingClock)
    for action in ("note.write", "test.run"):
        ask(target, action)
    clock.move(59.999)
    assert brief(ask(target)) == "ok Continue"
    clock.move(0.001)
    assert ask(target).missing_artifacts == ("note",)
    ask(target, "note.write")
    assert brief(ask(target)) == "ok Continue"


def test_a_record_that_a_scenario_gives_counts() -> None:
    target = conformance()
    target.begin(RUN, Given(artifacts=(GivenArtifact("note", {}), GivenArtifact("test", {}))))
    assert brief(ask(target)) == "ok Continue"


# ---- approval


def test_an_approval_gate_fires_until_it_is_approved_and_says_by_whom() -> None:
    target = control(gates=[approval_gate()])
    answer = ask(target)
    assert brief(answer) == "nok AwaitApproval the_gate"
    assert (answer.required_approval, answer.gate_type) == (OWNER, "approval")
    approve(target)
    assert brief(ask(target)) == "ok Continue"


def test_an_approval_gate_that_names_no_approval_never_opens() -> None:
    target = control(gates=[gate("approval")])
    approve(target)
    answer = ask(target)
    assert (brief(answer), answer.required_approval) == ("nok AskUser the_gate", UNSET)


# ---- hooks of conditions


def test_a_gate_asks_its_hook_and_the_answer_reports_the_call() -> None:
    target, runtime = with_hook(facts_gate())
    answer = ask(target, payload={"a": [1]})
    assert brief(answer) == "nok AskUser the_gate"
    assert [(call.hook_id, call.status) for call in answer.hook_calls] == [("look", "ok")]
    (call,) = runtime.calls
    assert (call.hook_id, call.run_id, call.profile_id, call.profile_version) == ("look", RUN, "demo", "1.0.0")
    assert (call.input_artifact_type, call.payload) == ("diff", {"a": [1]})


def test_a_fact_that_does_not_hold_leaves_the_gate_open_and_the_call_reported() -> None:
    target, _ = with_hook(facts_gate(), answer={"status": "ok", "facts": {"risky": 1}})
    answer = ask(target)
    assert brief(answer) == "ok Continue"
    assert [call.hook_id for call in answer.hook_calls] == ["look"]


@pytest.mark.parametrize("facts", [{}, {"other": True}, {"deep": {}}, {"deep": {"er": {}}}])
@pytest.mark.parametrize("condition", [{"fact_true": "risky"}, {"fact_equals": {"deep.er.x": 1, "other": True}}])
def test_a_hook_that_leaves_out_a_fact_that_is_asked_for_has_failed(
    facts: dict[str, Any], condition: dict[str, Any]
) -> None:
    one = facts_gate(condition=condition, on_hook_failure="AwaitApproval")
    target, _ = with_hook(one, answer={"status": "ok", "facts": facts})
    answer = ask(target)
    assert brief(answer) == "nok AwaitApproval the_gate"
    assert answer.hook_calls[0].status == "invalid_result"
    assert "has no fact" in answer.hook_calls[0].diagnostics[0]


def test_a_result_without_facts_is_blocked_and_says_which_are_missing() -> None:
    target, _ = with_hook(facts_gate(condition={"fact_equals": {"a": 1, "b": 2}}), answer={"status": "ok"})
    answer = ask(target)
    assert brief(answer) == "nok Blocked the_gate"
    assert "the result has no fact a, b" in text(answer.reason)


def test_a_fact_that_is_null_is_one() -> None:
    target, _ = with_hook(facts_gate(), answer={"status": "ok", "facts": {"risky": None}})
    assert brief(ask(target)) == "ok Continue"


def test_the_payload_is_looked_at_before_the_hook_is_asked() -> None:
    target, runtime = with_hook(facts_gate(condition={"fact_true": "risky", "payload_missing": "a"}))
    assert brief(ask(target, payload={"a": 1})) == "ok Continue"
    assert runtime.calls == []
    assert brief(ask(target)) == "nok AskUser the_gate"


def test_a_gate_that_names_a_hook_and_asks_no_fact_does_not_call_it() -> None:
    target, runtime = with_hook(facts_gate(condition={}))
    assert brief(ask(target)) == "nok AskUser the_gate"
    assert runtime.calls == []


def test_facts_open_approval_and_conformance_gates_too() -> None:
    kinds: tuple[GateType, ...] = ("approval", "process_conformance")
    for kind in kinds:
        one = facts_gate(kind, required_approval=OWNER, required_artifacts=("note",))
        target, _ = with_hook(one)
        assert brief(ask(target)) == "nok AskUser the_gate"
        target, _ = with_hook(one, answer={"status": "ok", "facts": {"risky": False}})
        assert brief(ask(target)) == "ok Continue"


@pytest.mark.parametrize("fault", ["timeout", "crash", "error", "invalid_json", "forbidden_field"])
@pytest.mark.parametrize(("says", "route"), [(None, "Blocked"), ("InstructAgent", "InstructAgent")])
@pytest.mark.parametrize("kind", ["decision", "approval", "process_conformance"])
def test_a_hook_that_fails_gives_the_route_that_the_gate_names(
    kind: GateType, says: str | None, route: str, fault: str
) -> None:
    one = facts_gate(
        kind,
        on_hook_failure=says,
        required_approval=OWNER,
        required_artifacts=("note",),
        next_allowed_actions=("note.write",),
    )
    runtime = Answers({"look": YES})
    target = control(gates=[one], types=["note"], declared=hooks(LOOK), runtime=FaultedHooks(runtime, {"look": fault}))
    approve(target)
    first, second = ask(target), ask(target)
    assert brief(first) == f"nok {route} the_gate"
    assert (first.gate_type, first.next_allowed_actions) == (kind, ("note.write",))
    assert [(call.hook_id, call.status) for call in first.hook_calls] == [("look", fault)]
    assert text(first.reason).startswith("The hook 'look' of this gate failed: ")
    assert text(first.instruction).startswith("Have the hook repaired")
    assert "; ".join(first.hook_calls[0].diagnostics) in text(first.reason)
    assert (first.reason, first.hook_calls) == (second.reason, second.hook_calls)
    assert runtime.calls == []


def test_a_gate_that_asks_for_facts_and_names_no_hook_stops_everything() -> None:
    target, runtime = with_hook(facts_gate(hook=None))
    answer = ask(target)
    assert brief(answer) == "nok Blocked the_gate"
    assert answer.reason == "The gate 'the_gate' asks for facts and names no hook."
    assert runtime.calls == []
    target, _ = with_hook(facts_gate(hook=None, on_hook_failure="AskUser"))
    assert brief(ask(target)) == "nok AskUser the_gate"


def test_a_hook_that_nothing_declares_is_called_without_an_artifact_type() -> None:
    runtime = Answers({"look": YES})
    target = control(gates=[facts_gate()], runtime=runtime)
    assert brief(ask(target)) == "nok AskUser the_gate"
    assert runtime.calls[0].input_artifact_type is None


def test_calls_of_gates_that_did_not_fire_are_reported_with_what_stopped_the_request() -> None:
    quiet = facts_gate(id="quiet", condition={"fact_equals": {"risky": False}})
    target, _ = with_hook(quiet, facts_gate(id="loud"))
    answer = ask(target)
    assert answer.gate_id == "loud"
    assert [call.hook_id for call in answer.hook_calls] == ["look", "look"]
    target, _ = with_hook(quiet, gate("process_conformance", id="note", required_artifacts=("note",)))
    assert len(ask(target).hook_calls) == 1
    target, _ = with_hook(quiet, approval_gate(id="sign"))
    assert len(ask(target).hook_calls) == 1
    target, _ = with_hook(quiet, facts_gate(id="mute", hook=None))
    assert len(ask(target).hook_calls) == 1
    lacking = control(
        act(required_capabilities=("net",)), gates=[quiet], declared=hooks(LOOK), runtime=Answers({"look": YES})
    )
    assert len(ask(lacking).hook_calls) == 1
    assert ask(lacking, action=ACT).status == "nok"
