"""The preflight of an action that materializes (control.md, 10)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pytest_fluxscenario.base.values import lookup
from pytest_fluxscenario.control.answers import Decision, refuse
from pytest_fluxscenario.control.approvals import covers_materialization
from pytest_fluxscenario.control.conditions import missing
from pytest_fluxscenario.control.hooks import HookCaller
from pytest_fluxscenario.control.rules import ActionRule, Rules
from pytest_fluxscenario.control.state import Run
from pytest_fluxscenario.model.request import Request
from pytest_fluxscenario.model.response import Materialization, RequiredApproval


def preflight(
    rules: Rules, run: Run, rule: ActionRule, request: Request, hooks: HookCaller, now: datetime
) -> Materialization | Decision:
    """The plan of a materializing action, or the answer that stops it."""
    action = rule.action
    mode = action.materialization_mode
    if mode is None or mode not in rules.modes:
        offered = ", ".join(sorted(rules.modes))
        reason = f"The materialization mode '{mode}' of {action.id} is not one that the pack requires ({offered})."
        instruction = "List the mode under requires.materialization_modes, or use an action of another mode."
        return refuse(rules, run, "Blocked", reason, instruction, hook_calls=hooks.calls)
    empty = [name for name in action.materialization_scope_fields if missing(request.payload, name)]
    if empty:
        named = ", ".join(f"'{name}'" for name in empty)
        reason = f"The materialization scope of {action.id} lacks {named}."
        return refuse(rules, run, "Blocked", reason, f"Give {named} in the payload.", hook_calls=hooks.calls)
    scope = {name: lookup(request.payload, name) for name in action.materialization_scope_fields}
    approvals = rule.approvals
    if approvals is not None and not covers_materialization(run, approvals, request.payload, scope, now):
        asked = _asked(rule, approvals[-1], request.payload)
        reason = f"To materialize {action.id} for real, an approval must cover exactly these scope values."
        instruction = f"Ask the role '{asked.role}' to approve '{asked.scope}' with the values of the scope fields."
        return refuse(rules, run, "AwaitApproval", reason, instruction, hook_calls=hooks.calls, required_approval=asked)
    return Materialization(mode, action.id, scope)


def _asked(rule: ActionRule, own: RequiredApproval, payload: dict[str, Any]) -> RequiredApproval:
    """Which approval to ask for: that of the first gate that surely stands before this request, else the action's."""
    for one in rule.gates:
        approval = one.gate.required_approval
        if (
            one.gate.type == "approval"
            and approval
            and not one.condition.facts
            and one.condition.payload_holds(payload)
        ):
            return approval
    return own
