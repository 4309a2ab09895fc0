"""How much of a run lies in a queue at a time: what racks take in a second or two, and no more.

A queue gives out what came first. If all of a large run lay in it, a small one that comes later would wait for all of
it; so each has a little there, and racks come to all of them in turns (ADR 60).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.fleet.messages.handful import MOST

#: Scenarios: that a run begins with, where racks are slow, and where they are quick.
FIRST: Final = 64
_LEAST: Final = 8
_MOST: Final = 2_048
#: Seconds of work that are to lie there.
_SECONDS: Final = 1.0
#: Seconds until the next look, where racks might run dry and where not.
_SOON: Final = 0.02
_LATER: Final = 0.1


def whole(room: int) -> int:
    """``room`` as it is used: what goes together in one message is not parted for the sake of a few."""
    return room - room % MOST if room > MOST else room


@dataclass(slots=True)
class Window:
    """Of one run and gear."""

    size: int = FIRST
    #: Seconds until the next look.
    pause: float = _SOON
    #: How many were there after the last look, and when that was.
    _there: int = FIRST
    _looked: float | None = None

    def room(self, waiting: int, slots: int, now: float) -> int:
        """How many more may be handed out, where so many wait; ``slots`` is how many run at a time.

        ``now`` is the time in seconds, of a clock that only goes forward. Whoever asks hands them out.
        """
        least, passed = max(_LEAST, 2 * slots), now - (now if self._looked is None else self._looked)
        dry = waiting * 2 < self.size
        if dry:
            self.size = min(self.size * 2, max(_MOST, least))
        elif passed > 0:
            wanted = int((self._there - waiting) / passed * _SECONDS)
            # By and by: a moment in which nothing was taken says little.
            self.size = max(wanted, self.size - self.size // 4, least)
        self.pause = _SOON if dry or self._looked is None else _LATER
        self._looked, room = now, max(0, self.size - waiting)
        self._there = waiting + room
        return room
