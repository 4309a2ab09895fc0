"""How much of a profile was seen, and what it has to be at least (coverage.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import floor
from typing import NamedTuple

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.evidence.coverage_merge import Merged
from pytest_fluxscenario.model.coverage import KINDS, Marks

#: Three digits are enough, and as many behind the point.
_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?")
_HINT = "write a number from 0 to 100, and numbers for kinds: 90, or gates=100,routes=90"


class Score(NamedTuple):
    """Points that were seen, of those that can be."""

    seen: int
    possible: int

    @property
    def percent(self) -> float:
        """The share in percent, with one digit; never rounded up, and 100 where nothing can be seen."""
        return floor(1000 * self.seen / self.possible) / 10 if self.possible else 100.0

    def reaches(self, least: Decimal) -> bool:
        """Whether the share is at least so many percent."""
        return 100 * self.seen >= least * self.possible

    def __str__(self) -> str:
        return f"{self.percent:.1f}%"


def score_of(marks: Marks, *kinds: str) -> Score:
    """The score over some kinds; over all where none is named."""
    ways = [mark for kind in kinds or KINDS for way in marks.get(kind, {}).values() for mark in way.values()]
    return Score(sum(mark is True for mark in ways), sum(mark is not None for mark in ways))


@dataclass(frozen=True, slots=True)
class FailUnder:
    """The least that must be seen of each profile, in percent: of all, and of single kinds."""

    total: Decimal | None
    kinds: Mapping[str, Decimal]

    @classmethod
    def parse(cls, text: str, place: Place) -> FailUnder:
        """Read ``90``, ``gates=100,routes=90`` or ``90,gates=100``. Raises UsageError, at ``place``."""
        total: Decimal | None = None
        kinds: dict[str, Decimal] = {}
        for part in text.split(","):
            kind, equals, number = (one.strip() for one in part.rpartition("="))
            if equals and kind not in KINDS:
                message = f"'{shown(kind, 80)}' is no kind of what is covered"
                raise UsageError.of("usage.coverage", place, message, did_you_mean(kind, KINDS))
            least = _percent(number)
            if least is None:
                raise UsageError.of("usage.coverage", place, f"'{shown(part, 80)}' is no percentage", _HINT)
            if kind in kinds or (not equals and total is not None):
                message = f"'{shown(kind or part, 80)}' is said twice"
                raise UsageError.of("usage.coverage", place, message, _HINT)
            if equals:
                kinds[kind] = least
            else:
                total = least
        return cls(total, kinds)

    def misses(self, one: Merged) -> Iterator[str]:
        """What is told of each score that is too low."""
        name = f"{shown(one.profile.id, 80)} {shown(one.profile.version, 40)}"
        asked = [] if self.total is None else [("", self.total)]
        for kind, least in (*asked, *self.kinds.items()):
            score = score_of(one.marks, *([kind] if kind else []))
            if not score.reaches(least):
                of = f"{kind} of {name}" if kind else name
                yield f"coverage of {of} is {score}, below {least}% ({score.seen} of {score.possible})"


def _percent(text: str) -> Decimal | None:
    number = Decimal(text) if _NUMBER.fullmatch(text) else None
    return number if number is not None and number <= 100 else None
