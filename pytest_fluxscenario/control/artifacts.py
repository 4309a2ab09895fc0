"""Candidates for artifact records (control.md, 9): all of a request's are admitted, or none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pytest_fluxscenario.base.values import ABSENT, lookup
from pytest_fluxscenario.control.answers import Decision, refuse
from pytest_fluxscenario.control.hooks import HookCaller
from pytest_fluxscenario.control.rules import ActionRule, Rules
from pytest_fluxscenario.control.state import ArtifactRecord, Run
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.request import Request

#: What ``created_via`` says of a record that a request made.
CONTROL_SURFACE = "fst.control"
CONTROLLER = "controller"


def admit(
    rules: Rules, run: Run, rule: ActionRule, request: Request, hooks: HookCaller, now: datetime
) -> tuple[ArtifactRecord, ...] | Decision:
    """The records of a request, one for each type that its action produces, or the answer that refuses them."""
    source = CONTROLLER if rule.source_is_controller else request.actor.role
    records: list[ArtifactRecord] = []
    for kind in rule.produces:
        fault = candidate_fault(rules, kind, request.payload, source)
        if fault is not None:
            instruction = f"Correct the payload of {rule.action.id} and send it again."
            return refuse(rules, run, "InstructAgent", fault, instruction, hook_calls=hooks.calls)
        if kind.id in rules.validators:
            refused = _validate(rules, run, kind, request.payload, hooks)
            if refused is not None:
                return refused
        number = run.written + len(records) + 1
        records.append(record_of(kind, run, request.payload, source, request.actor.id, CONTROL_SURFACE, number, now))
    return tuple(records)


def candidate_fault(rules: Rules, kind: ArtifactType, payload: dict[str, Any], source: str) -> str | None:
    """Why a payload cannot become a record of that type, before any hook is asked; None where it can."""
    for name in kind.required_fields:
        if lookup(payload, name) in (None, ABSENT):
            return f"The artifact {kind.id} lacks the required field '{name}'."
    for fault in rules.schemas.faults(kind.id, payload):
        return f"The artifact {kind.id} does not fit its schema: {fault}"
    if kind.allowed_sources is not None and source not in kind.allowed_sources:
        return f"The artifact {kind.id} cannot come from the source '{source}'."
    return None


def record_of(
    kind: ArtifactType,
    run: Run,
    payload: dict[str, Any],
    source: str,
    created_by: str,
    created_via: str,
    number: int,
    now: datetime,
) -> ArtifactRecord:
    """The record of an admitted candidate."""
    return ArtifactRecord(
        artifact_id=f"{kind.id}-{number}",
        type=kind.id,
        run_id=run.run_id,
        profile_version=run.profile_version,
        created_by=created_by,
        created_via=created_via,
        source=source,
        created_at=now,
        payload=payload,
        expires_at=None if kind.expires_after is None else now + timedelta(seconds=kind.expires_after),
    )


def _validate(
    rules: Rules, run: Run, kind: ArtifactType, payload: dict[str, Any], hooks: HookCaller
) -> Decision | None:
    for hook in rules.validators[kind.id]:
        answer = hooks.ask(hook.id, kind.id, payload)
        said = "; ".join(answer.diagnostics)
        if answer.failed:
            reason = f"The hook '{hook.id}', which validates {kind.id}, failed: {said}"
            instruction = "Have the hook repaired; nothing can be admitted without it."
            return refuse(rules, run, hook.on_failure or "Blocked", reason, instruction, hook_calls=hooks.calls)
        if not answer.valid:
            reason = f"The artifact {kind.id} is not valid: {said or 'the hook gave no reason'}"
            instruction = f"Correct the payload for {kind.id} and send it again."
            return refuse(rules, run, "InstructAgent", reason, instruction, hook_calls=hooks.calls)
    return None
