"""What to say of a step that did not come back as expected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.text import nearest, shown
from pytest_fluxscenario.base.values import ABSENT, lookup, same
from pytest_fluxscenario.model.evidence import Mismatch, StepResult
from pytest_fluxscenario.model.profile import Gate, Profile
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.runner.run import Outcome

#: Longest value that a message shows, in characters.
_VALUE = 400


#: The fields whose value is an object that is compared whole (scenario.md, expectations).
_COMPARED_WHOLE = ("materialization", "required_approval")

#: Takes secrets out of plain data: before anything is cut, or half a secret would be left that nobody finds any more.
Redact = Callable[[Any], Any]


def _as_it_is(value: Any) -> Any:
    return value


def headline(outcome: Outcome, redact: Redact = _as_it_is) -> str:
    """One line for the short summary: which steps, and the first difference."""
    if outcome.fault:
        return f"the run cannot begin: {shown(redact(outcome.fault))}"
    bad = [step for step in outcome.steps if step.verdict in ("failed", "error")]
    if not bad:
        return outcome.verdict
    first = bad[0]
    said = shown(redact(first.fault)) if first.fault is not UNSET else _difference(first.mismatches[0], redact)
    more = f" (and {len(bad) - 1} more of {len(outcome.steps)} steps)" if len(bad) > 1 else ""
    return f"step {first.index} '{shown(redact(first.name), 80)}': {said}{more}"


def explain_step(step: StepResult, profile: Profile, fault: str = "", redact: Redact = _as_it_is) -> list[str]:
    """The lines of one failed step: title, expected against actual, what decided, and a hint."""
    if fault:
        return ["the run cannot begin", f"E no verdict: {shown(redact(fault), 2000)}"]
    lines = [f"step {step.index}: {shown(redact(step.name))}"]
    if step.request is not UNSET:
        actor = step.request.actor
        who = f"{shown(redact(actor.id), 80)} ({shown(redact(actor.role), 40)})"
        lines.append(f"  request   {shown(redact(step.request.action), 80)} by {who}")
    if step.fault is not UNSET:
        lines.append(f"E no verdict: {shown(redact(step.fault), 2000)}")
        return lines
    for mismatch in step.mismatches:
        lines.append(f"E {mismatch.field}")
        lines.append(f"E   expected  {_value(redact(mismatch.expected))}")
        lines.append(f"E   actual    {_value(redact(mismatch.actual))}")
    response = step.response
    if response is not UNSET:
        lines.extend(_decided(response, profile, redact))
        lines.extend(f"  hint      {hint}" for hint in _hints(step, response, profile, redact))
    return lines


def _decided(response: Response, profile: Profile, redact: Redact) -> list[str]:
    lines: list[str] = []
    if response.gate_id is not UNSET:
        gate = next((gate for gate in profile.gates if gate.id == response.gate_id), None)
        kind = f" ({response.gate_type})" if response.gate_type is not UNSET else ""
        before = f", before {gate.before_action}" if gate is not None else ""
        lines.append(f"  gate      {shown(redact(response.gate_id), 80)}{kind}{before}")
    elif response.status != "error":
        lines.append("  gate      none fired")
    if response.reason is not UNSET and response.reason:
        lines.append(f"  reason    {shown(redact(response.reason), _VALUE)}")
    if response.instruction is not UNSET and response.instruction:
        lines.append(f"  next      {shown(redact(response.instruction), _VALUE)}")
    return lines


def _hints(step: StepResult, response: Response, profile: Profile, redact: Redact) -> list[str]:
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
            hints.append(f"the profile has no gate '{shown(redact(gate_id), 80)}'{known}")
        elif gate_id != response.gate_id:
            hints.append(_gate_hint(gates[gate_id], response))
    if response.status == "nok" and expectation.status == "ok" and response.missing_artifacts is not UNSET:
        for missing in response.missing_artifacts:
            makers = [action.id for action in profile.actions if missing in action.produces_artifacts]
            if makers:
                hints.append(f"{missing} is produced by {' or '.join(makers)}: send that first")
    if response.status == "nok" and expectation.status == "ok" and response.required_approval is not UNSET:
        asked = response.required_approval
        values = _scope_values(step, response, profile, redact)
        hints.append(f"an approve step is needed before: approve: {{role: {asked.role}, scope: {asked.scope}{values}}}")
    hints.extend(_part_hint(mismatch, redact) for mismatch in step.mismatches if _is_part(mismatch))
    return hints


def _scope_values(step: StepResult, response: Response, profile: Profile, redact: Redact) -> str:
    """What the approval must name, where no gate asks for it but a ``real`` mode does (control.md, 10)."""
    if response.gate_id is not UNSET or step.request is UNSET:
        return ""
    asked, payload = step.request.action, step.request.payload
    fields = next((action.materialization_scope_fields for action in profile.actions if action.id == asked), ())
    found = {name: lookup(payload, name) for name in fields}
    named = {name: redact(value) for name, value in found.items() if value is not ABSENT}
    return f", values: {_value(named)}" if named else ""


def _is_part(mismatch: Mismatch) -> bool:
    """Whether an object was expected with some of the members that it has, and only those."""
    expected, actual = mismatch.expected, mismatch.actual
    if mismatch.field not in _COMPARED_WHOLE or not isinstance(expected, dict) or actual is UNSET:
        return False
    members = msgspec.to_builtins(actual)
    if not isinstance(members, dict) or not 0 < len(expected) < len(members):
        return False
    return all(name in members and same(value, members[name]) for name, value in expected.items())


def _part_hint(mismatch: Mismatch, redact: Redact) -> str:
    part = _value(redact(mismatch.expected), 120)
    return f"{mismatch.field} is compared whole; to compare these members alone: {{contains: {part}}}"


def _gate_hint(gate: Gate, response: Response) -> str:
    if response.gate_id is not UNSET:
        return f"{response.gate_id} fired before {gate.id} could"
    if response.status == "ok":
        return f"{gate.id} did not fire: its condition did not hold, or what it asks for was there"
    return f"{gate.id} was not reached, or did not fire: the request was stopped by another rule"


def _difference(mismatch: Mismatch, redact: Redact) -> str:
    expected, actual = _value(redact(mismatch.expected), 60), _value(redact(mismatch.actual), 60)
    return f"{mismatch.field}: expected {expected}, got {actual}"


def _value(value: Any, limit: int = _VALUE) -> str:
    if value is UNSET:
        return "(absent)"
    if value is None:
        return "null (absent)"
    if isinstance(value, str):
        return shown(value, limit)
    return shown(msgspec.json.encode(value).decode(), limit)
