"""The rules of the engine that are not a module of their own: actor, completed run, action, role, environment, end."""

from __future__ import annotations

from copy import deepcopy

import msgspec
import pytest
from msgspec import UNSET

from pytest_fluxscenario.control.engine import new_run
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.request import Approval, Environment
from pytest_fluxscenario.model.vocabulary import ROUTES
from tests.unit.control.process import (
    ACT,
    RUN,
    START,
    Answers,
    MovingClock,
    act,
    approval_gate,
    ask,
    brief,
    control,
    engine,
    gate,
    hooks,
    request,
    text,
    validator,
)

# ---- every answer


def test_every_answer_names_what_decided() -> None:
    target = control(gates=[gate(condition={"payload_equals": {"stop": True}})])
    hash_ = target.engine.rules.profile_hash
    for answer in (ask(target), ask(target, payload={"stop": True}), ask(target, role="nobody")):
        assert (answer.run_id, answer.profile_id, answer.profile_version, answer.profile_hash) == (
            RUN,
            "demo",
            "1.0.0",
            hash_,
        )
        assert answer.route in ROUTES
        assert (answer.idempotent_replay, answer.completion_report_exists, answer.hook_calls) == (False, False, ())


def test_an_answer_that_allows_says_nothing_of_a_refusal() -> None:
    answer = ask(control(act(next_actions=("next.one", "next.two"))))
    assert answer == msgspec.structs.replace(
        answer,
        status="ok",
        route="Continue",
        reason=UNSET,
        instruction=UNSET,
        gate_id=UNSET,
        gate_type=UNSET,
        missing_artifacts=UNSET,
        required_approval=UNSET,
        created_artifacts=(),
        created_artifact_types=(),
        next_allowed_actions=("next.one", "next.two"),
        idempotency_conflict=UNSET,
        materialization=UNSET,
        contract=UNSET,
    )


def test_the_refs_are_those_of_the_records_written_for_the_decision() -> None:
    target = control(act(produces_artifacts=("note",)), act("done", completes_run=True), types=["note"])
    made = ask(target)
    assert made.evidence_refs == (f"{RUN}/decision-1", "note-1")
    assert ask(target, role="nobody").evidence_refs == (f"{RUN}/decision-2",)
    assert ask(target, "done").evidence_refs == (f"{RUN}/decision-3", f"{RUN}/completion_report")


# ---- 2. actor


def test_an_approver_is_refused_even_where_profile_and_action_list_the_role() -> None:
    target = control(act(allowed_roles=("approver",)), roles=["approver"])
    answer = ask(target, role="approver")
    assert brief(answer) == "nok Blocked"
    assert answer.reason == "An approver does not act through control requests."
    assert "trusted surface" in text(answer.instruction)


def test_a_role_that_the_profile_does_not_list_is_refused_and_shown_safely() -> None:
    target = control(act(allowed_roles=("agent", "root\x1b[2J")), roles=["agent", "system"])
    answer = ask(target, role="root\x1b[2J")
    assert brief(answer) == "nok Blocked"
    assert answer.reason == "The role 'root\\x1b[2J' is not one of this process."
    assert answer.instruction == "Roles: agent, system."


# ---- 4. completed run


def test_a_completed_run_accepts_nothing_but_a_replay() -> None:
    target = control(act("done", completes_run=True), act())
    first = ask(target, "done", key="k")
    assert first.completion_report_exists is True
    for action in ("done", ACT):
        answer = ask(target, action)
        assert brief(answer) == "nok Blocked"
        assert answer.completion_report_exists is True
        assert answer.instruction == "Begin a new run."
    assert brief(ask(target, "done", key="k")) == "ok Complete"


def test_another_run_goes_on_when_one_has_completed() -> None:
    target = control(act("done", completes_run=True), act())
    ask(target, "done")
    assert brief(ask(target, run="other")) == "ok Continue"


# ---- 5. action


def test_an_unknown_action_is_refused_with_the_nearest_names() -> None:
    target = control(act("change.make"), act("change.take"), act("note.write"))
    answer = ask(target, "change.makes\u202e")
    assert brief(answer) == "nok Blocked"
    assert answer.reason == "The process declares no action 'change.makes\\u202e'."
    assert answer.instruction == "Did you mean change.make or change.take?"


def test_an_unknown_action_that_is_like_none_points_to_the_contract() -> None:
    answer = ask(control(), "zzz")
    assert answer.instruction == "Ask fst.help.process_contract for the actions."


# ---- 6. role of the action


def test_a_role_that_the_action_does_not_allow_is_refused() -> None:
    target = control(act(allowed_roles=("system", "agent")))
    answer = ask(target, role="task_user")
    assert brief(answer) == "nok Blocked"
    assert (answer.reason, answer.instruction) == (
        f"The role 'task_user' may not ask for {ACT}.",
        "Roles that may: agent, system.",
    )
    assert ask(control(act(allowed_roles=()))).instruction == "Roles that may: none."


# ---- 8. environment


@pytest.mark.parametrize(
    ("kind", "offer"),
    [("capability", Environment(("a",), ("b",))), ("connector", Environment(("a", "b"), ("a",)))],
)
def test_what_the_environment_does_not_offer_is_named(kind: str, offer: Environment) -> None:
    target = control(
        act(required_capabilities=("a", "b"), required_connectors=("a", "b")),
        environment=offer,
    )
    answer = ask(target)
    assert brief(answer) == "nok Blocked"
    assert answer.reason == f"The environment does not offer the {kind} 'b', which {ACT} requires."


