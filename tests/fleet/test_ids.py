"""Sonyflake ids: unique, growing, and made without waiting for a clock that was set back."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from pytest_fluxscenario.fleet.messages.ids import MOST_ID, Ids, machine_of


class _SetClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 6, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def test_ids_grow_and_are_not_made_twice() -> None:
    one, two = Ids(1), Ids(2)
    made = [ids.next() for _ in range(300) for ids in (one, two)]
    assert len(set(made)) == len(made)
    assert made[::2] == sorted(made[::2])
    assert all(0 < number <= MOST_ID for number in made)


def test_an_id_holds_time_counter_and_machine() -> None:
    clock = _SetClock()
    ids = Ids(0xBEEF, clock, lambda: 0.0)
    clock.at += timedelta(seconds=3)
    first, second = ids.next(), ids.next()
    assert first & 0xFFFF == second & 0xFFFF == 0xBEEF
    assert ((first >> 16) & 0xFF, (second >> 16) & 0xFF) == (0, 1)
    # 151 days and 3 seconds after the epoch, in steps of 10 ms.
    assert first >> 24 == (151 * 86_400 + 3) * 100


@pytest.mark.parametrize(
    "set_to", [datetime(2026, 6, 1, tzinfo=UTC) - timedelta(hours=1), datetime(1970, 1, 2, tzinfo=UTC)]
)
def test_a_clock_that_is_set_back_makes_nobody_wait(set_to: datetime) -> None:
    clock, gone = _SetClock(), 0.0

    def steady() -> float:
        nonlocal gone
        gone += 1e-4
        return gone

    ids = Ids(1, clock, steady)
    before = [ids.next() for _ in range(10)]
    clock.at = set_to
    begun = time.perf_counter()
    after = [ids.next() for _ in range(20_000)]
    assert time.perf_counter() - begun < 60
    assert before + after == sorted({*before, *after})
    # And where the clock is right again, ids tell the time.
    clock.at = datetime(2026, 6, 2, tzinfo=UTC)
    assert ids.next() >> 24 == 152 * 86_400 * 100


def test_a_clock_that_is_behind_all_ids_makes_nobody_wait() -> None:
    clock = _SetClock()
    clock.at = datetime(1970, 1, 1, tzinfo=UTC)
    ids, begun = Ids(1, clock), time.perf_counter()
    made = [ids.next() for _ in range(2_560)]
    # Ten times the counter runs over, and a step is 10 ms; where the time stood still, each would take longer.
    assert time.perf_counter() - begun < 60
    assert made == sorted(set(made))
    assert all(0 < number <= MOST_ID for number in made)


def test_the_number_of_a_machine_has_16_bits() -> None:
    assert 0 <= machine_of("UABC") < 65_536
    assert machine_of("UABC") != machine_of("UABD")
    with pytest.raises(ValueError, match="0 to 65535"):
        Ids(65_536)
