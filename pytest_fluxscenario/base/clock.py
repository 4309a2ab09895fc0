"""The one door to time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells a control the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class StandingClock:
    """A clock that stands still, so that a scenario gives the same answer on every day."""

    #: Aware, UTC.
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Always the same moment."""
        return self.at


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The machine's time, in UTC."""
        return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """``moment`` as RFC 3339 in UTC with milliseconds: ``2026-01-01T00:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds() -> float:
    """A monotonic reading in seconds, for durations."""
    return time.perf_counter()


def nanoseconds() -> int:
    """The machine's time in nanoseconds since 1970, as spans have it."""
    return time.time_ns()
