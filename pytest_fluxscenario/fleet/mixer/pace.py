"""Whether the machine's clock goes as time does: one that was wrong may be set, by hours or by years."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_fluxscenario.base.clock import Clock, SystemClock, seconds


@dataclass(slots=True)
class Pace:
    """Compares the clock that can be set with the one that only goes forward."""

    clock: Clock = SystemClock()  # noqa: RUF009 - a frozen value
    steady: Callable[[], float] = seconds
    #: What both said at the last look.
    _before: tuple[float, float] | None = None

    def jumped(self) -> float | None:
        """Seconds by which the clock was set since the last look, less than 0 for back; None at the first look.

        A machine that slept looks as if its clock had been set forward.
        """
        before, now = self._before, (self.clock.now().timestamp(), self.steady())
        self._before = now
        return None if before is None else (now[0] - before[0]) - (now[1] - before[1])
