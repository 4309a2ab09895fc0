"""Answers that are known already: what a decision looked at is all that it can depend on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at in a state."""

    #: Types, as a mask; -1 for all of them.
    types: int = 0
    approvals: bool = False

    def __or__(self, other: Seen) -> Seen:
        """What both looked at together."""
        return Seen(self.types | other.types, self.approvals or other.approvals)


@dataclass(slots=True)
class Memo(Generic[_Answer]):
    """Answers to the same requests in different states."""

    #: The needs of the requests, as a mask: where approvals were looked at, these are what can have been learned.
    needs: int
    #: For all that was ever looked at together, the answers by what was seen there.
    _known: dict[Seen, dict[tuple[int, int, bool], _Answer]] = field(default_factory=dict)

    def find(self, held: int, met: int, completed: bool) -> tuple[Seen, _Answer] | None:
        """The answer in a state that is like an earlier one in all that was looked at there, and what that was."""
        for seen, answers in self._known.items():
            answer = answers.get((held & seen.types, met & self.needs if seen.approvals else 0, completed))
            if answer is not None:
                return seen, answer
        return None

    def keep(self, held: int, met: int, completed: bool, seen: Seen, answer: _Answer) -> None:
        """Keep the answer of a state in which that was looked at."""
        key = held & seen.types, met & self.needs if seen.approvals else 0, completed
        self._known.setdefault(seen, {})[key] = answer
