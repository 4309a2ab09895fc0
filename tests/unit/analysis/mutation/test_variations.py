"""What mutants do that no profile can say: each lets through, and stops, what it should."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.analysis.mutation.mutant import Mutant
from pytest_fluxscenario.analysis.mutation.operators import mutants_of
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.request import Actor, Approval, Environment, Given, Request
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome

from .processes import process_of

_RUN = "run-1"
_PAST = "2020-01-01T00:00:00Z"
_APPROVAL = {"type": "approval", "route": "AwaitApproval", "required_approval": {"role": "approver", "scope": "money"}}
_REAL = {"id": "pay", "materialization_mode": "real", "materialization_scope_fields": ["payee"]}


class _Failing:
    """Every hook times out."""

    def call(self, call: HookCall) -> HookOutcome:
        return HookOutcome("timeout", None, (call.hook_id,))


class _Saying:
    """Every hook says the same."""

    def __init__(self, **says: Any) -> None:
        self.says = says

    def call(self, call: HookCall) -> HookOutcome:
        return HookOutcome("ok", {"status": "ok", **self.says})


def _route(process: Process, *steps: Approval | Request, hooks: Any = None, given: Given | None = None) -> str | None:
    """The route of the last step."""
    engine = Engine(process.rules(), Environment(), process.variation.hooks(hooks or _Failing()))
    control = process.variation.control(EngineControl(engine))
    control.begin(_RUN, given or Given())
    route = None
    for step in steps:
        if isinstance(step, Approval):
            control.approve(_RUN, step)
        else:
            answer: Any = control.decide(step)
            route = answer.route
            assert answer.idempotent_replay is False or step.idempotency_key
    return route


def _pay(key: str | None = None, **payload: Any) -> Request:
    return Request("pay", Actor("one", "agent"), payload, _RUN, key)


def _one(process: Process, name: str) -> Mutant:
    return next(mutant for mutant in mutants_of(process) if mutant.id == name)


_WRONG = {
    "approval-role-ignored": Approval("agent", "money"),
    "approval-scope-ignored": Approval("approver", "mail"),
    "approval-values-ignored": Approval("approver", "money", values={"payee": "b"}),
    "approval-expiry-ignored": Approval("approver", "money", expires_at=_PAST),
    "denial-ignored": Approval("approver", "money", "denied"),
}


@pytest.mark.parametrize("name", _WRONG)
@pytest.mark.parametrize("wrong", _WRONG)
def test_a_weaker_approval_lets_through_what_is_wrong_in_one_thing(name: str, wrong: str) -> None:
    process = process_of({"gates": [{"id": "asks", **_APPROVAL}]})
    mutant = _one(process, f"{name}:approver.money")
    assert mutant.actions == frozenset({"pay"})
    assert mutant.pointer == ("gates", 0, "required_approval")
    assert _route(process, _WRONG[wrong], _pay(payee="a")) == "AwaitApproval"
    assert _route(mutant.process, _WRONG[wrong], _pay(payee="a")) == ("Continue" if name == wrong else "AwaitApproval")
    # Also where the run begins with it, and never without any.
    given = Given(approvals=(_WRONG[name],))
    assert _route(mutant.process, _pay(payee="a"), given=given) == "Continue"
    assert _route(mutant.process, _pay(payee="a")) == "AwaitApproval"
    # The newest still decides.
    denial = Approval("approver", "money", "denied")
    expected = "Continue" if name == "denial-ignored" else "AwaitApproval"
    assert _route(mutant.process, _WRONG[name], denial, _pay(payee="a")) == expected


def test_another_gate_asks_for_its_own_approval_all_the_same() -> None:
    other = {"id": "other", **_APPROVAL, "required_approval": {"role": "approver", "scope": "mail"}}
    process = process_of({"gates": [{"id": "asks", **_APPROVAL}, other]})
    changed = _one(process, "approval-scope-ignored:approver.money").process
    assert _route(changed, Approval("approver", "mail"), _pay()) == "Continue"
    assert _route(changed, Approval("approver", "money"), _pay()) == "AwaitApproval"


def test_an_approval_is_weakened_wherever_it_is_asked_for() -> None:
    gates = [{"id": "a", **_APPROVAL}, {"id": "b", **_APPROVAL, "before_action": "end"}]
    process = process_of({"actions": [{"id": "pay"}, {"id": "end"}], "gates": gates})
    mutant = _one(process, "denial-ignored:approver.money")
    assert mutant.actions == frozenset({"pay", "end"})
    first = process_of({"actions": [{"id": "pay"}, {"id": "end"}], "gates": [{"id": "stops"}, *gates]})
    assert _one(first, "denial-ignored:approver.money").equivalent == ""
    behind = process_of({"actions": [{"id": "pay"}], "gates": [{"id": "stops"}, gates[0]]})
    assert "stops" in _one(behind, "denial-ignored:approver.money").equivalent
    real = process_of({"actions": [_REAL], "gates": [{"id": "stops"}, gates[0]], "modes": ["real"]})
    assert _one(real, "denial-ignored:approver.money").equivalent == ""


def test_what_is_real_needs_an_approval_of_its_values_but_in_the_mutant() -> None:
    process = process_of({"actions": [_REAL], "gates": [{"id": "asks", **_APPROVAL}], "modes": ["real"]})
    mutant = _one(process, "real-approval-dropped:pay")
    general = Approval("approver", "money")
    assert _route(process, general, _pay(payee="a")) == "AwaitApproval"
    assert _route(mutant.process, general, _pay(payee="a")) == "MaterializeAllowed"
    assert _route(mutant.process, general, _pay()) == "Blocked"
    assert mutant.equivalent == ""
    # The values of an approval can be ignored there as well.
    values = _one(process, "approval-values-ignored:approver.money").process
    other = Approval("approver", "money", values={"payee": "b"})
    assert _route(process, other, _pay(payee="a")) == "AwaitApproval"
    assert _route(values, other, _pay(payee="a")) == "MaterializeAllowed"
    unlisted = process_of({"actions": [_REAL]})
    assert _one(unlisted, "real-approval-dropped:pay").equivalent
    assert _one(unlisted, "approval-role-ignored:approver.pay").pointer == ("actions", 0, "materialization_mode")


@pytest.mark.parametrize(
    ("part", "replay", "conflict"),
    [("keys", "AskUser", "Continue"), ("replays", "AskUser", "Blocked"), ("conflicts", "Continue", "Continue")],
)
def test_a_key_means_less(part: str, replay: str, conflict: str) -> None:
    gate = {"id": "once", "type": "decision", "route": "AskUser", "required_artifacts": ["never"]}
    process = process_of({"gates": [{**gate, "condition": {"payload_equals": {"late": True}}}]})
    changed = _one(process, f"idempotency-ignored:{part}").process
    assert _route(process, _pay("k", a=1), _pay("k", a=2)) == "Blocked"
    assert _route(changed, _pay("k", a=1), _pay("k", a=2)) == conflict
    # What was answered before completion is answered again, unless it is decided anew.
    ends = process_of({"actions": [{"id": "pay", "completes_run": True}]})
    again = _one(ends, f"idempotency-ignored:{part}").process
    assert _route(ends, _pay("k"), _pay("k")) == "Complete"
    assert _route(again, _pay("k"), _pay("k")) == ("Blocked" if replay == "AskUser" else "Complete")


def test_facts_are_ignored_and_failures_still_stop() -> None:
    gate = {"id": "a", "condition": {"fact_true": "late"}, "hook": "h", "on_hook_failure": "AskUser"}
    process = process_of({"gates": [gate], "hooks": [{"id": "h", "type": "condition.evaluate"}]})
    late, punctual = _Saying(facts={"late": True}), _Saying(facts={"late": False})
    deaf = _one(process, "facts-ignored:a").process
    assert [_route(process, _pay(), hooks=one) for one in (late, punctual, None)] == ["Blocked", "Continue", "AskUser"]
    assert [_route(deaf, _pay(), hooks=one) for one in (late, punctual, None)] == ["Continue", "Continue", "AskUser"]
    opposite = _one(process, "condition-negated:a").process
    assert [_route(opposite, _pay(), hooks=one) for one in (late, punctual, None)] == ["Continue", "Blocked", "AskUser"]
    careless = _one(process, "hook-failure-ignored:h")
    assert careless.actions == frozenset({"pay"})
    assert [_route(careless.process, _pay(), hooks=one) for one in (late, punctual, None)] == [
        "Blocked",
        "Continue",
        "Continue",
    ]


def test_a_validation_that_fails_is_ignored_and_one_that_refuses_is_not() -> None:
    hook = {"id": "h", "type": "artifact.validate", "input_artifact_type": "quote", "on_failure": "AskUser"}
    action = {"id": "pay", "produces_artifacts": ["quote"]}
    process = process_of({"artifact_types": [{"id": "quote"}], "actions": [action], "hooks": [hook]})
    careless = _one(process, "hook-failure-ignored:h").process
    weaker = _one(process, "route-weakened:h.on_failure").process
    refuses = _Saying(valid=False)
    assert _route(process, _pay()) == "AskUser"
    assert _route(careless, _pay()) == "Continue"
    assert _route(careless, _pay(), hooks=refuses) == "InstructAgent"
    assert _route(weaker, _pay()) == "InstructAgent"
    idle = process_of({"hooks": [{"id": "h", "type": "condition.evaluate"}]})
    assert "nothing asks" in _one(idle, "hook-failure-ignored:h").equivalent
