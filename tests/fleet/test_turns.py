"""Which of its queues a rack looks into next."""

from __future__ import annotations

from collections.abc import Callable

from pytest_fluxscenario.fleet.messages.subjects import Queue, work, work_needing
from pytest_fluxscenario.fleet.rack.turns import Turns

_MAIN, _MINE, _NODE = work("default"), work("default", "mine"), work_needing("default", "node")


def _looked(turns: Turns, has: Callable[[Queue], bool] = lambda _: False) -> list[tuple[Queue, float]]:
    """Into what, until one has something."""
    looked = []
    for look in turns.looks(1.0):
        looked.append((look.queue, look.wait))
        if has(look.queue):
            turns.found(look)
            break
    return looked


def test_one_queue_is_waited_at() -> None:
    assert _looked(Turns(("default",), ("engine",))) == [(_MAIN, 1.0)]


def test_what_others_give_back_is_looked_for_and_not_waited_for() -> None:
    turns = Turns(("default",), ("engine",), ("node",))
    for _ in range(5):
        *looks, last = _looked(turns)
        assert sorted(looks, key=repr) == sorted([(_MAIN, 0.0), (_NODE, 0.0)], key=repr)
        assert last == (_MAIN, 1.0)


def test_of_several_gears_none_is_waited_at_for_long() -> None:
    turns = Turns(("default",), ("engine", "mine"), ("node",))
    waited = [_looked(turns)[-1] for _ in range(6)]
    assert {queue for queue, _ in waited} == {_MAIN, _MINE}
    assert {wait for _, wait in waited} == {0.25}


def test_who_offers_no_engine_takes_no_work_of_its_hooks() -> None:
    assert _looked(Turns(("default",), ("mine",), ("node",))) == [(_MINE, 1.0)]


def test_a_queue_that_is_never_empty_does_not_keep_others_waiting() -> None:
    turns = Turns(("default",), ("engine",), ("node",))
    found = [_looked(turns, lambda _: True)[-1][0] for _ in range(40)]
    assert 3 <= found.count(_NODE) <= 37
    assert max(len(run) for run in "".join("n" if one == _NODE else "m" for one in found).split("n")) <= 10
