"""Which records a process of a session asks for: those of its own items, and few of others'."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.plugin.mixer.coming import Coming
from pytest_fluxscenario.remote.api import MOST_WANTED, ItemDone


def _done(item: str, attempt: int = 1) -> ItemDone:
    return ItemDone(1, item, attempt, "rack", "ran")


def _coming(count: int, workers: int = 1) -> Coming:
    coming = Coming(workers)
    coming.sent(f"i{number}" for number in range(count))
    return coming


def test_the_first_that_is_wanted_is_the_one_that_is_waited_for() -> None:
    assert _coming(3).wanted(("i1", 1)) == [("i1", 1), ("i2", 1)]
    assert _coming(3).wanted(("i0", 2)) == [("i0", 2), ("i1", 1), ("i2", 1)]
    # What was never sent has nothing behind it.
    assert _coming(3).wanted(("other", 1)) == [("other", 1)]


def test_what_has_come_or_was_given_is_not_asked_for_again() -> None:
    coming = _coming(5)
    coming.take([_done("i1"), _done("i3")])
    coming.give(coming.next_of("i3"))
    assert coming.wanted(("i0", 1)) == [("i0", 1), ("i2", 1), ("i4", 1)]
    assert coming.has(("i1", 1))
    assert not coming.has(("i3", 1))
    assert coming.next_of("i3") == ("i3", 2)


@pytest.mark.parametrize(("workers", "ahead"), [(1, 100), (2, 50), (8, 12), (500, 1)])
def test_the_more_share_a_run_the_less_each_asks_for(workers: int, ahead: int) -> None:
    assert len(_coming(1000, workers).wanted(("i0", 1))) == ahead <= MOST_WANTED


def test_every_record_comes_though_the_order_is_another_one() -> None:
    coming = _coming(50, 2)
    for number in reversed(range(50)):
        key = coming.next_of(f"i{number}")
        coming.take(_done(*one) for one in coming.wanted(key))
        assert coming.look(key).item == f"i{number}"
        coming.give(key)
