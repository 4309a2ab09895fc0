"""The one door to time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from pytest_fluxscenario.base.clock import StandingClock, SystemClock, seconds, timestamp


def test_the_standing_clock_stands() -> None:
    clock = StandingClock()
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    assert StandingClock(datetime(2030, 5, 5, tzinfo=UTC)).now().year == 2030


def test_the_system_clock_says_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)


def test_a_timestamp_is_utc_with_milliseconds() -> None:
    east = timezone(timedelta(hours=2))
    assert timestamp(datetime(2026, 1, 1, 1, 30, 5, 123999, east)) == "2025-12-31T23:30:05.123Z"
    assert timestamp(StandingClock().now()) == "2026-01-01T00:00:00.000Z"


def test_seconds_only_rise() -> None:
    assert seconds() <= seconds()
