"""What exploring finds: the states of a run, and the steps between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.analysis.space.answers import Said
from pytest_fluxscenario.analysis.space.space import Ask
from pytest_fluxscenario.control.answers import Decision
from pytest_fluxscenario.model.request import Approval
from pytest_fluxscenario.model.response import Response

#: Stands for a state that was left out.
LEFT_OUT: Final = -1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one request came back with: the step that a path takes with it."""

    ask: Ask
    #: What the hooks that were called said.
    said: tuple[Said, ...]
    decision: Decision
    #: The types that it adds, as a mask over those of the space.
    adds: int

    @property
    def response(self) -> Response:
        """The answer, with the ids of the run in which it was given first."""
        return self.decision.response


@dataclass(frozen=True, slots=True)
class Granted:
    """An approval by the trusted surface, as a step of a path."""

    number: int
    approval: Approval


Move = Outcome | Granted


@dataclass(frozen=True, slots=True)
class Node:
    """One state, and how it is reached first."""

    number: int
    #: Types that the run holds, and needs for approvals that are met, as masks.
    held: int
    met: int
    completed: bool
    #: The state before, and the step from there; None at the start.
    before: int
    move: Move | None
    #: Grants so far, oldest first.
    grants: tuple[int, ...]
    depth: int


@dataclass(frozen=True, slots=True)
class Visit:
    """A state with every answer that can be had in it."""

    node: Node
    #: Action to its outcomes, in the order of the profile.
    outcomes: dict[str, tuple[Outcome, ...]]
    #: Numbers of the states that one step leads to, without this one; ``LEFT_OUT`` for what lies beyond a bound.
    after: tuple[int, ...]
