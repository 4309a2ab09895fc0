"""No name becomes more than one token of a subject."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_fluxscenario.fleet.messages import subjects
from pytest_fluxscenario.fleet.messages.errors import SnakeError

_MADE: list[Callable[[str], object]] = [
    subjects.heartbeat,
    subjects.commands,
    subjects.evidence,
    subjects.work,
    lambda name: subjects.work("default", name),
    lambda name: subjects.work("default").of(name),
    lambda name: subjects.work_of(name, "run-1"),
    lambda name: subjects.work_of("default", name),
    lambda name: subjects.once_key(name, "a", 1),
]


@pytest.mark.parametrize(
    "name", ["*", ">", "a.b", "a b", "a\r\nPUB x 0", "", "A", "ü", "a" * 65, "-a", "latest", "con"]
)
@pytest.mark.parametrize("make", _MADE)
def test_a_name_that_could_be_more_than_one_is_refused(make: Callable[[str], object], name: str) -> None:
    with pytest.raises(SnakeError, match="cannot be used"):
        make(name)


def test_subjects_are_those_of_the_specification() -> None:
    assert subjects.HELLO == "flux.agent.hello"
    assert subjects.heartbeat("r-1") == "flux.agent.heartbeat.r-1"
    assert subjects.commands("r-1") == "flux.rack.r-1.command"
    assert subjects.work("gpu").subject == "flux.work.gpu.engine.*"
    assert subjects.work("gpu", "engine") == subjects.work("gpu")
    assert subjects.work("gpu", "mine").of("run-1") == "flux.work.gpu.mine.run-1"
    assert subjects.work_of("gpu", "run-1") == "flux.work.gpu.*.run-1"
    assert subjects.evidence("run-1") == "flux.evidence.run-1"


def test_a_key_tells_run_scenario_and_attempt_apart() -> None:
    made = {
        subjects.once_key(run, item, attempt)
        for run in ("a", "b")
        for item in ("x::y", "x::y[0]", "\ud800\r\n")
        for attempt in (1, 2)
    }
    assert len(made) == 12
    assert all(key.isascii() and key.isprintable() for key in made)


def test_no_two_queues_have_one_name() -> None:
    words = ("a", "b", "a-b", "a_b", "b-a", "engine")
    queues = [subjects.work(pool, gear) for pool in words for gear in words]
    assert len({queue.name for queue in queues}) == len({queue.subject for queue in queues}) == 36
