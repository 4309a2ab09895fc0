"""Gates that always stop a request, or never do (control.md, 7)."""

from __future__ import annotations

from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.profile import Gate
from pytest_fluxscenario.packs.conditions import asks_facts
from pytest_fluxscenario.packs.reading.implied import contradiction, implies
from pytest_fluxscenario.packs.reading.whole import Whole

#: Gates before one action that a later one is compared with.
_MOST_EARLIER = 50


def check_gates(whole: Whole, problems: Problems) -> None:
    """Warn of gates whose firing does not depend on anything, and of fields of a gate that have no effect."""
    for gates in whole.gates.values():
        earlier: list[tuple[int, Gate]] = []
        for at, gate in gates:
            name = shown(gate.id, 80)
            why = contradiction(gate.condition)
            shadow = next((one for _, one in earlier if shadows(one, gate)), None)
            if why is not None:
                place = whole.written.at("gates", at, "condition")
                problems.add("pack.gate-never", place, f"the gate '{name}' can never fire: {shown(why)}", "", "warning")
            elif shadow is not None and always(shadow):
                pass  # the cause was told
            elif shadow is not None:
                message = f"the gate '{name}' can never fire: where it would, '{shown(shadow.id, 80)}' has fired before"
                hint = "put the narrower gate first, or remove it"
                problems.add("pack.gate-shadowed", whole.written.at("gates", at), message, hint, "warning")
            elif always(gate):
                message = f"the gate '{name}' stops every request for {shown(gate.before_action, 80)}: nothing lifts it"
                hint = "give it a condition, or remove the action"
                problems.add("pack.gate-always", whole.written.at("gates", at), message, hint, "warning")
            _check_effect(whole, at, gate, problems)
            if why is None and len(earlier) < _MOST_EARLIER:
                earlier.append((at, gate))


def always(gate: Gate) -> bool:
    """Whether a gate stops every request that reaches it."""
    return gate.type == "decision" and not gate.condition and not gate.required_artifacts


def shadows(earlier: Gate, gate: Gate) -> bool:
    """Whether ``earlier`` certainly fires wherever ``gate`` would."""
    if not implies(gate.condition, earlier.condition, same_hook=earlier.hook == gate.hook):
        return False
    if earlier.type == "approval":
        return gate.type == "approval" and gate.required_approval == earlier.required_approval
    if not earlier.required_artifacts:
        return True
    # Of two that wait for records, the later fires only while one of its own is missing.
    return (
        gate.type != "approval"
        and bool(gate.required_artifacts)
        and set(gate.required_artifacts) <= set(earlier.required_artifacts)
    )


def _check_effect(whole: Whole, at: int, gate: Gate, problems: Problems) -> None:
    asks = asks_facts(gate.condition)
    idle = {
        "hook": gate.hook is not None and not asks and "its condition asks for no facts",
        "on_hook_failure": gate.on_hook_failure is not None and not asks and "its condition asks no hook",
        "required_approval": gate.required_approval is not None
        and gate.type != "approval"
        and f"only an approval gate waits for one, and this is a {gate.type} gate",
        "required_artifacts": bool(gate.required_artifacts)
        and gate.type == "approval"
        and "an approval gate waits for an approval only",
    }
    for name, why in idle.items():
        if why:
            message = f"{name} of the gate '{shown(gate.id, 80)}' has no effect: {why}"
            problems.add("pack.no-effect", whole.written.at("gates", at, name), message, "", "warning")
