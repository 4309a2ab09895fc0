"""Ids of messages: Sonyflake, which any machine makes without asking another (fleet.md, "fluxMsg")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Self

from sonyflake import SonyFlake

from pytest_fluxscenario.base.clock import Clock, SystemClock
from pytest_fluxscenario.base.digest import sha256

#: The moment that ids count from, in steps of 10 ms; they fit into 63 bits for 174 years.
EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
MOST_ID: Final = (1 << 63) - 1
_MACHINES: Final = 1 << 16


def machine_of(public_key: str) -> int:
    """The machine number of whoever has that key: the same at every start, without a list of numbers to keep."""
    return int(sha256(public_key.encode())[:4], 16)


class Ids(SonyFlake):  # type: ignore[misc]  # where the extra is not installed, the library has no types
    """Makes ids that grow: 39 bits of time, 8 of a counter, 16 of the machine."""

    def __new__(cls, machine: int, clock: Clock | None = None) -> Self:  # noqa: ARG004 - __init__ takes it
        """Raises ValueError for a machine number that does not fit into 16 bits."""
        if not 0 <= machine < _MACHINES:
            raise ValueError(f"a machine number is 0 to {_MACHINES - 1}, not {machine}")
        made: Self = super().__new__(cls, EPOCH, lambda: machine)
        return made

    def __init__(self, machine: int, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._last = 0
        super().__init__(EPOCH, lambda: machine)

    def current_time(self) -> int:
        """The clock's time in steps of 10 ms; never less than before: a clock that was set back makes nobody wait."""
        self._last = max(self._last, self.to_sonyflake_time(self._clock.now()))
        return self._last

    def next(self) -> int:
        """The next id."""
        made: int = self.next_id()
        return made
