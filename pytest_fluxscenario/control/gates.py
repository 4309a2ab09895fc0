"""The gates before an action, in the order of the profile (control.md, 7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pytest_fluxscenario.control.answers import Decision, stop_at
from pytest_fluxscenario.control.approvals import approved
from pytest_fluxscenario.control.hooks import HookCaller
from pytest_fluxscenario.control.rules import GateRule, Rules
from pytest_fluxscenario.control.state import Run
from pytest_fluxscenario.model.profile import Gate


def first_gate(
    rules: Rules, run: Run, gates: tuple[GateRule, ...], payload: dict[str, Any], hooks: HookCaller, now: datetime
) -> Decision | None:
    """The answer of the first gate that fires; None where none does."""
    for rule in gates:
        if not rule.condition.payload_holds(payload):
            continue
        if rule.condition.facts:
            refused = _facts(rules, run, rule, payload, hooks)
            if isinstance(refused, Decision):
                return refused
            if not refused:
                continue
        fired = _fires(rules, run, rule.gate, payload, hooks, now)
        if fired is not None:
            return fired
    return None


def _facts(rules: Rules, run: Run, rule: GateRule, payload: dict[str, Any], hooks: HookCaller) -> Decision | bool:
    """Whether the facts hold; the answer instead where the hook fails."""
    gate = rule.gate
    if gate.hook is None:
        reason = f"The gate '{gate.id}' asks for facts and names no hook."
        return stop_at(rules, run, gate, route=gate.on_hook_failure or "Blocked", reason=reason, hook_calls=hooks.calls)
    hook = rules.hooks.get(gate.hook)
    # A gate whose question stays open must not stand open: a fact that is left out is a failure of the hook.
    asked = [name for name, _ in rule.condition.facts]
    answer = hooks.ask(gate.hook, hook.input_artifact_type if hook else None, payload, asked)
    if answer.failed:
        said = "; ".join(answer.diagnostics)
        return stop_at(
            rules,
            run,
            gate,
            route=gate.on_hook_failure or "Blocked",
            reason=f"The hook '{gate.hook}' of this gate failed: {said}",
            instruction="Have the hook repaired, or correct what it was given; without it the gate stays closed.",
            hook_calls=hooks.calls,
        )
    return rule.condition.facts_hold(answer.facts)


def _fires(
    rules: Rules, run: Run, gate: Gate, payload: dict[str, Any], hooks: HookCaller, now: datetime
) -> Decision | None:
    """The answer of a gate whose condition holds; None where it does not stop the request."""
    if gate.type == "approval":
        asked = gate.required_approval
        if asked is not None and approved(run, asked, payload, now):
            return None
        return stop_at(rules, run, gate, approval=asked, hook_calls=hooks.calls)
    missing = tuple(name for name in gate.required_artifacts if not run.holds(name, now))
    if gate.type == "process_conformance":
        return stop_at(rules, run, gate, missing=missing, hook_calls=hooks.calls) if missing else None
    if gate.required_artifacts and not missing:
        return None
    return stop_at(rules, run, gate, hook_calls=hooks.calls)
