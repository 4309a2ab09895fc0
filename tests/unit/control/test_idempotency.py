"""Idempotency keys (control.md, 3)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.control.answers import no_answer
from pytest_fluxscenario.control.idempotency import fingerprint, remember
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION
from pytest_fluxscenario.runtimes.none import NoHooks
from tests.unit.control.process import (
    ACT,
    RUN,
    START,
    Answers,
    act,
    approval_gate,
    approve,
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


def noting(runtime: Any = None) -> EngineControl:
    return control(
        act(produces_artifacts=("note",)),
        act("other.one"),
        types=["note"],
        declared=hooks(validator("note")),
        runtime=runtime or Answers({"check": {"status": "ok", "valid": True}}),
    )


def test_a_replay_gives_the_stored_answer_and_has_no_effect() -> None:
    runtime = Answers({"check": {"status": "ok", "valid": True}})
    target = noting(runtime)
    first = ask(target, payload={"a": 1}, key="k")
    before = deepcopy(target.runs[RUN])
    replay = ask(target, payload={"a": 1}, key="k")
    assert first.idempotent_replay is False
    assert replay == msgspec.structs.replace(first, idempotent_replay=True)
    assert ask(target, payload={"a": 1}, key="k") == replay
    assert target.runs[RUN] == before
    assert len(runtime.calls) == 1


def test_without_a_key_the_same_request_is_decided_again() -> None:
    target = noting()
    assert ask(target).created_artifacts == ("note-1",)
    assert ask(target).created_artifacts == ("note-2",)
    assert target.runs[RUN].answers == {}


@pytest.mark.parametrize(
    "other",
    [
        {"payload": {"a": 2}},
        {"payload": {"a": True}},
        {"payload": {"a": "1"}},
        {"payload": {"a": 1, "b": None}},
        {"payload": {}},
        {"action": "other.one", "payload": {"a": 1}},
        {"action": "no.such", "payload": {"a": 1}},
        {"action": CONTRACT_ACTION, "payload": {"a": 1}},
        {"payload": {"a": 1}, "actor": "a2"},
        {"payload": {"a": 1}, "role": "system"},
    ],
)
def test_anything_different_under_the_same_key_is_a_conflict(other: dict[str, Any]) -> None:
    target = noting()
    first = ask(target, payload={"a": 1}, key="k")
    records = dict(target.runs[RUN].artifacts)
    answer = ask(target, key="k", **other)
    assert brief(answer) == "nok Blocked"
    assert (answer.idempotency_conflict, answer.idempotent_replay) == (True, False)
    assert "used before" in text(answer.reason)
    assert target.runs[RUN].artifacts == records
    assert ask(target, payload={"a": 1}, key="k") == msgspec.structs.replace(first, idempotent_replay=True)


def test_the_same_json_written_otherwise_is_the_same_request() -> None:
    target = noting()
    ask(target, payload={"a": 1, "b": [1.0, "\U0001f600"]}, key="k")
    assert ask(target, payload={"b": [1, "\U0001f600"], "a": 1.0}, key="k").idempotent_replay is True


def test_a_key_belongs_to_its_run() -> None:
    target = noting()
    ask(target, payload={"a": 1}, key="k")
    answer = ask(target, payload={"a": 2}, key="k", run="other")
    assert (brief(answer), answer.idempotent_replay) == ("ok Continue", False)


def test_keys_are_compared_as_they_are() -> None:
    target = noting()
    ask(target, payload={"a": 1}, key="k")
    for key in ("K", "k ", ""):
        assert ask(target, payload={"a": 2}, key=key).status == "ok"
    assert ask(target, payload={"a": 2}, key="").idempotent_replay is True


def test_a_refusal_is_stored_too_even_when_its_reason_has_gone() -> None:
    target = control(gates=[approval_gate()])
    first = ask(target, key="k")
    approve(target)
    replay = ask(target, key="k")
    assert (brief(replay), replay.idempotent_replay) == ("nok AwaitApproval the_gate", True)
    assert replay.evidence_refs == first.evidence_refs
    assert brief(ask(target, key="new")) == "ok Continue"


@pytest.mark.parametrize("action", [CONTRACT_ACTION, "no.such"])
def test_the_contract_and_unknown_actions_are_stored_like_all_others(action: str) -> None:
    target = noting()
    ask(target, action, key="k")
    assert ask(target, action, key="k").idempotent_replay is True


def test_what_a_completed_run_refuses_is_stored_as_well() -> None:
    target = control(act(completes_run=True))
    ask(target, key="done")
    ask(target, key="late")
    late = ask(target, key="late")
    assert (brief(late), late.idempotent_replay) == ("nok Blocked", True)


def test_an_error_is_not_stored_so_that_it_can_be_tried_again() -> None:
    target = noting()
    ask(target)
    changed = EngineControl(engine(version="2.0.0"), target.clock, target.runs)
    assert ask(changed, key="k").status == "error"
    assert target.runs[RUN].answers == {}
    answer = ask(target, payload={"other": 1}, key="k")
    assert (brief(answer), answer.idempotent_replay) == ("ok Continue", False)


def test_a_decision_about_the_actor_is_not_stored_so_that_nobody_else_can_use_up_a_key() -> None:
    target = noting()
    for role in ("approver", "nobody"):
        for _ in range(2):
            answer = ask(target, key="k", role=role)
            assert (brief(answer), answer.idempotent_replay) == ("nok Blocked", False)
    assert target.runs[RUN].answers == {}
    assert ask(target, key="k").status == "ok"


def test_a_hook_that_nothing_can_run_stores_nothing() -> None:
    target = noting(NoHooks("demo"))
    with pytest.raises(Exception, match="the hook 'check' is needed"):
        ask(target, key="k")
    assert target.runs[RUN].answers == {}
    assert target.runs[RUN].decisions == 0


def test_the_fingerprint_leaves_out_what_is_not_asked() -> None:
    one = fingerprint(request(payload={"a": 1}, key="k"))
    assert one == fingerprint(request(payload={"a": 1}, key="other", run="other"))
    assert one.startswith("sha256:")
    assert one != fingerprint(request("other.one", {"a": 1}))


def test_an_error_is_not_remembered_wherever_it_comes_from() -> None:
    error = no_answer("why", "what", RUN)
    assert remember(error, request(key="k")) is error


def test_without_a_key_there_is_nothing_to_store() -> None:
    effects = noting().engine.decide(noting().run(RUN), request(), START).effects
    assert (effects.key, effects.stored) == (None, None)


def test_a_gate_is_not_evaluated_for_a_replay() -> None:
    runtime = Answers({"look": {"status": "ok", "facts": {"x": True}}})
    target = control(gates=[gate(condition={"fact_true": "x"}, hook="look")], runtime=runtime)
    ask(target, ACT, key="k")
    ask(target, ACT, key="k")
    assert len(runtime.calls) == 1