def test_an_environment_that_offers_more_than_is_needed_is_fine() -> None:
    target = control(act(required_capabilities=("a",)), environment=Environment(("b", "a"), ("c",)))
    assert brief(ask(target)) == "ok Continue"


# ---- 11. completion


def test_completion_names_every_type_that_the_run_lacks() -> None:
    target = control(
        act(produces_artifacts=("note",)),
        act("done", completes_run=True),
        types=["note", "test", "sign"],
        required=["note", "test", "sign"],
    )
    ask(target)
    answer = ask(target, "done")
    assert brief(answer) == "nok InstructAgent"
    assert answer.missing_artifacts == ("test", "sign")
    assert answer.reason == "The completion report lacks test, sign."
    assert answer.completion_report_exists is False
    assert target.runs[RUN].completed is False


def test_completion_counts_what_the_request_itself_makes() -> None:
    target = control(act(produces_artifacts=("note",), completes_run=True), types=["note"], required=["note"])
    answer = ask(target)
    assert (brief(answer), answer.created_artifact_types) == ("ok Complete", ("note",))


def test_completion_does_not_count_what_has_expired() -> None:
    clock = MovingClock()
    target = control(
        act(produces_artifacts=("note",)),
        act("done", completes_run=True),
        types=[ArtifactType("note", expires_after=60)],
        required=["note"],
        clock=clock,
    )
    ask(target)
    clock.move(60)
    assert ask(target, "done").missing_artifacts == ("note",)
    ask(target)
    clock.move(59)
    assert brief(ask(target, "done")) == "ok Complete"


def test_completion_does_not_count_a_record_of_its_own_that_expires_at_once() -> None:
    target = control(
        act(produces_artifacts=("note",), completes_run=True),
        types=[ArtifactType("note", expires_after=0)],
        required=["note"],
    )
    assert brief(ask(target)) == "nok InstructAgent"
    assert target.runs[RUN].artifacts == {}


# ---- 12. route


@pytest.mark.parametrize(
    ("mode", "completes", "route"),
    [
        (None, False, "Continue"),
        ("mock", False, "MaterializeMock"),
        ("shadow", False, "MaterializeMock"),
        ("real", False, "MaterializeAllowed"),
        (None, True, "Complete"),
        ("mock", True, "Complete"),
        ("real", True, "Complete"),
    ],
)
def test_route(mode: str | None, completes: bool, route: str) -> None:
    target = control(
        act(materialization_mode=mode, materialization_scope_fields=("to",), completes_run=completes),
        modes=["mock", "shadow", "real"],
    )
    target.approve(RUN, Approval("approver", ACT, values={"to": "x"}))
    answer = ask(target, payload={"to": "x"})
    assert brief(answer) == f"ok {route}"
    assert answer.completion_report_exists is completes
    plan = None if mode is None else {"mode": mode, "action": ACT, "scope": {"to": "x"}, "preflight": "passed"}
    assert msgspec.to_builtins(answer).get("materialization") == plan


# ---- a run and its profile


@pytest.mark.parametrize("part", ["version", "hash", "id"])
def test_a_profile_that_changes_under_a_run_is_an_error(part: str) -> None:
    first = engine()
    run = new_run(first.rules, RUN)
    other = {
        "version": engine(version="1.0.1"),
        "hash": engine(act(description="other")),
        "id": engine(),
    }[part]
    if part == "id":
        run.profile_id = "another"
    answer = other.decide(run, request(), START).response
    assert answer.status == "error"
    assert answer.route is UNSET
    assert (answer.profile_version, answer.profile_hash) == (other.rules.profile.version, other.rules.profile_hash)
    assert f"{run.profile_id} 1.0.0 ({first.rules.profile_hash})" in text(answer.reason)
    assert (answer.evidence_refs, answer.next_allowed_actions) == ((), ())


def test_a_run_that_met_another_profile_goes_on_under_its_own() -> None:
    target = control(act(produces_artifacts=("note",)), types=["note"])
    ask(target)
    before = deepcopy(target.runs[RUN])
    EngineControl(engine(version="2.0.0"), target.clock, target.runs).decide(request(key="k"))
    assert target.runs[RUN] == before
    assert brief(ask(target, key="k")) == "ok Continue"


# ---- purity


def test_decide_leaves_the_run_and_the_request_as_they_are_and_answers_alike() -> None:
    target = engine(
        act(produces_artifacts=("note",), completes_run=True),
        types=["note"],
        required=["note"],
        gates=[gate(condition={"fact_true": "stop"}, hook="look"), approval_gate(id="other")],
        declared=hooks(validator("note")),
        runtime=Answers({"look": {"status": "ok", "facts": {}}, "check": {"status": "ok", "valid": True}}),
    )
    run = new_run(target.rules, RUN)
    asked = request(payload={"deep": [{"a": 1}]}, key="k")
    before, same = deepcopy(run), deepcopy(asked)
    first = target.decide(run, asked, START)
    assert (run, asked) == (before, same)
    assert target.decide(run, asked, START) == first
    assert target.decide(deepcopy(run), deepcopy(asked), START) == first
