"""How an answer is put together; every rule that decides ends here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.control.state import NO_EFFECTS, Effects, Run
from pytest_fluxscenario.model.profile import Gate
from pytest_fluxscenario.model.response import HookCallRecord, RequiredApproval, Response


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, and what it changes in the run."""

    response: Response
    effects: Effects


def decision_ref(run: Run) -> str:
    """The ref of the decision that is being made."""
    return f"{run.run_id}/decision-{run.decisions + 1}"


def refuse(
    rules: Rules,
    run: Run,
    route: str,
    reason: str,
    instruction: str,
    *,
    hook_calls: tuple[HookCallRecord, ...] = (),
    **more: Any,
) -> Decision:
    """A ``nok``; ``more`` are fields of the response that only some refusals have."""
    response = Response(
        status="nok",
        run_id=run.run_id,
        profile_id=rules.profile.id,
        profile_version=rules.profile.version,
        profile_hash=rules.profile_hash,
        route=route,
        reason=reason,
        instruction=instruction,
        evidence_refs=(decision_ref(run),),
        completion_report_exists=run.completed,
        hook_calls=hook_calls,
        **more,
    )
    return Decision(response, Effects())


def stop_at(
    rules: Rules,
    run: Run,
    gate: Gate,
    *,
    route: str | None = None,
    reason: str | None = None,
    instruction: str | None = None,
    missing: tuple[str, ...] = (),
    approval: RequiredApproval | None = None,
    hook_calls: tuple[HookCallRecord, ...] = (),
) -> Decision:
    """The ``nok`` of a gate that fires, with the gate's own words unless others are given."""
    return refuse(
        rules,
        run,
        route or gate.route,
        gate.reason if reason is None else reason,
        gate.instruction if instruction is None else instruction,
        hook_calls=hook_calls,
        gate_id=gate.id,
        gate_type=gate.type,
        missing_artifacts=missing or UNSET,
        required_approval=approval or UNSET,
        next_allowed_actions=gate.next_allowed_actions,
    )


def no_answer(
    reason: str, instruction: str, run_id: str = "", profile_id: str = "", version: str = "", digest: str = ""
) -> Decision:
    """An ``error``: no trustworthy answer exists, nothing is written, and the request may be tried again."""
    response = Response(
        status="error",
        run_id=run_id,
        profile_id=profile_id,
        profile_version=version,
        profile_hash=digest,
        reason=reason,
        instruction=instruction,
    )
    return Decision(response, NO_EFFECTS)
