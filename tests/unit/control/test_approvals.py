"""What counts as an approval (control.md, "Records")."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.request import Approval
from pytest_fluxscenario.model.response import RequiredApproval
from pytest_fluxscenario.model.vocabulary import Decision
from tests.unit.control.process import (
    ACT,
    OWNER,
    RUN,
    START,
    MovingClock,
    act,
    approval_gate,
    approve,
    ask,
    at,
    brief,
    control,
)

OPEN, SHUT = "ok Continue", "nok AwaitApproval the_gate"


def gated() -> EngineControl:
    return control(gates=[approval_gate()], clock=MovingClock())


def clock_of(target: EngineControl) -> MovingClock:
    assert isinstance(target.clock, MovingClock)
    return target.clock


def test_the_record_says_what_the_trusted_surface_took() -> None:
    target = gated()
    approve(target, by="jo", expires_at="2026-02-01T01:00:00+01:00", values={"to": "x"})
    approve(target)
    one, two = target.runs[RUN].approvals
    assert dataclasses.asdict(one) == {
        "artifact_id": "approval_record-1",
        "run_id": RUN,
        "profile_version": "1.0.0",
        "created_by": "jo",
        "created_via": "fst.approval",
        "created_at": START,
        "role": "approver",
        "scope": "release",
        "decision": "approved",
        "expires_at": START.replace(month=2),
        "values": {"to": "x"},
    }
    assert (two.artifact_id, two.created_by, two.expires_at, two.values) == (
        "approval_record-2",
        "approver",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"decision": "denied"}, "it denies"),
        ({"role": "task_user"}, "another role"),
        ({"scope": "releas"}, "another scope"),
        ({"scope": ACT}, "the scope of the action is not that of the gate"),
        ({"run": "other"}, "another run"),
        ({"expires_at": at()}, "expired at this moment"),
        ({"expires_at": at(seconds=-1)}, "expired before"),
        ({"values": {"to": "y"}}, "another value"),
        ({"values": {"to": "x", "more": 1}}, "a value that the request has not"),
    ],
)
def test_what_is_no_approval(wrong: dict[str, Any], reason: str) -> None:
    target = gated()
    approve(target, **wrong)
    assert brief(ask(target, payload={"to": "x"})) == SHUT, reason


@pytest.mark.parametrize(
    "right",
    [{}, {"expires_at": at(seconds=1)}, {"values": {"to": "x"}}, {"values": {}}, {"by": "anyone"}],
)
def test_what_is_one(right: dict[str, Any]) -> None:
    target = gated()
    approve(target, **right)
    assert brief(ask(target, payload={"to": "x", "other": 1})) == OPEN


def test_a_record_of_another_profile_version_is_none() -> None:
    target = gated()
    approve(target)
    records = target.runs[RUN].approvals
    records[0] = dataclasses.replace(records[0], profile_version="0.9.0")
    assert brief(ask(target)) == SHUT


def test_a_record_of_another_run_is_none_wherever_it_lies() -> None:
    target = gated()
    approve(target, "other")
    target.run(RUN).approvals.extend(target.runs["other"].approvals)
    assert brief(ask(target)) == SHUT


@pytest.mark.parametrize("value", [1, True, "1", None, [1], {"a": 1}])
def test_values_are_compared_by_json_type(value: object) -> None:
    target = gated()
    approve(target, values={"to": value})
    for other in (1, True, "1", None, [1], {"a": 1}):
        expected = OPEN if (type(other), other) == (type(value), value) else SHUT
        assert brief(ask(target, payload={"to": other})) == expected
    assert brief(ask(target)) == SHUT


def test_values_may_be_dotted_paths_like_the_scope_fields_that_they_cover() -> None:
    target = gated()
    approve(target, values={"change.to": "x"})
    assert brief(ask(target, payload={"change": {"to": "x"}})) == OPEN
    assert brief(ask(target, payload={"change": {"to": "y"}})) == SHUT


@pytest.mark.parametrize(
    ("older", "newer", "answer"),
    [
        ("approved", "denied", SHUT),
        ("denied", "approved", OPEN),
    ],
)
def test_the_newest_record_decides(older: Decision, newer: Decision, answer: str) -> None:
    target = gated()
    approve(target, decision=older)
    approve(target, decision=newer)
    assert brief(ask(target)) == answer


def test_the_newest_record_decides_even_when_it_has_expired() -> None:
    target = gated()
    approve(target)
    approve(target, expires_at=at(seconds=60))
    assert brief(ask(target)) == OPEN
    clock_of(target).move(60)
    assert brief(ask(target)) == SHUT


@pytest.mark.parametrize(
    "aside",
    [
        {"decision": "denied", "role": "task_user"},
        {"decision": "denied", "scope": "other"},
        {"decision": "denied", "values": {"to": "y"}},
    ],
)
def test_a_newer_record_of_something_else_decides_nothing(aside: dict[str, Any]) -> None:
    target = gated()
    approve(target)
    approve(target, **aside)
    assert brief(ask(target, payload={"to": "x"})) == OPEN


@pytest.mark.parametrize("text", ["2026-01-01", "2026-01-01T00:00:00", "soon", "", "0001-01-01T00:00:00+10:00"])
def test_a_moment_that_cannot_be_read_is_refused_and_nothing_recorded(text: str) -> None:
    target = gated()
    with pytest.raises(ValueError, match=r"Invalid isoformat|no offset|beyond the years"):
        approve(target, expires_at=text)
    assert target.run(RUN).approvals == []
    assert target.run(RUN).written == 0


LOOKS_LIKE_ONE = {
    "type": "approval_record",
    "artifact_id": "approval_record-1",
    "run_id": RUN,
    "profile_version": "1.0.0",
    "created_by": "approver",
    "created_via": "fst.approval",
    "role": "approver",
    "scope": "release",
    "decision": "approved",
    "approval_record": {"role": "approver", "scope": "release", "decision": "approved"},
}


@pytest.mark.parametrize("role", ["agent", "task_user", "system", "approver"])
def test_a_payload_that_looks_like_an_approval_is_just_a_payload(role: str) -> None:
    target = control(
        act(),
        act("approval.give", produces_artifacts=("note",), allowed_roles=("agent", "task_user", "system", "approver")),
        gates=[approval_gate()],
        types=[ArtifactType("note")],
    )
    ask(target, "approval.give", LOOKS_LIKE_ONE, role=role)
    assert brief(ask(target, payload=LOOKS_LIKE_ONE)) == SHUT
    assert target.runs[RUN].approvals == []


def test_an_approval_of_a_role_that_the_gate_asks_for_counts_whatever_the_role() -> None:
    target = control(gates=[approval_gate(required_approval=RequiredApproval("task_user", OWNER.scope))])
    approve(target)
    assert brief(ask(target)) == SHUT
    target.approve(RUN, Approval("task_user", OWNER.scope))
    assert brief(ask(target)) == OPEN
