"""Where the answers of a process lead an actor that does what they say (control.md, ``next_allowed_actions``).

No rule stops a request for an action that was not named: what an answer names is advice. An agent that knows nothing
else follows it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.packs.reading.whole import Whole

#: Actions that are looked at for advice which leads to its end over others; a pack of people never has so many.
_MOST_STEPS = 1_000_000


def check_advice(whole: Whole, possible: frozenset[str], problems: Problems) -> None:
    """Warn of actions that no answer leads to, and of gates whose advice never brings what they require."""
    starts = [name for name in possible if not any(whole.required(whole.actions[name][1]))]
    reached = _closure(whole, starts)
    for name, (at, _) in whole.actions.items():
        if name in possible and name not in reached:
            message = f"no answer leads to '{shown(name, 80)}': who follows next_actions never asks for it"
            hint = "name it in next_actions, or in the next_allowed_actions of a gate"
            problems.add("pack.action-not-named", whole.written.at("actions", at), message, hint, "warning")
    left = _MOST_STEPS
    for at, gate in enumerate(whole.profile.gates):
        if not gate.next_allowed_actions:
            continue
        for kind in gate.required_artifacts:
            producers = [name for name in whole.producers.get(kind, ()) if name in possible]
            if not producers or not set(producers).isdisjoint(gate.next_allowed_actions):
                continue
            left -= len(whole.actions)
            if left < 0:
                return
            if _closure(whole, gate.next_allowed_actions).isdisjoint(producers):
                place = whole.written.at("gates", at, "next_allowed_actions")
                message = f"the gate '{shown(gate.id, 80)}' requires '{shown(kind, 80)}', to which the actions that it "
                message += "names do not lead"
                hint = f"name {' or '.join(shown(name, 80) for name in producers[:3])}"
                problems.add("pack.gate-advice", place, message, hint, "warning")


def _closure(whole: Whole, names: Iterable[str]) -> frozenset[str]:
    """The actions that answers lead to from these, and these themselves."""
    reached: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in reached or name not in whole.actions:
            continue
        reached.add(name)
        pending.extend(whole.actions[name][1].next_actions)
        for _, gate in whole.gates_of(name):
            pending.extend(gate.next_allowed_actions)
    return frozenset(reached)
