"""The preflight of actions that materialize (control.md, 10)."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.request import Approval
from pytest_fluxscenario.model.response import Materialization, RequiredApproval
from pytest_fluxscenario.model.vocabulary import Mode
from tests.unit.control.process import ACT, RUN, MovingClock, act, approval_gate, approve, ask, at, brief, control, text

TO = {"to": "x", "change": {"ref": "r1"}}
SCOPE = {"to": "x", "change.ref": "r1"}
ALLOWED, WAITING = "ok MaterializeAllowed", "nok AwaitApproval"


def materializes(mode: Mode, modes: tuple[Mode, ...] = (), **parts: Any) -> EngineControl:
    one = act(materialization_mode=mode, materialization_scope_fields=tuple(SCOPE), produces_artifacts=("out",))
    kind = ArtifactType("out", allowed_sources=("controller",))
    return control(one, types=[kind], modes=modes, clock=MovingClock(), **parts)


def real(**parts: Any) -> EngineControl:
    return materializes("real", ("real",), **parts)


def give(target: EngineControl, **more: Any) -> None:
    target.approve(RUN, Approval(**{"role": "approver", "scope": ACT, "values": SCOPE, **more}))


# ---- the mode


@pytest.mark.parametrize(
    ("mode", "modes", "allowed"),
    [
        ("mock", (), True),
        ("shadow", (), True),
        ("real", (), False),
        ("mock", ("mock",), True),
        ("shadow", ("mock",), False),
        ("mock", ("real",), False),
        ("real", ("real", "mock"), True),
    ],
)
def test_the_mode_is_one_that_the_manifest_lists(mode: Mode, modes: tuple[Mode, ...], allowed: bool) -> None:
    target = materializes(mode, modes)
    give(target)
    answer = ask(target, payload=TO)
    assert answer.status == ("ok" if allowed else "nok")
    if not allowed:
        assert brief(answer) == "nok Blocked"
        listed = ", ".join(sorted(modes or ("mock", "shadow")))
        assert answer.reason == (
            f"The materialization mode '{mode}' of {ACT} is not one that the pack requires ({listed})."
        )
        assert target.runs[RUN].artifacts == {}


# ---- the scope


@pytest.mark.parametrize("mode", ["mock", "shadow", "real"])
@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_every_scope_field_is_there_and_not_empty(mode: Mode, empty: object) -> None:
    target = materializes(mode, ("mock", "shadow", "real"))
    give(target)
    answer = ask(target, payload={"to": empty, "change": {"ref": "r1"}})
    assert brief(answer) == "nok Blocked"
    assert answer.reason == f"The materialization scope of {ACT} lacks 'to'."
    assert answer.instruction == "Give 'to' in the payload."
    assert "'to', 'change.ref'" in text(ask(target).reason)
    assert "lacks 'change.ref'." in text(ask(target, payload={"to": "x", "change": {"ref": empty}}).reason)
    assert target.runs[RUN].artifacts == {}


@pytest.mark.parametrize("value", [0, False, "x"])
def test_a_scope_value_that_is_not_empty_is_planned_as_it_is(value: object) -> None:
    answer = ask(materializes("mock"), payload={"to": value, "change": {"ref": "r1"}})
    assert answer.materialization == Materialization("mock", ACT, {"to": value, "change.ref": "r1"}, "passed")


# ---- the approval of a real one


def test_a_real_one_waits_for_an_approval_and_says_for_which() -> None:
    target = real()
    answer = ask(target, payload=TO)
    assert brief(answer) == WAITING
    assert answer.required_approval == RequiredApproval("approver", ACT)
    assert text(answer.instruction).startswith(f"Ask the role 'approver' to approve '{ACT}'")
    assert target.runs[RUN].artifacts == {}
    give(target)
    allowed = ask(target, payload=TO)
    assert brief(allowed) == ALLOWED
    assert allowed.materialization == Materialization("real", ACT, SCOPE, "passed")


@pytest.mark.parametrize("mode", ["mock", "shadow"])
def test_others_wait_for_none(mode: Mode) -> None:
    assert brief(ask(materializes(mode), payload=TO)) == "ok MaterializeMock"


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": None},
        {"values": {}},
        {"values": {"to": "x"}},
        {"values": {**SCOPE, "more": 1}},
        {"values": {**SCOPE, "to": "y"}},
        {"values": {**SCOPE, "to": ["x"]}},
        {"decision": "denied"},
        {"scope": "other.action"},
        {"scope": "release"},
        {"role": "task_user"},
        {"expires_at": at()},
    ],
)
def test_what_does_not_cover_it(wrong: dict[str, Any]) -> None:
    target = real()
    give(target, **wrong)
    assert brief(ask(target, payload=TO)) == WAITING


def test_an_approval_of_another_run_does_not_cover_it() -> None:
    target = real()
    target.approve("other", Approval("approver", ACT, values=SCOPE))
    assert brief(ask(target, payload=TO)) == WAITING
    assert brief(ask(target, payload=TO, run="other")) == ALLOWED


def test_it_covers_these_values_and_no_others() -> None:
    target = real()
    give(target)
    assert brief(ask(target, payload={**TO, "aside": 1})) == ALLOWED
    assert brief(ask(target, payload={**TO, "to": "y"})) == WAITING
    assert brief(ask(target, payload={**TO, "to": True})) == WAITING


def test_it_covers_while_it_lasts() -> None:
    target = real()
    give(target, expires_at=at(seconds=60))
    clock = target.clock
    assert isinstance(clock, MovingClock)
    assert brief(ask(target, payload=TO)) == ALLOWED
    clock.move(60)
    assert brief(ask(target, payload=TO)) == WAITING


@pytest.mark.parametrize(
    ("newer", "answer"),
    [
        ({"decision": "denied"}, WAITING),
        ({"decision": "denied", "values": None}, WAITING),
        ({"decision": "denied", "values": {}}, WAITING),
        ({"decision": "denied", "values": {"to": "x"}}, WAITING),
        ({"decision": "denied", "values": {"to": "y"}}, ALLOWED),
        ({"decision": "denied", "scope": "other"}, ALLOWED),
        ({"expires_at": at(seconds=-1)}, WAITING),
        ({"expires_at": at(seconds=-1), "values": None}, ALLOWED),
        ({"expires_at": at(seconds=-1), "values": {**SCOPE, "to": "y"}}, ALLOWED),
    ],
)
def test_the_newest_record_that_speaks_of_the_request_decides(newer: dict[str, Any], answer: str) -> None:
    target = real()
    give(target)
    give(target, **newer)
    assert brief(ask(target, payload=TO)) == answer


def test_an_approval_after_a_denial_covers_only_with_the_values() -> None:
    target = real()
    give(target, decision="denied")
    give(target, values=None)
    assert brief(ask(target, payload=TO)) == WAITING
    give(target)
    assert brief(ask(target, payload=TO)) == ALLOWED


def test_the_approval_of_a_gate_before_the_action_covers_it_when_it_has_the_values() -> None:
    target = real(gates=[approval_gate()])
    assert brief(ask(target, payload=TO)) == "nok AwaitApproval the_gate"
    approve(target)
    waiting = ask(target, payload=TO)
    assert brief(waiting) == WAITING
    assert waiting.required_approval == RequiredApproval("approver", "release")
    approve(target, values=SCOPE)
    assert brief(ask(target, payload=TO)) == ALLOWED


def test_the_approval_that_is_asked_for_is_one_that_this_request_needs() -> None:
    risky = approval_gate(
        id="only_risky",
        condition={"payload_equals": {"risk": "high"}},
        required_approval=RequiredApproval("approver", "r"),
    )
    target = real(gates=[risky, approval_gate()])
    approve(target)
    assert ask(target, payload=TO).required_approval == RequiredApproval("approver", "release")
    target = real(gates=[risky])
    assert ask(target, payload=TO).required_approval == RequiredApproval("approver", ACT)


def test_the_gate_needs_an_approval_of_its_own_scope() -> None:
    target = real(gates=[approval_gate()])
    give(target)
    assert brief(ask(target, payload=TO)) == "nok AwaitApproval the_gate"


def test_the_approval_of_a_gate_of_another_kind_or_before_another_action_covers_nothing() -> None:
    target = control(
        act(materialization_mode="real", materialization_scope_fields=tuple(SCOPE)),
        act("other.one"),
        gates=[approval_gate(before_action="other.one")],
        modes=["real"],
    )
    approve(target, values=SCOPE)
    assert brief(ask(target, payload=TO)) == WAITING


# ---- the source


@pytest.mark.parametrize("more", [{"materialization_mode": "mock", "materialization_scope_fields": ("to",)}, {}])
def test_what_a_materializing_or_completing_action_makes_comes_from_the_controller(more: dict[str, Any]) -> None:
    kind = ArtifactType("out", allowed_sources=("controller",))
    one = act(produces_artifacts=("out",), completes_run=not more, **more)
    target = control(one, types=[kind])
    assert ask(target, payload=TO).status == "ok"
    assert target.runs[RUN].artifacts["out"].source == "controller"
    plain = control(act(produces_artifacts=("out",)), types=[kind])
    assert brief(ask(plain)) == "nok InstructAgent"
