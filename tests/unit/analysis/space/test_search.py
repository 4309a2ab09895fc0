"""The shortest steps to an answer, as exploring finds them, are really taken, and really get it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pytest_fluxscenario.analysis.space.explore import Explorer
from pytest_fluxscenario.analysis.space.space import Space
from pytest_fluxscenario.analysis.space.states import Granted, Move, Node, Outcome
from pytest_fluxscenario.analysis.space.watched import RUN_ID
from pytest_fluxscenario.control.approvals import approval_record
from pytest_fluxscenario.control.engine import new_run
from pytest_fluxscenario.model.response import Response
from tests.fakes.packs import write_pack
from tests.fakes.processes import BUNDLED, ROOT, space_in


def _find(explorer: Explorer, wanted: Callable[[Node, Outcome], bool], action: str = "") -> tuple[Move, ...] | None:
    """The steps to the first answer that is wanted, the action's own if one is named."""
    for visit in explorer.visits():
        for name, outcomes in visit.outcomes.items():
            for outcome in outcomes:
                if action in ("", name) and wanted(visit.node, outcome):
                    return tuple(explorer.path(visit.node, outcome))
    return None


def _take(space: Space, moves: Sequence[Move]) -> list[Response | None]:
    """What the engine answers to these steps in a new run, hooks saying what they said when the path was found."""
    run = new_run(space.rules, RUN_ID)
    answers: list[Response | None] = []
    for move in moves:
        if isinstance(move, Granted):
            run.approvals.append(approval_record(run, move.approval, space.now))
            run.written += 1
            answers.append(None)
            continue
        decision = space.decider.with_said(move.said).decide(run, move.ask.request, space.now)
        run.apply(decision.effects)
        answers.append(decision.response)
    return answers


@pytest.mark.parametrize("pack", BUNDLED)
def test_every_gate_of_a_pack_is_found_and_fires_when_the_steps_are_taken(pack: str) -> None:
    space = space_in(ROOT / pack)
    explorer = Explorer(space)
    for gate in space.profile.gates:

        def stops(_: Node, outcome: Outcome, gate_id: str = gate.id) -> bool:
            return outcome.response.gate_id == gate_id

        moves = _find(explorer, stops, gate.before_action)
        assert moves is not None, gate.id
        last = _take(space, moves)[-1]
        assert last is not None
        assert (last.status, last.gate_id) == ("nok", gate.id)


def test_the_way_is_the_shortest(tmp_path: Path) -> None:
    space = space_in(write_pack(tmp_path))
    explorer = Explorer(space)
    complete = _find(explorer, lambda _, outcome: outcome.response.route == "Complete")
    assert complete is not None
    assert [move.ask.request.action for move in complete if not isinstance(move, Granted)] == [
        "work.start",
        "work.finish",
    ]
    waived = _find(explorer, lambda _, outcome: outcome.response.status == "ok", "work.waive")
    assert waived is not None
    assert [type(move).__name__ for move in waived] == ["Granted", "Outcome"]
    granted, answered = _take(space, waived)
    assert granted is None
    assert answered is not None
    assert answered.status == "ok"


def test_what_is_nowhere_is_not_found(tmp_path: Path) -> None:
    explorer = Explorer(space_in(write_pack(tmp_path)))
    assert _find(explorer, lambda _, outcome: outcome.response.route == "MaterializeAllowed") is None
    assert explorer.stopped == ""


def test_a_search_may_look_at_the_state(tmp_path: Path) -> None:
    explorer = Explorer(space_in(write_pack(tmp_path)))
    found = _find(explorer, lambda node, _: "start_record" in explorer.run(node).artifacts, "work.check")
    assert found is not None
    assert len(found) == 2
