"""What every way to an end has in common: approvals that nobody can do without, and artifacts that are always there."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_fluxscenario.analysis.space.approvals import asked_of
from pytest_fluxscenario.analysis.space.explore import Explorer
from pytest_fluxscenario.analysis.space.states import Outcome, Visit
from pytest_fluxscenario.model.response import RequiredApproval


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What holds whenever one action is allowed, and leads to ``Complete`` or ``MaterializeAllowed``."""

    action: str
    route: str
    #: Approvals without which there is no way there, and those that only some ways need.
    always: tuple[RequiredApproval, ...]
    sometimes: tuple[RequiredApproval, ...]
    #: Types that the run always holds then, its own included.
    artifacts: tuple[str, ...]


def guarantees_of(explorer: Explorer, visits: Sequence[Visit]) -> tuple[Guarantee, ...]:
    """The guarantees of every action that ends or materializes for real; ``visits`` are all states."""
    ends = [
        action
        for action in explorer.space.profile.actions
        if action.completes_run or action.materialization_mode == "real"
    ]
    profile = explorer.space.profile
    gates = [gate.required_approval for gate in profile.gates if gate.required_approval is not None]
    real = [one for action in ends if action.materialization_mode == "real" for one in asked_of(profile, action)]
    asked = tuple(dict.fromkeys((*gates, *real)))
    allowed = {action.id: _allowed(visits, action.id) for action in ends}
    without = {one: _reached(explorer, visits, one) for one in asked} if any(allowed.values()) else {}
    found = []
    for action in ends:
        if not allowed[action.id]:
            continue
        needed = tuple(one for one in asked if not allowed[action.id] & without[one])
        held = -1
        for visit in visits:
            if visit.node.number in allowed[action.id]:
                held &= visit.node.held
        names = [name for name in explorer.space.types if held & explorer.mask((name,))]
        names += [name for name in action.produces_artifacts if name not in names]
        some = tuple(one for one in asked if one not in needed and _matters(explorer, action.id, one))
        route = "Complete" if action.completes_run else "MaterializeAllowed"
        found.append(Guarantee(action.id, route, needed, some, tuple(names)))
    return tuple(found)


def _allowed(visits: Sequence[Visit], action: str) -> set[int]:
    """The states in which the action is allowed in some way."""
    known: dict[int, bool] = {}
    found = set()
    for visit in visits:
        outcomes = visit.outcomes[action]
        if id(outcomes) not in known:
            known[id(outcomes)] = any(one.response.status == "ok" for one in outcomes)
        if known[id(outcomes)]:
            found.add(visit.node.number)
    return found


def _matters(explorer: Explorer, action: str, asked: RequiredApproval) -> bool:
    """Whether a gate before the action asks for that approval at all."""
    gates = explorer.space.profile.gates
    return any(gate.before_action == action and gate.required_approval == asked for gate in gates)


def _reached(explorer: Explorer, visits: Sequence[Visit], spared: RequiredApproval) -> set[int]:
    """The states that can be reached where that approval is never given."""
    grants = [
        number
        for number, one in enumerate(explorer.space.grants)
        if one.decision == "approved" and not (one.role == spared.role and one.scope == spared.scope)
    ]
    numbers = {(visit.node.held, visit.node.met, visit.node.completed): visit.node.number for visit in visits}
    steps: dict[int, tuple[Outcome, ...]] = {}
    reached = {0}
    waiting = deque((0,))
    while waiting:
        visit = visits[waiting.popleft()]
        node = visit.node
        following = [(node.held, explorer.needs.after(node.met, number), node.completed) for number in grants]
        for outcomes in visit.outcomes.values():
            if id(outcomes) not in steps:
                steps[id(outcomes)] = tuple(one for one in outcomes if one.adds or one.decision.effects.completes)
            following += [
                (node.held | one.adds, node.met, node.completed or one.decision.effects.completes)
                for one in steps[id(outcomes)]
            ]
        for key in following:
            number = numbers.get(key)
            if number is not None and number not in reached:
                reached.add(number)
                waiting.append(number)
    return reached
