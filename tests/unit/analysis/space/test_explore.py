"""The explored states are those that a run can really come to, with the answers that it really gets there."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.analysis.space.explore import Bounds, Explorer
from pytest_fluxscenario.analysis.space.space import Space
from pytest_fluxscenario.control import artifacts, gates
from pytest_fluxscenario.control.engine import new_run
from pytest_fluxscenario.control.state import Run
from tests.fakes.packs import write_pack
from tests.fakes.processes import BUNDLED, ROOT, made_space, space_in

#: What a state is, and what one request gets there.
Answers = set[tuple[int, tuple[str, ...], str, object, object]]
States = dict[tuple[frozenset[str], tuple[bool, ...], bool], Answers]


def _key(space: Space, explorer: Explorer, run: Run, grants: tuple[int, ...]) -> Any:
    given = [space.grants[number] for number in grants]
    met = tuple(need.met(given, space.now) for need in explorer.needs.every)
    return frozenset(run.artifacts) & set(space.types), met, run.completed


def naive(space: Space, depth: int) -> States:
    """The states by the plainest way: every step from every state with the whole run copied, nothing remembered."""
    explorer = Explorer(space)
    start: tuple[Run, tuple[int, ...]] = (new_run(space.rules, "run-1"), ())
    seen: States = {}
    waiting = [start]
    for _ in range(depth + 1):
        following = []
        for run, grants in waiting:
            key = _key(space, explorer, run, grants)
            if key in seen:
                continue
            answers = seen[key] = set()
            for ask in (one for asks in space.asks.values() for one in asks):
                for said, decision in space.decider.decide(run, ask.request, space.now):
                    response = decision.response
                    words = tuple(f"{one.hook} {one.origin} {one.outcome.result}" for one in said)
                    answers.add((ask.number, words, response.status, response.route, response.gate_id))
                    after = deepcopy(run)
                    after.apply(decision.effects)
                    following.append((after, grants))
            for number in () if run.completed else range(len(space.grants)):
                after = deepcopy(run)
                after.approvals.append(space.records[number])
                following.append((after, (*grants, number)))
        waiting = following
    return seen


def explored(space: Space, depth: int) -> States:
    explorer = Explorer(space, Bounds(depth=depth))
    found: States = {}
    for visit in explorer.visits():
        node = visit.node
        met = tuple(bool(node.met >> bit & 1) for bit in range(len(explorer.needs.every)))
        answers: Answers = set()
        for outcome in (one for outcomes in visit.outcomes.values() for one in outcomes):
            response = outcome.response
            words = tuple(f"{one.hook} {one.origin} {one.outcome.result}" for one in outcome.said)
            answers.add((outcome.ask.number, words, response.status, response.route, response.gate_id))
        found[explorer.held(node), met, node.completed] = answers
    return found


def test_a_small_pack_is_explored_as_if_nothing_were_remembered(tmp_path: Path) -> None:
    space = space_in(write_pack(tmp_path))
    plain = naive(space, 9)
    assert len(plain) > 5
    assert explored(space, 9) == plain


@pytest.mark.parametrize("pack", BUNDLED)
def test_the_first_steps_of_a_pack_are_explored_as_if_nothing_were_remembered(pack: str) -> None:
    space = space_in(ROOT / pack)
    assert explored(space, 1) == naive(space, 1)


_THREE: dict[str, Any] = {
    "artifact_types": [{"id": "one"}, {"id": "two"}, {"id": "three"}],
    "actions": [
        {"id": "make.one", "produces_artifacts": ["one"]},
        {"id": "make.two", "produces_artifacts": ["two"]},
        {"id": "make.three", "produces_artifacts": ["three"]},
        {"id": "end.it", "completes_run": True},
    ],
    "gates": [
        {
            "id": "two_needs_one",
            "type": "process_conformance",
            "before_action": "make.two",
            "route": "InstructAgent",
            "required_artifacts": ["one"],
        }
    ],
    "completion_report": {"required": ["two", "three"]},
}


def test_an_engine_that_looks_at_what_no_rule_names_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    # With three there, the gate before make.two stands open: only a run that notes its reads tells those states apart.
    real = gates.first_gate

    def odd(rules: Any, run: Run, *rest: Any) -> Any:
        return None if "three" in run.artifacts else real(rules, run, *rest)

    monkeypatch.setattr("pytest_fluxscenario.control.engine.first_gate", odd)
    space = made_space(_THREE)
    assert explored(space, 9) == naive(space, 9)
    assert any(held == {"two", "three"} for held, _, _ in explored(space, 9))


def test_an_engine_that_counts_its_artifacts_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = artifacts.admit

    def odd(rules: Any, run: Run, *rest: Any) -> Any:
        return () if len(run.artifacts) > 1 else real(rules, run, *rest)

    monkeypatch.setattr("pytest_fluxscenario.control.engine.admit", odd)
    space = made_space(_THREE)
    assert explored(space, 9) == naive(space, 9)
    assert not any(len(held) > 2 for held, _, _ in explored(space, 9))


def test_what_was_left_out_is_said() -> None:
    space = made_space(_THREE)
    every = Explorer(space)
    count = sum(1 for _ in every.visits())
    assert every.stopped == ""
    fewer = Explorer(space, Bounds(states=count - 1))
    assert sum(1 for _ in fewer.visits()) == count - 1
    assert fewer.stopped == f"{count - 1} states"
    nearer = Explorer(space, Bounds(depth=2))
    assert sum(1 for _ in nearer.visits()) < count
    assert nearer.stopped == "2 steps"
    late = Explorer(space, Bounds(seconds=0))
    assert list(late.visits()) == []
    assert late.stopped == "0 seconds"


def test_an_explorer_that_is_asked_again_goes_on_where_it_was() -> None:
    explorer = Explorer(made_space(_THREE))
    first = next(iter(explorer.visits()))
    decided = explorer.decided
    again = explorer.visits()
    assert next(again) is first
    assert explorer.decided == decided
    assert len(list(again)) > 3
