"""The shortest steps to an answer are really taken, and really get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.analysis.space.explore import Explorer, Granted
from pytest_fluxscenario.analysis.space.search import find, take
from tests.fakes.packs import write_pack
from tests.fakes.processes import BUNDLED, ROOT, space_in


@pytest.mark.parametrize("pack", BUNDLED)
def test_every_gate_of_a_pack_is_found_and_fires_when_the_steps_are_taken(pack: str) -> None:
    space = space_in(ROOT / pack)
    explorer = Explorer(space)
    for gate in space.profile.gates:
        found = find(explorer, lambda moment, gate=gate: moment.response.gate_id == gate.id, {gate.before_action})  # type: ignore[misc]  # mypy infers no lambda with a default
        assert found is not None, gate.id
        last = take(space, found.moves)[-1].response
        assert last is not None
        assert (last.status, last.gate_id) == ("nok", gate.id)


def test_the_way_is_the_shortest(tmp_path: Path) -> None:
    space = space_in(write_pack(tmp_path))
    explorer = Explorer(space)
    complete = find(explorer, lambda moment: moment.response.route == "Complete")
    assert complete is not None
    assert [move.ask.request.action for move in complete.moves if not isinstance(move, Granted)] == [
        "work.start",
        "work.finish",
    ]
    waived = find(explorer, lambda moment: moment.response.status == "ok", {"work.waive"})
    assert waived is not None
    assert [type(move).__name__ for move in waived.moves] == ["Granted", "Outcome"]
    taken = take(space, waived.moves)
    assert taken[0].response is None
    assert taken[1].response is not None
    assert taken[1].response.status == "ok"


def test_what_is_nowhere_is_not_found(tmp_path: Path) -> None:
    explorer = Explorer(space_in(write_pack(tmp_path)))
    assert find(explorer, lambda moment: moment.response.route == "MaterializeAllowed") is None
    assert explorer.stopped == ""


def test_a_search_may_look_at_the_state(tmp_path: Path) -> None:
    explorer = Explorer(space_in(write_pack(tmp_path)))
    found = find(
        explorer,
        lambda moment: moment.request.action == "work.check" and "start_record" in moment.run().artifacts,
        by_state=True,
    )
    assert found is not None
    assert len(found.moves) == 2
