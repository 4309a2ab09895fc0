"""A small process with one of everything that a proof looks at, and engines that are broken in one thing each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.base.values import lookup, same
from pytest_fluxscenario.control import engine, gates, idempotency, materialization
from pytest_fluxscenario.control.answers import Decision, refuse
from pytest_fluxscenario.control.state import ApprovalRecord, Effects, Run

#: A draft, an approval of its risk where there is one, a real act on exactly what was approved, and the end.
PROFILE: dict[str, Any] = {
    "artifact_types": [
        {"id": "draft", "required_fields": ["text"], "allowed_sources": ["agent"]},
        {"id": "deed", "allowed_sources": ["controller"]},
    ],
    "actions": [
        {"id": "draft.write", "produces_artifacts": ["draft"]},
        {
            "id": "deed.do",
            "produces_artifacts": ["deed"],
            "materialization_mode": "real",
            "materialization_scope_fields": ["path"],
        },
        {"id": "work.end", "completes_run": True, "allowed_roles": ["agent", "task_user"]},
    ],
    "gates": [
        {
            "id": "no_secrets",
            "type": "decision",
            "before_action": "draft.write",
            "condition": {"payload_contains_any": ["password"]},
            "route": "Blocked",
        },
        {
            "id": "facts_are_right",
            "type": "decision",
            "before_action": "draft.write",
            "condition": {"payload_equals": {"checked": True}, "fact_true": "wrong"},
            "hook": "look",
            "route": "InstructAgent",
        },
        {
            "id": "deed_needs_draft",
            "type": "process_conformance",
            "before_action": "deed.do",
            "route": "InstructAgent",
            "required_artifacts": ["draft"],
        },
        {
            "id": "deed_needs_approval",
            "type": "approval",
            "before_action": "deed.do",
            "route": "AwaitApproval",
            "required_approval": {"role": "approver", "scope": "deed"},
        },
        {
            "id": "end_needs_approval",
            "type": "approval",
            "before_action": "work.end",
            "route": "AwaitApproval",
            "required_approval": {"role": "approver", "scope": "end"},
        },
    ],
    "completion_report": {"required": ["draft", "deed"]},
}
HOOKS = {"look": "condition.evaluate", "valid": "artifact.validate"}

Patch = Callable[[pytest.MonkeyPatch], None]
_NOW = StandingClock().now()
_ENGINE = "pytest_fluxscenario.control.engine"


def _without_gate(name: str) -> Patch:
    real = gates.first_gate

    def first_gate(rules: Any, run: Any, stand: Any, *rest: Any) -> Any:
        return real(rules, run, tuple(one for one in stand if one.gate.id != name), *rest)

    return lambda patch: patch.setattr(f"{_ENGINE}.first_gate", first_gate)


def _gate_approval(says: Callable[[Run, Any, dict[str, Any], Any], bool]) -> Patch:
    return lambda patch: patch.setattr("pytest_fluxscenario.control.gates.approved", says)


def _about(run: Run, asked: Any) -> list[ApprovalRecord]:
    return [one for one in run.approvals if one.role == asked.role and one.scope == asked.scope]


def _any_denial_too(run: Run, asked: Any, _payload: Any, _now: Any) -> bool:
    return bool(_about(run, asked))


def _any_approved(run: Run, asked: Any, payload: Any, now: Any) -> bool:
    return any(one.approves(now) and one.covers(payload) for one in _about(run, asked))


def _expired_too(run: Run, asked: Any, payload: Any, _now: Any) -> bool:
    said = [one for one in _about(run, asked) if one.covers(payload)]
    return bool(said) and said[-1].decision == "approved"


def _any_role(run: Run, asked: Any, payload: Any, now: Any) -> bool:
    said = [one for one in run.approvals if one.scope == asked.scope and one.covers(payload)]
    return bool(said) and said[-1].approves(now)


def _any_scope(run: Run, asked: Any, payload: Any, now: Any) -> bool:
    said = [one for one in run.approvals if one.role == asked.role and one.covers(payload)]
    return bool(said) and said[-1].approves(now)


def _values_do_not_matter(run: Run, asked: Any, _payload: Any, now: Any) -> bool:
    said = _about(run, asked)
    return bool(said) and said[-1].approves(now)


def _covers(says: Callable[..., bool]) -> Patch:
    return lambda patch: patch.setattr(f"{materialization.__name__}.covers_materialization", says)


def _scope_without_values(run: Run, asked: Any, _payload: Any, _scope: Any, now: Any) -> bool:
    said = [one for one in run.approvals if any(one.role == want.role and one.scope == want.scope for want in asked)]
    return bool(said) and said[-1].approves(now)


def _any_values_of_old(run: Run, asked: Any, _payload: Any, scope: Any, now: Any) -> bool:
    said = [one for one in run.approvals if any(one.role == want.role and one.scope == want.scope for want in asked)]
    return any(one.approves(now) and same(one.values, scope) for one in said)


def _answers(change: Callable[[Any, Any, Any, Decision], Decision]) -> Patch:
    """An engine whose decisions are changed before they are given."""
    real = engine.Engine.decide

    def decide(self: Any, run: Run, request: Any, now: Any) -> Decision:
        return change(self, run, request, real(self, run, request, now))

    return lambda patch: patch.setattr(engine.Engine, "decide", decide)


def _refusal_that_records(_self: Any, _run: Any, request: Any, decision: Decision) -> Decision:
    if decision.response.status != "nok" or request.action != "work.end":
        return decision
    return Decision(decision.response, Effects(completes=True))


def _one_record_more(_self: Any, _run: Any, request: Any, decision: Decision) -> Decision:
    records = decision.effects.records
    if not records or request.action != "draft.write":
        return decision
    return Decision(decision.response, replace(decision.effects, records=(*records, replace(records[0], type="deed"))))


def _approver_may(self: Any, run: Run, request: Any, decision: Decision) -> Decision:
    if request.actor.role != "approver" or request.action != "draft.write":
        return decision
    asked = msgspec.structs.replace(request, actor=msgspec.structs.replace(request.actor, role="agent"))
    return type(self).decide(self, run, asked, _NOW)  # type: ignore[no-any-return]  # of an engine, whose type is Any here


def _goes_on_when_complete(self: Any, run: Run, request: Any, decision: Decision) -> Decision:
    if not run.completed or request.action != "draft.write":
        return decision
    return type(self).decide(self, replace(run, completed=False), request, _NOW)  # type: ignore[no-any-return]  # as above


def _completes_by_draft(_self: Any, _run: Any, request: Any, decision: Decision) -> Decision:
    if decision.response.status != "ok" or request.action != "draft.write":
        return decision
    answer = msgspec.structs.replace(decision.response, route="Complete", completion_report_exists=True)
    return Decision(answer, replace(decision.effects, completes=True))


def _no_keys(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(f"{_ENGINE}.earlier_answer", lambda *_: None)


def _no_conflict(patch: pytest.MonkeyPatch) -> None:
    real = idempotency.earlier_answer

    def earlier(rules: Any, run: Run, request: Any) -> Any:
        found = real(rules, run, request)
        return None if found is not None and found.response.idempotency_conflict is True else found

    patch.setattr(f"{_ENGINE}.earlier_answer", earlier)


def _conflict_is_an_answer(patch: pytest.MonkeyPatch) -> None:
    def earlier(rules: Any, run: Run, request: Any) -> Any:
        stored = run.answers.get(request.idempotency_key or "")
        return None if stored is None else refuse(rules, run, "Blocked", "used", "", idempotency_conflict=True)

    patch.setattr(f"{_ENGINE}.earlier_answer", earlier)


def _no_completion_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(engine.Engine, "_incomplete", lambda *_: None)


def _fields_do_not_matter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("pytest_fluxscenario.control.artifacts.candidate_fault", lambda *_: None)


def _validators_do_not_matter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("pytest_fluxscenario.control.artifacts._validate", lambda *_: None)


def _hook_failure_opens(patch: pytest.MonkeyPatch) -> None:
    real = gates._facts

    def facts(*all_of_it: Any) -> Any:
        found = real(*all_of_it)
        return False if isinstance(found, Decision) else found

    patch.setattr("pytest_fluxscenario.control.gates._facts", facts)


def _shallow_keys(patch: pytest.MonkeyPatch) -> None:
    """Forbidden keys are looked for at the top only."""
    real = gates.first_gate

    def first_gate(rules: Any, run: Any, stand: Any, payload: Any, *rest: Any) -> Any:
        shallow = {name: value for name, value in payload.items() if not isinstance(value, list | dict)}
        return real(rules, run, stand, shallow, *rest)

    patch.setattr(f"{_ENGINE}.first_gate", first_gate)


def _scope_may_be_empty(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        f"{materialization.__name__}.missing", lambda payload, name: lookup(payload, name) == "nothing at all"
    )
    patch.setattr(f"{materialization.__name__}.covers_materialization", lambda *_: True)


#: What is broken, to how, and the properties that this must be seen by.
BROKEN: Mapping[str, tuple[Patch, frozenset[str]]] = {
    "a decision gate is dropped": (_without_gate("no_secrets"), frozenset({"gates"})),
    "forbidden keys are looked for at the top only": (_shallow_keys, frozenset({"gates"})),
    "the artifact gate of a real mode is dropped": (_without_gate("deed_needs_draft"), frozenset({"materialization"})),
    "the approval gate of the end is dropped": (_without_gate("end_needs_approval"), frozenset({"completion"})),
    "completion looks at nothing": (_no_completion_check, frozenset({"completion"})),
    "an action completes that must not": (_answers(_completes_by_draft), frozenset({"completion"})),
    "a hook that fails opens its gate": (_hook_failure_opens, frozenset({"gates"})),
    "a denial counts as an approval": (_gate_approval(_any_denial_too), frozenset({"completion", "approvals"})),
    "an approval outlives its denial": (_gate_approval(_any_approved), frozenset({"approvals"})),
    "an expired approval counts": (_gate_approval(_expired_too), frozenset({"approvals"})),
    "the role of an approval does not matter": (_gate_approval(_any_role), frozenset({"approvals"})),
    "the scope of an approval does not matter": (_gate_approval(_any_scope), frozenset({"approvals"})),
    "the values of an approval do not matter": (_gate_approval(_values_do_not_matter), frozenset({"approvals"})),
    "a real mode needs no values": (_covers(_scope_without_values), frozenset({"materialization", "approvals"})),
    "a real mode needs no approval": (_covers(lambda *_: True), frozenset({"approvals"})),
    "a denied real mode goes on": (_covers(_any_values_of_old), frozenset({"approvals"})),
    "a scope may be empty": (_scope_may_be_empty, frozenset({"materialization"})),
    "required fields do not matter": (_fields_do_not_matter, frozenset({"admission"})),
    "a validator has no say": (_validators_do_not_matter, frozenset({"admission"})),
    "a record more is admitted": (_answers(_one_record_more), frozenset({"admission"})),
    "a refusal completes the run": (_answers(_refusal_that_records), frozenset({"refusals"})),
    "an approver sends requests": (_answers(_approver_may), frozenset({"roles"})),
    "a complete run goes on": (_answers(_goes_on_when_complete), frozenset({"completed"})),
    "keys mean nothing": (_no_keys, frozenset({"replay"})),
    "a key may be used for another request": (_no_conflict, frozenset({"replay"})),
    "a replay is a conflict": (_conflict_is_an_answer, frozenset({"replay"})),
}
