"""Candidates and records of artifacts (control.md, 9 and "Records")."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from msgspec import UNSET

from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.runtimes.faulted import FaultedHooks
from tests.unit.control.process import (
    ACT,
    RUN,
    START,
    Answers,
    Faulty,
    MovingClock,
    act,
    ask,
    brief,
    control,
    hooks,
    text,
    validator,
)

NOTE = ArtifactType("note", required_fields=("text", "by.name"))
GOOD: dict[str, Any] = {"text": "x", "by": {"name": "jo"}}
VALID = {"status": "ok", "valid": True}


def making(*kinds: ArtifactType, **parts: Any) -> EngineControl:
    return control(act(produces_artifacts=tuple(kind.id for kind in kinds)), types=kinds, **parts)


def held(target: EngineControl) -> dict[str, str]:
    return {kind: record.artifact_id for kind, record in target.run(RUN).artifacts.items()}


# ---- the record


def test_the_record_says_where_it_comes_from() -> None:
    target = making(ArtifactType("note"), clock=MovingClock())
    answer = ask(target, payload=GOOD, actor="bot-7", role="system")
    assert (answer.created_artifacts, answer.created_artifact_types) == (("note-1",), ("note",))
    assert dataclasses.asdict(target.runs[RUN].artifacts["note"]) == {
        "artifact_id": "note-1",
        "type": "note",
        "run_id": RUN,
        "profile_version": "1.0.0",
        "created_by": "bot-7",
        "created_via": "fst.control",
        "source": "system",
        "created_at": START,
        "payload": GOOD,
        "expires_at": None,
        "valid": True,
    }


def test_a_later_record_of_the_type_supersedes_the_earlier() -> None:
    target = making(ArtifactType("note"), ArtifactType("test"))
    assert ask(target).created_artifacts == ("note-1", "test-2")
    assert ask(target).created_artifacts == ("note-3", "test-4")
    assert held(target) == {"note": "note-3", "test": "test-4"}


def test_a_later_record_supersedes_even_when_it_expires_first() -> None:
    clock = MovingClock()
    target = making(ArtifactType("note", expires_after=10), clock=clock)
    ask(target)
    clock.move(5)
    ask(target)
    clock.move(9)
    assert target.runs[RUN].holds("note", clock.now())
    clock.move(1)
    assert not target.runs[RUN].holds("note", clock.now())


def test_a_refused_request_does_not_supersede() -> None:
    target = making(NOTE)
    ask(target, payload=GOOD)
    ask(target, payload={})
    assert held(target) == {"note": "note-1"}


# ---- required fields


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        ({}, "text"),
        ({**GOOD, "text": None}, "text"),
        ({"text": "x"}, "by.name"),
        ({"text": "x", "by": "jo"}, "by.name"),
        ({"text": "x", "by": {"name": None}}, "by.name"),
    ],
)
def test_a_required_field_is_there_when_it_is_present_and_not_null(payload: dict[str, Any], name: str) -> None:
    answer = ask(making(NOTE), payload=payload)
    assert brief(answer) == "nok InstructAgent"
    assert answer.reason == f"The artifact note lacks the required field '{name}'."
    assert answer.instruction == f"Correct the payload of {ACT} and send it again."
    assert answer.created_artifacts is UNSET


@pytest.mark.parametrize("value", ["", [], {}, 0, False])
def test_an_empty_value_is_there(value: object) -> None:
    assert brief(ask(making(NOTE), payload={**GOOD, "text": value})) == "ok Continue"


# ---- schema


def test_a_fault_of_the_schema_is_named_with_its_path() -> None:
    found = Faulty({"note": ("/text: must be a string", "/by: more")})
    answer = ask(making(NOTE, schemas=found), payload=GOOD)
    assert brief(answer) == "nok InstructAgent"
    assert answer.reason == "The artifact note does not fit its schema: /text: must be a string"


def test_the_schema_is_that_of_the_type() -> None:
    assert brief(ask(making(NOTE, schemas=Faulty({"test": ("no",)})), payload=GOOD)) == "ok Continue"


# ---- sources


@pytest.mark.parametrize(
    ("sources", "role", "admitted"),
    [
        (None, "agent", True),
        (None, "system", True),
        (("agent",), "agent", True),
        (("system", "agent"), "system", True),
        (("system",), "agent", False),
        (("controller",), "agent", False),
        ((), "agent", False),
    ],
)
def test_the_source_is_the_role_of_the_actor_and_must_be_allowed(
    sources: tuple[str, ...] | None, role: str, admitted: bool
) -> None:
    target = making(ArtifactType("note", allowed_sources=sources))
    answer = ask(target, role=role)
    if admitted:
        assert (brief(answer), target.runs[RUN].artifacts["note"].source) == ("ok Continue", role)
    else:
        assert brief(answer) == "nok InstructAgent"
        assert answer.reason == f"The artifact note cannot come from the source '{role}'."
        assert held(target) == {}


# ---- hooks


def validated(answer: dict[str, Any], **parts: Any) -> tuple[EngineControl, Answers]:
    runtime = Answers({"check": answer})
    return making(NOTE, declared=hooks(validator("note")), runtime=runtime, **parts), runtime


def test_a_hook_that_says_valid_is_asked_with_type_and_payload() -> None:
    target, runtime = validated(VALID)
    answer = ask(target, payload=GOOD)
    assert brief(answer) == "ok Continue"
    assert [(call.hook_id, call.status) for call in answer.hook_calls] == [("check", "ok")]
    (call,) = runtime.calls
    assert (call.hook_id, call.input_artifact_type, call.payload, call.run_id) == ("check", "note", GOOD, RUN)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"status": "ok", "valid": False, "diagnostics": ["too short", "too dull"]}, "too short; too dull"),
        ({"status": "ok", "valid": False}, "the hook gave no reason"),
        ({"status": "ok", "valid": None, "diagnostics": []}, "the hook gave no reason"),
        ({"status": "ok"}, "the hook gave no reason"),
    ],
)
def test_a_hook_that_does_not_say_valid_refuses_with_its_diagnostics(answer: dict[str, Any], says: str) -> None:
    target, _ = validated(answer)
    refused = ask(target, payload=GOOD)
    assert brief(refused) == "nok InstructAgent"
    assert refused.reason == f"The artifact note is not valid: {says}"
    assert [call.status for call in refused.hook_calls] == ["ok"]
    assert held(target) == {}


@pytest.mark.parametrize("fault", ["timeout", "crash", "error", "invalid_json", "forbidden_field"])
@pytest.mark.parametrize(("says", "route"), [(None, "Blocked"), ("AskUser", "AskUser")])
def test_a_hook_that_fails_gives_the_route_that_it_names(says: str | None, route: str, fault: str) -> None:
    target = making(
        NOTE,
        declared=hooks(validator("note", on_failure=says)),
        runtime=FaultedHooks(Answers(), {"check": fault}),
    )
    answer = ask(target, payload=GOOD)
    assert brief(answer) == f"nok {route}"
    assert text(answer.reason).startswith("The hook 'check', which validates note, failed: ")
    assert "; ".join(answer.hook_calls[0].diagnostics) in text(answer.reason)
    assert [call.status for call in answer.hook_calls] == [fault]
    assert held(target) == {}


def test_every_hook_of_the_type_must_say_valid_and_no_other_is_asked() -> None:
    declared = hooks(validator("note", "one"), validator("note", "two"), validator("test", "three"))
    runtime = Answers({"one": VALID, "two": {"status": "ok", "valid": False, "diagnostics": ["no"]}})
    target = making(NOTE, declared=declared, runtime=runtime)
    answer = ask(target, payload=GOOD)
    assert answer.reason == "The artifact note is not valid: no"
    assert [call.hook_id for call in runtime.calls] == ["one", "two"]


# ---- all or none


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    "parts",
    [
        {"schemas": Faulty({"test": ("no",)})},
        {
            "declared": hooks(validator("test")),
            "runtime": Answers({"check": {"status": "ok", "valid": False}}),
        },
        {"declared": hooks(validator("test")), "runtime": FaultedHooks(Answers(), {"check": "crash"})},
    ],
    ids=["schema", "invalid", "failed"],
)
def test_no_candidate_is_admitted_when_one_is_refused(order: tuple[int, int], parts: dict[str, Any]) -> None:
    kinds = (ArtifactType("note"), ArtifactType("test"))
    target = making(kinds[order[0]], kinds[order[1]], **parts)
    answer = ask(target)
    assert answer.status == "nok"
    assert "test" in text(answer.reason)
    assert answer.created_artifacts is UNSET
    assert held(target) == {}
    assert target.runs[RUN].written == 0


def test_an_action_that_makes_nothing_says_so() -> None:
    answer = ask(control())
    assert (answer.created_artifacts, answer.created_artifact_types) == ((), ())
