from __future__ import annotations

import os
import threading

from pytest_fluxscenario.telemetry.lane import Lane


def _lane(room: int = 3) -> Lane:
    return Lane("span", "spans", room, why=lambda: "nobody is there")


def test_what_arrives_is_not_lost() -> None:
    lane = _lane()
    assert [lane.enter() for _ in range(3)] == [True] * 3
    lane.settle(3, arrived=True)
    assert (lane.said(), lane.failing) == ("", False)
    assert lane.enter()


def test_what_finds_no_room_is_counted() -> None:
    lane = _lane()
    assert [lane.enter() for _ in range(5)] == [True] * 3 + [False] * 2
    lane.settle(2, arrived=True)
    assert (lane.dropped, lane.lost) == (2, 3)
    assert lane.said() == "3 of 5 spans"
    # What has failed leaves room.
    lane.settle(1, arrived=False)
    assert [lane.enter() for _ in range(3)] == [True] * 3
    assert lane.fault == "nobody is there"


def test_a_change_is_told_once() -> None:
    told: list[bool] = []
    lane = Lane("span", "spans", 100, changed=lambda lane: told.append(lane.failing))
    for arrived in (True, False, False, True, True, False):
        lane.enter()
        lane.settle(1, arrived=arrived)
    assert told == [True, False, True]


def test_many_threads_are_counted_well() -> None:
    lane = _lane(100_000)

    def enter() -> None:
        for _ in range(2_000):
            lane.enter()

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lane.taken == 16_000


def test_a_fork_waits_for_no_thread_that_it_does_not_have() -> None:
    lane = _lane()
    lane.enter()
    with lane._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if lane.enter() and lane.total == 1 else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
