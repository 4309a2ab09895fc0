"""The shortest steps to an answer that somebody looks for, and what really comes back when they are taken."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from pytest_fluxscenario.analysis.space.explore import Explorer, Granted, Move, Node, Outcome
from pytest_fluxscenario.analysis.space.space import Space
from pytest_fluxscenario.analysis.space.watched import RUN_ID
from pytest_fluxscenario.control.approvals import approval_record
from pytest_fluxscenario.control.engine import new_run
from pytest_fluxscenario.control.state import Run
from pytest_fluxscenario.model.request import Request
from pytest_fluxscenario.model.response import Response


@dataclass(frozen=True, slots=True)
class Moment:
    """One request in one state, and its answer."""

    explorer: Explorer
    node: Node
    outcome: Outcome

    @property
    def request(self) -> Request:
        """What is asked."""
        return self.outcome.ask.request

    @property
    def response(self) -> Response:
        """What comes back; ids in it are those of another run, everything else is as it would be."""
        return self.outcome.response

    def run(self) -> Run:
        """A run in which it is asked: for another engine to decide on, as it is or as a copy."""
        return self.explorer.run(self.node)


#: Says whether a moment is the one that is looked for.
Wanted = Callable[[Moment], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """The shortest steps whose last has the answer that was looked for."""

    moves: tuple[Move, ...]
    moment: Moment


@dataclass(frozen=True, slots=True)
class Taken:
    """One step of a path as it was really taken, in a run of its own from the start."""

    move: Move
    #: None for an approval.
    response: Response | None


def find(
    explorer: Explorer, wanted: Wanted, actions: Collection[str] | None = None, *, by_state: bool = False
) -> Found | None:
    """The first moment that is wanted, nearest to the start, with the steps there; ``actions`` are those asked for.

    ``by_state`` says that ``wanted`` looks at more than request and answer: then it is asked again for the same answer
    in another state. None where no state that was explored has it: ``explorer.stopped`` says whether that is all of
    them. Asking one explorer many times explores once.
    """
    refused: set[int] = set()
    for visit in explorer.visits():
        for action, outcomes in visit.outcomes.items():
            if actions is not None and action not in actions:
                continue
            if not by_state:
                if id(outcomes) in refused:
                    continue
                refused.add(id(outcomes))
            for outcome in outcomes:
                moment = Moment(explorer, visit.node, outcome)
                if wanted(moment):
                    return Found(explorer.path(visit.node, outcome), moment)
    return None


def take(space: Space, moves: Sequence[Move]) -> tuple[Taken, ...]:
    """Take the steps with the engine, in a new run, hooks saying what they said when the path was found.

    The answers are those that a scenario of these steps observes; what they depend on beside the steps is in
    ``Outcome.said``: a hook whose answer is ``assumed`` needs to be told so.
    """
    run = new_run(space.rules, RUN_ID)
    taken: list[Taken] = []
    for move in moves:
        if isinstance(move, Granted):
            run.approvals.append(approval_record(run, move.approval, space.now))
            run.written += 1
            taken.append(Taken(move, None))
            continue
        decision = space.decider.with_said(move.said).decide(run, move.ask.request, space.now)
        run.apply(decision.effects)
        taken.append(Taken(move, decision.response))
    return tuple(taken)
