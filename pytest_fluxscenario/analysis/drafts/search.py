"""The first probe that reaches a target, and the least of it that still does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from pytest_fluxscenario.analysis.drafts.ground import Ground
from pytest_fluxscenario.analysis.drafts.moves import Moves
from pytest_fluxscenario.analysis.drafts.probe import Answered, Probe

#: How many things a probe may differ in from a request that is allowed.
DEPTH: Final = 2
#: Probes of one action; an action with very many rules has more.
MOST_PROBES: Final = 6_000


class Goal(Protocol):
    """What a search is after."""

    @property
    def actions(self) -> Sequence[str]:
        """The actions whose requests may reach it, in the order in which they are tried."""
        ...

    def reached(self, probe: Probe, answered: Answered) -> bool:
        """Whether a probe that was answered so reaches it."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A probe, and what came back."""

    probe: Probe
    answered: Answered


@dataclass
class Search:
    """Tries the probes of the actions of a pack; each is answered once, however many goals there are."""

    ground: Ground
    _tried: dict[str, _Tried] = field(default_factory=dict)

    def first(self, goal: Goal, depth: int) -> Found | None:
        """The first probe that differs in so many things and reaches a goal, cut to what it takes; None for none."""
        for action in goal.actions:
            for one in self._of(action).at(depth):
                if goal.reached(one.probe, one.answered):
                    return self._least(one, goal)
        return None

    @property
    def count(self) -> int:
        """How many probes were tried."""
        return sum(one.count for one in self._tried.values())

    @property
    def cut(self) -> tuple[str, ...]:
        """Actions of which not all probes were tried."""
        return tuple(action for action, one in self._tried.items() if one.cut)

    def _of(self, action: str) -> _Tried:
        if action not in self._tried:
            self._tried[action] = _Tried(self.ground, Moves(self.ground, action))
        return self._tried[action]

    def _least(self, found: Found, goal: Goal) -> Found:
        """Without what makes no difference: later requests, artifacts, approvals, failures, an environment, a key."""
        again = True
        while again:
            again = False
            for probe in _simpler(found.probe):
                answered = self.ground.answer(probe)
                if answered is not None and goal.reached(probe, answered):
                    found, again = Found(probe, answered), True
                    break
        return found


def _simpler(probe: Probe) -> Iterator[Probe]:
    """Copies of a probe that lack one thing each."""
    for at in range(len(probe.asks)) if len(probe.asks) > 1 else ():
        yield replace(probe, asks=(*probe.asks[:at], *probe.asks[at + 1 :]))
    for at in range(len(probe.given)):
        yield replace(probe, given=(*probe.given[:at], *probe.given[at + 1 :]))
    for at in range(len(probe.approvals)):
        yield replace(probe, approvals=(*probe.approvals[:at], *probe.approvals[at + 1 :]))
    if probe.environment is not None:
        yield replace(probe, environment=None)
    for at, ask in enumerate(probe.asks):
        if ask.faults:
            yield replace(probe, asks=(*probe.asks[:at], replace(ask, faults=()), *probe.asks[at + 1 :]))
    if any(ask.key for ask in probe.asks):
        yield replace(probe, asks=tuple(replace(ask, key=None) for ask in probe.asks))


class _Tried:
    """The probes of one action with their answers, as far as somebody has asked for them."""

    def __init__(self, ground: Ground, moves: Moves) -> None:
        self.count = 0
        self.cut = False
        self._ground = ground
        self._found: list[list[Found]] = [[] for _ in range(DEPTH + 1)]
        self._left: list[Iterator[Probe]] = [moves.probes(depth) for depth in range(DEPTH + 1)]

    def at(self, depth: int) -> Iterator[Found]:
        """Those that differ in ``depth`` things."""
        yield from self._found[depth]
        for probe in self._left[depth]:
            if self.count >= MOST_PROBES:
                self.cut = True
                return
            self.count += 1
            answered = self._ground.answer(probe)
            if answered is not None:
                found = Found(probe, answered)
                self._found[depth].append(found)
                yield found
