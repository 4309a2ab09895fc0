"""Dead ends: states from which nobody comes to the end any more."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from pytest_fluxscenario.analysis.proof.findings import Finding, Findings
from pytest_fluxscenario.analysis.space.explore import Explorer
from pytest_fluxscenario.analysis.space.states import Move, Visit


def check_dead_ends(explorer: Explorer, visits: Sequence[Visit], findings: Findings) -> int:
    """Find the states that lead nowhere, and keep the nearest; gives how many there are.

    The end is a completed run; where no action completes one, any request that is allowed. A state that was not looked
    at may lead anywhere, so only states of which all that follows was seen count.
    """
    completing = any(action.completes_run for action in explorer.space.profile.actions)
    seen = {visit.node.number for visit in visits}
    before: dict[int, list[int]] = {}
    alive: deque[int] = deque()
    for visit in visits:
        number = visit.node.number
        for after in visit.after:
            before.setdefault(after, []).append(number)
        if (
            visit.node.completed
            or any(after not in seen for after in visit.after)
            or (not completing and _allows(explorer, visit))
        ):
            alive.append(number)
    reached = set(alive)
    while alive:
        for number in before.get(alive.popleft(), ()):
            if number not in reached:
                reached.add(number)
                alive.append(number)
    findings.count("dead-ends", len(visits))
    dead = [visit for visit in visits if visit.node.number not in reached]
    if dead:
        first = dead[0]
        end = "a complete run" if completing else "any request that is allowed"
        where = "from the start" if not first.node.depth else f"after {first.node.depth} steps"
        message = f"{where} nothing leads to {end} any more ({len(dead)} of {len(visits)} states)"
        findings.add(Finding("dead-ends", message, _shown(explorer, first)))
    return len(dead)


def _allows(explorer: Explorer, visit: Visit) -> bool:
    actions = explorer.space.rules.actions
    return any(outcome.response.status == "ok" for name in actions for outcome in visit.outcomes.get(name, ()))


def _shown(explorer: Explorer, visit: Visit) -> tuple[Move, ...]:
    """The way to a dead state, then what it answers to who wants to end the run there."""
    actions = explorer.space.profile.actions
    ending = [action.id for action in actions if action.completes_run] or [action.id for action in actions]
    asked = next((one for name in ending for one in visit.outcomes.get(name, ())), None)
    return explorer.path(visit.node, asked)
