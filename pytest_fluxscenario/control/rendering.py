"""The texts of artifacts (control.md, 12): rendered last, for what would be admitted, and of no effect on it."""

from __future__ import annotations

from typing import Any

from pytest_fluxscenario.control.answers import Decision, refuse
from pytest_fluxscenario.control.hooks import HookCaller
from pytest_fluxscenario.control.rules import ActionRule, Rules
from pytest_fluxscenario.control.state import Run


def render(rules: Rules, run: Run, rule: ActionRule, payload: dict[str, Any], hooks: HookCaller) -> Decision | None:
    """Call the ``template.render`` hooks of what the action produces; the answer instead where one fails.

    The texts go nowhere: the answer refers to each by its hash, in the record of the call.
    """
    for kind in rule.produces:
        for hook in rules.renderers.get(kind.id, ()):
            answer = hooks.ask(hook.id, kind.id, payload)
            if answer.failed:
                reason = f"The hook '{hook.id}', which renders {kind.id}, failed: {'; '.join(answer.diagnostics)}"
                instruction = "Have the hook repaired; nothing is admitted without its text."
                return refuse(rules, run, hook.on_failure or "Blocked", reason, instruction, hook_calls=hooks.calls)
    return None
