"""What to say of a step that did not come back as expected."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.text import nearest, shown
from pytest_fluxscenario.model.evidence import Mismatch, StepResult
from pytest_fluxscenario.model.profile import Gate, Profile
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.runner.run import Outcome

#: Longest value that a message shows, in characters.
_VALUE = 400


def headline(outcome: Outcome) -> str:
    """One line for the short summary: which steps, and the first difference."""
    if outcome.fault:
        return f"the run cannot begin: {shown(outcome.fault)}"
    bad = [step for step in outcome.steps if step.verdict in ("failed", "error")]
    if not bad:
        return outcome.verdict
    first = bad[0]
    said = shown(first.fault) if first.fault is not UNSET else _difference(first.mismatches[0])
    more = f" (and {len(bad) - 1} more of {len(outcome.steps)} steps)" if len(bad) > 1 else ""
    return f"step {first.index} '{shown(first.name, 80)}': {said}{more}"


def explain_step(step: StepResult, profile: Profile, fault: str = "") -> list[str]:
    """The lines of one failed step: title, expected against actual, what decided, and a hint."""
    lines = [f"step {step.index}: {shown(step.name)}"]
    if step.request is not UNSET:
        lines.append(f"  request   {shown(step.request.action, 80)} by {shown(step.request.actor.id, 80)} ({shown(step.request.actor.role, 40)})")
    if fault or step.fault is not UNSET:
        lines.append(f"E no verdict: {shown(fault or step.fault, 2000)}")
        return lines
    for mismatch in step.mismatches:
        lines.append(f"E {mismatch.field}")
        lines.append(f"E   expected  {_value(mismatch.expected)}")
        lines.append(f"E   actual    {_value(mismatch.actual)}")
    response = step.response
    if response is not UNSET:
        lines.extend(_decided(response, profile))
        lines.extend(f"  hint      {hint}" for hint in _hints(step, response, profile))
    return lines


def _decided(response: Response, profile: Profile) -> list[str]:
    lines: list[str] = []
    if response.gate_id is not UNSET:
        gate = next((gate for gate in profile.gates if gate.id == response.gate_id), None)
        kind = f" ({response.gate_type})" if response.gate_type is not UNSET else ""
        before = f", before {gate.before_action}" if gate is not None else ""
        lines.append(f"  gate      {shown(response.gate_id, 80)}{kind}{before}")
    elif response.status != "error":
        lines.append("  gate      none fired")
    if response.reason is not UNSET and response.reason:
        lines.append(f"  reason    {shown(response.reason, _VALUE)}")
    if response.instruction is not UNSET and response.instruction:
        lines.append(f"  next      {shown(response.instruction, _VALUE)}")
    return lines


def _hints(step: StepResult, response: Response, profile: Profile) -> list[str]:
    """What would have told the author, where it can be known."""
    expectation = step.expectation
    hints: list[str] = []
    if expectation is UNSET:
        return hints
    gate_id = expectation.gate_id
    if isinstance(gate_id, str):
        gates = {gate.id: gate for gate in profile.gates}
        if gate_id not in gates:
            close = nearest(gate_id, gates)
            known = f"; did you mean {' or '.join(close)}?" if close else ""
            hints.append(f"the profile has no gate '{shown(gate_id, 80)}'{known}")
        elif gate_id != response.gate_id:
            hints.append(_gate_hint(gates[gate_id], response))
    if response.status == "nok" and expectation.status == "ok" and response.missing_artifacts is not UNSET:
        for missing in response.missing_artifacts:
            makers = [action.id for action in profile.actions if missing in action.produces_artifacts]
            if makers:
                hints.append(f"{missing} is produced by {' or '.join(makers)}: send that first")
    if response.status == "nok" and expectation.status == "ok" and response.required_approval is not UNSET:
        asked = response.required_approval
        hints.append(f"an approve step is needed before: approve: {{role: {asked.role}, scope: {asked.scope}}}")
    return hints


def _gate_hint(gate: Gate, response: Response) -> str:
    if response.gate_id is not UNSET:
        return f"{response.gate_id} fired before {gate.id} could"
    if response.status == "ok":
        return f"{gate.id} did not fire: its condition did not hold, or what it asks for was there"
    return f"{gate.id} was not reached, or did not fire: the request was stopped by another rule"


def _difference(mismatch: Mismatch) -> str:
    return f"{mismatch.field}: expected {_value(mismatch.expected, 60)}, got {_value(mismatch.actual, 60)}"


def _value(value: Any, limit: int = _VALUE) -> str:
    if value is UNSET:
        return "(absent)"
    if value is None:
        return "null (absent)"
    if isinstance(value, str):
        return shown(value, limit)
    return shown(msgspec.json.encode(value).decode(), limit)
