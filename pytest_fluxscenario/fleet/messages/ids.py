"""Ids of messages: Sonyflake, which any machine makes without asking another (fleet.md, "fluxMsg")."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Self

from sonyflake import SonyFlake

from pytest_fluxscenario.base.clock import Clock, SystemClock, seconds
from pytest_fluxscenario.base.digest import sha256

#: The moment that ids count from, in steps of 10 ms; they fit into 63 bits for 174 years.
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
MOST_ID: Final = (1 << 63) - 1
_MACHINES: Final = 1 << 16
#: Of a second.
_STEPS: Final = 100


def machine_of(public_key: str) -> int:
    """The machine number of whoever has that key: the same at every start, without a list of numbers to keep."""
    return int(sha256(public_key.encode())[:4], 16)


class Ids(SonyFlake):  # type: ignore[misc]  # where the extra is not installed, the library has no types
    """Makes ids that grow: 39 bits of time, 8 of a counter, 16 of the machine."""

    def __new__(
        cls,
        machine: int,
        clock: Clock | None = None,  # noqa: ARG004 - __init__ takes it
        steady: Callable[[], float] = seconds,  # noqa: ARG004 - as above
    ) -> Self:
        """Raises ValueError for a machine number that does not fit into 16 bits."""
        if not 0 <= machine < _MACHINES:
            raise ValueError(f"a machine number is 0 to {_MACHINES - 1}, not {machine}")
        made: Self = super().__new__(cls, EPOCH, lambda: machine)
        return made

    def __init__(self, machine: int, clock: Clock | None = None, steady: Callable[[], float] = seconds) -> None:
        self._clock = clock or SystemClock()
        #: Seconds by a clock that only goes forward.
        self._steady = steady
        #: A time that was given, in steps, and when by that clock.
        self._base: int = self.to_sonyflake_time(EPOCH)
        self._since = steady()
        super().__init__(EPOCH, lambda: machine)

    def current_time(self) -> int:
        """The clock's time in steps of 10 ms; from one that was set back, or is far behind, the time goes on.

        It must not stand still either: ids of a step are few, and then the library sleeps, longer each time.
        """
        steady = self._steady()
        now: int = self.to_sonyflake_time(self._clock.now())
        gone = self._base + int((steady - self._since) * _STEPS)
        if now <= gone:
            return gone
        self._base, self._since = now, steady
        return now

    @staticmethod
    def sleep_time(duration: int) -> float:
        """Seconds until that many steps are over; the library's own sleeps ten times as long."""
        return duration / _STEPS

    def next(self) -> int:
        """The next id."""
        made: int = self.next_id()
        return made
