"""What each scenario has a part in, and which could be removed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.mutation.hunt import Verdict
from pytest_fluxscenario.analysis.mutation.matrix import matrix_of
from pytest_fluxscenario.analysis.mutation.mutant import Mutant
from pytest_fluxscenario.analysis.mutation.process import Process

from .processes import process_of

_PROCESS = process_of({})


def _same() -> Process:
    return _PROCESS


def _results(*noticed: tuple[int, ...]) -> list[tuple[Mutant, Verdict]]:
    return [
        (Mutant("m", str(at), (), "", "", "", "", _same), Verdict("killed" if by else "survived", "", 0, (), by))
        for at, by in enumerate(noticed)
    ]


def test_what_only_one_scenario_shows_makes_it_needed() -> None:
    matrix = matrix_of(_results((0, 1), (1, 2), (2,), ()), [frozenset()] * 3)
    assert [part.notices for part in matrix.parts] == [1, 2, 2]
    assert [part.alone for part in matrix.parts] == [(), (), ("m:2",)]
    assert [part.instead for part in matrix.parts] == [(1,), (0, 2), ()]
    assert matrix.smallest == (1, 2)


def test_a_goal_of_coverage_counts_as_a_mutant_does() -> None:
    matrix = matrix_of(_results((0, 1)), [frozenset({"gate a"}), frozenset({"gate a", "route b"})])
    assert [part.alone for part in matrix.parts] == [(), ("route b",)]
    assert [(part.notices, part.reaches) for part in matrix.parts] == [(1, 1), (1, 2)]
    assert matrix.smallest == (1,)


def test_a_scenario_that_shows_nothing_needs_nobody_instead() -> None:
    matrix = matrix_of(_results(()), [frozenset()])
    assert (matrix.parts[0].alone, matrix.parts[0].instead, matrix.smallest) == ((), (), ())


@given(st.lists(st.sets(st.integers(0, 5)), max_size=12))
def test_without_a_redundant_scenario_nothing_is_missed(noticed: list[set[int]]) -> None:
    results = _results(*(tuple(sorted(one)) for one in noticed))
    matrix = matrix_of(results, [frozenset()] * 6)
    killed = [one for one in noticed if one]
    for number, part in enumerate(matrix.parts):
        missed = [one for one in killed if not one - {number}]
        assert bool(missed) == bool(part.alone)
        if not part.alone:
            assert number not in part.instead
            assert all(one & set(part.instead) for one in killed if number in one)
    assert all(one & set(matrix.smallest) for one in killed)
