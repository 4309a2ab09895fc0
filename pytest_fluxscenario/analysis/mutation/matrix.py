"""Which scenario notices which mutant: what only one of them notices, and which of them could be removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_fluxscenario.analysis.mutation.hunt import Verdict
from pytest_fluxscenario.analysis.mutation.mutant import Mutant

#: Something that a scenario shows: a mutant's id, or a goal of coverage.
Goal = str


@dataclass(frozen=True, slots=True)
class Part:
    """What one scenario has a part in."""

    #: Mutants that it notices, and goals of coverage that it reaches.
    notices: int
    reaches: int
    #: The mutants and goals that nobody else shows; without any it is redundant.
    alone: tuple[Goal, ...]
    #: Of a redundant one: others that together show all that it shows, the most useful first, by their numbers.
    instead: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """What every scenario of a suite shows, in the order of the suite."""

    parts: tuple[Part, ...]
    #: A small set of scenarios, by their numbers, that shows all that the suite shows.
    smallest: tuple[int, ...]


def matrix_of(results: Sequence[tuple[Mutant, Verdict]], reached: Sequence[frozenset[Goal]]) -> Matrix:
    """The matrix of a hunt with every scenario; ``reached`` are the goals of coverage of each."""
    shown: list[set[Goal]] = [set(goals) for goals in reached]
    for mutant, verdict in results:
        for number in verdict.all:
            shown[number].add(mutant.id)
    by: dict[Goal, int] = {}
    for goals in shown:
        for goal in goals:
            by[goal] = by.get(goal, 0) + 1
    parts = []
    for number, goals in enumerate(shown):
        alone = tuple(sorted(goal for goal in goals if by[goal] == 1))
        instead = () if alone else _cover(goals, shown, number)
        parts.append(Part(len(goals) - len(reached[number]), len(reached[number]), alone, instead))
    return Matrix(tuple(parts), tuple(sorted(_cover(set(by), shown))))


def _cover(goals: set[Goal], shown: Sequence[set[Goal]], but: int = -1) -> tuple[int, ...]:
    """Few scenarios that together show all of ``goals``: each time the one that shows most of what is left."""
    left = set(goals)
    chosen: list[int] = []
    while left:
        useful = [(len(left & one), -number) for number, one in enumerate(shown) if number != but]
        most, best = max(useful, default=(0, 0))
        if not most:
            break
        chosen.append(-best)
        left -= shown[-best]
    return tuple(chosen)
