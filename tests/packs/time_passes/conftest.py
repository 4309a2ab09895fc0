"""A clock that moves: the scenarios of this folder show what expires, which it never does while the clock stands."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest


@dataclass
class SixHoursLater:
    """Each look at it is six hours after the one before."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The next moment."""
        self.at += timedelta(hours=6)
        return self.at


@pytest.fixture
def fluxscenario_clock() -> SixHoursLater:
    """The run begins at six in the morning of the first day; each step is six hours later."""
    return SixHoursLater()
