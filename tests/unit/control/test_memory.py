"""The engine with its runs: the envelope, runs, and what a scenario gives (control.md, 1; scenario.md, ``given``)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from pytest_fluxscenario.control.memory import EngineControl, GivenError
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.request import Actor, Approval, Given, GivenArtifact, Request
from tests.unit.control.process import (
    ACT,
    OWNER,
    RUN,
    START,
    Faulty,
    act,
    approval_gate,
    ask,
    brief,
    control,
    gate,
    request,
    text,
)

WHOLE: dict[str, Any] = {
    "protocol_version": "fst.control.v1",
    "run_id": RUN,
    "action": ACT,
    "actor": {"id": "a1", "role": "agent"},
    "payload": {},
    "idempotency_key": "k",
}


def refused(envelope: Any, says: str, run: str = RUN) -> None:
    """The envelope gets an ``error`` that says so, and leaves nothing behind."""
    target = control()
    answer = target.decide(envelope)
    rules = target.engine.rules
    assert answer.status == "error"
    assert says in text(answer.reason)
    assert text(answer.instruction).startswith("Send protocol_version 'fst.control.v1', action")
    assert answer.route is UNSET
    assert (answer.run_id, answer.profile_id, answer.profile_version) == (run, "demo", "1.0.0")
    assert answer.profile_hash == rules.profile_hash
    assert (answer.evidence_refs, answer.next_allowed_actions, answer.hook_calls) == ((), (), ())
    assert target.runs == {}


# ---- 1. envelope


def test_a_whole_envelope_is_read() -> None:
    assert brief(control().decide(WHOLE)) == "ok Continue"
    assert brief(control().decide(MappingProxyType(WHOLE))) == "ok Continue"


@pytest.mark.parametrize("name", ["run_id", "idempotency_key"])
def test_a_field_that_may_be_left_out(name: str) -> None:
    assert control().decide({key: value for key, value in WHOLE.items() if key != name}).status == "ok"
    assert control().decide({**WHOLE, name: None}).status == "ok"


@pytest.mark.parametrize("name", ["protocol_version", "action", "actor", "payload"])
def test_a_field_that_is_missing_is_named(name: str) -> None:
    refused({key: value for key, value in WHOLE.items() if key != name}, f"missing required field `{name}`")


@pytest.mark.parametrize("name", ["id", "role"])
def test_a_part_of_the_actor_that_is_missing_is_named(name: str) -> None:
    actor = {key: value for key, value in WHOLE["actor"].items() if key != name}
    refused({**WHOLE, "actor": actor}, f"missing required field `{name}` - at `$.actor`")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("protocol_version", (None, 1, [], {})),
        ("action", (None, 1, True, [], {})),
        ("actor", (None, "a", [], {})),
        ("payload", (None, "x", 1, [], [["a", 1]])),
        ("idempotency_key", (1, False, [], {})),
    ],
)
def test_a_field_of_the_wrong_type_is_refused(name: str, values: tuple[Any, ...]) -> None:
    for value in values:
        refused({**WHOLE, name: value}, f"`$.{name}`")


@pytest.mark.parametrize("value", [1, True, [], {}])
def test_a_run_id_of_the_wrong_type_is_refused_and_not_given_back(value: object) -> None:
    refused({**WHOLE, "run_id": value}, "`$.run_id`", run="")


@pytest.mark.parametrize("name", ["id", "role"])
@pytest.mark.parametrize("value", [None, 1, [], {}])
def test_a_part_of_the_actor_of_the_wrong_type_is_refused(name: str, value: object) -> None:
    refused({**WHOLE, "actor": {**WHOLE["actor"], name: value}}, f"`$.actor.{name}`")


def test_a_field_that_nobody_knows_is_refused() -> None:
    refused({**WHOLE, "approval": True}, "unknown field `approval`")
    refused({**WHOLE, "actor": {**WHOLE["actor"], "admin": True}}, "unknown field `admin`")


@pytest.mark.parametrize("version", ["fst.control.v2", "FST.control.v1", "fst.control.v1 ", ""])
def test_a_protocol_version_that_nobody_knows_is_refused(version: str) -> None:
    refused({**WHOLE, "protocol_version": version}, f"The protocol version '{version}' is not known.")
    refused(Request(ACT, Actor("a1", "agent"), {}, RUN, protocol_version=version), "is not known")


def test_a_request_of_an_unknown_version_that_names_no_run_has_an_empty_one() -> None:
    refused(Request(ACT, Actor("a1", "agent"), {}, protocol_version="v2"), "is not known", run="")


def test_what_is_shown_of_an_envelope_is_shown_safely() -> None:
    refused({**WHOLE, "protocol_version": "\x1b[2J"}, "'\\x1b[2J'")


@pytest.mark.parametrize("envelope", [None, [], "x", 1, [["action", ACT]]])
def test_what_is_no_object_is_refused(envelope: object) -> None:
    refused(envelope, "has not the shape", run="")


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), object(), {1: 2}, 2**60, "\ud800"],
    ids=["nan", "infinity", "object", "key", "integer", "surrogate"],
)
def test_what_is_no_json_is_refused(value: object) -> None:
    refused({**WHOLE, "payload": {"a": [value]}}, "has not the shape")


def test_a_payload_that_is_nested_too_deep_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    refused({**WHOLE, "payload": deep}, "has not the shape")


@pytest.mark.parametrize(
    "built",
    [
        {"action": 1},
        {"payload": None},
        {"payload": []},
        {"actor": None},
        {"actor": Actor("a1", None)},  # type: ignore[arg-type]  # what is wrong is the point
        {"actor": Actor(1, "agent")},  # type: ignore[arg-type]  # what is wrong is the point
        {"idempotency_key": 1},
        {"protocol_version": None},
    ],
)
def test_a_request_built_in_code_is_held_against_its_types(built: dict[str, Any]) -> None:
    refused(msgspec.structs.replace(request(), **built), "has not the shape")


def test_a_request_built_in_code_with_a_run_id_of_the_wrong_type_is_refused() -> None:
    refused(msgspec.structs.replace(request(), run_id=1), "has not the shape", run="")


def test_a_request_built_in_code_may_name_its_actor_as_plain_data() -> None:
    built = msgspec.structs.replace(request(), actor={"id": "a1", "role": "agent"})
    assert control().decide(built).status == "ok"


def test_a_request_built_in_code_with_the_right_types_is_decided_as_it_is() -> None:
    target = control(act(produces_artifacts=("note",)), types=["note"])
    asked = request(payload={"a": 1})
    target.decide(asked)
    assert target.runs[RUN].artifacts["note"].payload is asked.payload


# ---- runs


def test_a_request_without_a_run_begins_one_of_its_own() -> None:
    target = control()
    one, two = (target.decide(msgspec.structs.replace(request(), run_id=None)) for _ in range(2))
    assert (one.run_id, two.run_id) == ("run-1", "run-2")
    assert set(target.runs) == {"run-1", "run-2"}


def test_a_run_of_its_own_is_never_that_of_another() -> None:
    target = control()
    ask(target, run="run-2")
    assert target.decide(msgspec.structs.replace(request(), run_id=None)).run_id == "run-3"
    assert target.runs["run-2"].decisions == 1


def test_a_run_is_bound_at_its_first_request() -> None:
    target = control()
    ask(target)
    run = target.runs[RUN]
    rules = target.engine.rules
    assert (run.run_id, run.profile_id, run.profile_version, run.profile_hash) == (
        RUN,
        "demo",
        "1.0.0",
        rules.profile_hash,
    )
    changed = EngineControl(control(version="1.1.0").engine, target.clock, target.runs)
    assert ask(changed).status == "error"
    assert (run.profile_version, run.decisions) == ("1.0.0", 1)
    assert ask(changed, run="new").status == "ok"


def test_an_approval_opens_a_run_as_a_request_does() -> None:
    target = control(gates=[approval_gate()])
    target.approve(RUN, Approval(OWNER.role, OWNER.scope))
    assert brief(ask(target)) == "ok Continue"


# ---- given


NOTE = ArtifactType("note", required_fields=("text",), allowed_sources=("agent", "controller"), expires_after=60)


def given(*artifacts: GivenArtifact, **parts: Any) -> EngineControl:
    target = control(gates=[gate("process_conformance", required_artifacts=("note",))], types=[NOTE], **parts)
    target.begin(RUN, Given(artifacts=artifacts))
    return target


def test_what_is_given_is_recorded_as_such() -> None:
    target = given(GivenArtifact("note", {"text": "a"}), GivenArtifact("note", {"text": "b"}, "controller"))
    record = target.runs[RUN].artifacts["note"]
    assert (record.artifact_id, record.payload, record.source) == ("note-2", {"text": "b"}, "controller")
    assert (record.created_by, record.created_via, record.created_at) == ("scenario.given",) * 2 + (START,)
    assert record.expires_at == START.replace(minute=1)
    assert brief(ask(target)) == "ok Continue"


def test_records_are_numbered_on_from_what_is_given() -> None:
    target = control(act(produces_artifacts=("note",)), gates=[], types=["note"])
    target.begin(RUN, Given((GivenArtifact("note", {}),), (Approval("approver", "x"),)))
    assert ask(target).created_artifacts == ("note-3",)


def test_approvals_that_are_given_count() -> None:
    target = control(gates=[approval_gate()])
    target.begin(RUN, Given(approvals=(Approval(OWNER.role, OWNER.scope),)))
    assert brief(ask(target)) == "ok Continue"


@pytest.mark.parametrize(
    ("artifact", "says"),
    [
        (
            GivenArtifact("nite", {}),
            r"^given\.artifacts\[1\]: the profile has no artifact type 'nite' \(did you mean 'note'\?\)",
        ),
        (GivenArtifact("note", {}), r"lacks the required field 'text' \(give what a run could really hold\)"),
        (GivenArtifact("note", {"text": 1}, "system"), r"cannot come from the source 'system'"),
    ],
)
def test_what_a_run_could_never_hold_cannot_be_given(artifact: GivenArtifact, says: str) -> None:
    with pytest.raises(GivenError, match=says) as caught:
        given(GivenArtifact("note", {"text": "a"}), artifact)
    assert caught.value.place.pointer == ("given", "artifacts", 1)


def test_what_does_not_fit_its_schema_cannot_be_given() -> None:
    with pytest.raises(GivenError, match="does not fit its schema: /text"):
        given(GivenArtifact("note", {"text": 1}), schemas=Faulty({"note": ("/text: must be a string",)}))
