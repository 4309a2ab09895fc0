"""The states of a process, breadth first, with the real engine: nothing of its rules is written a second time.

A state is what a run holds as far as a rule can ask for it: which types of artifacts it has, which needs for approvals
are met, whether it is complete. Two runs that are alike in that answer alike to every request; of each state the run
that was reached first, by the fewest steps, is the one that the engine is asked with.

The engine is asked once for all states that are alike in what it looked at: the run notes what is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Final

from msgspec import UNSET

from pytest_fluxscenario.analysis.space.answers import Said
from pytest_fluxscenario.analysis.space.memo import Memo, Seen
from pytest_fluxscenario.analysis.space.needs import Needs, needs_of
from pytest_fluxscenario.analysis.space.space import Ask, Space
from pytest_fluxscenario.analysis.space.states import LEFT_OUT, Granted, Move, Node, Outcome, Visit
from pytest_fluxscenario.analysis.space.watched import Reads, run_of, watch
from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.control.answers import Decision
from pytest_fluxscenario.control.state import ArtifactRecord, Run


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an exploration goes."""

    states: int = 20_000
    #: From the time that the explorer counts from.
    seconds: float = 60.0
    #: Steps from the start.
    depth: int = 1_000


#: Called now and then with the number of states seen and of those still to be looked at.
Tick = Callable[[int, int], None]
_ALL: Final = -1


@dataclass(slots=True)
class Explorer:
    """Explores a space once; what was seen is kept, so that it can be asked again and again."""

    space: Space
    bounds: Bounds = field(default_factory=Bounds)
    tick: Tick | None = None
    #: When the time began to run (``base.clock.seconds``); now, unless more than the exploration counts.
    begun: float = field(default_factory=seconds)
    #: Why it ended before every state was seen; empty where none was left out.
    stopped: str = ""
    #: Requests decided by the engine.
    decided: int = 0
    needs: Needs = field(init=False)
    _visits: list[Visit] = field(default_factory=list, init=False, repr=False)
    _nodes: list[Node] = field(default_factory=list, init=False, repr=False)
    _known: dict[tuple[int, int, bool], int] = field(default_factory=dict, init=False, repr=False)
    _samples: dict[str, ArtifactRecord] = field(default_factory=dict, init=False, repr=False)
    #: By action, and by the number of a request.
    _tables: dict[str, Memo[_Found]] = field(default_factory=dict, init=False, repr=False)
    _asked: dict[int, Memo[tuple[Outcome, ...]]] = field(default_factory=dict, init=False, repr=False)
    _shared: dict[object, Outcome] = field(default_factory=dict, init=False, repr=False)
    _bits: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _late: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.needs = needs_of(self.space)
        self._bits = {name: 1 << at for at, name in enumerate(self.space.types)}
        needs: dict[int, int] = {}
        for (ask, _), bit in self.needs.bits.items():
            needs[ask] = needs.get(ask, 0) | 1 << bit
        for action, asks in self.space.asks.items():
            self._asked.update((ask.number, Memo(needs.get(ask.number, 0))) for ask in asks)
            self._tables[action] = Memo(reduce(or_, (needs.get(ask.number, 0) for ask in asks), 0))
        self._add(0, 0, False, 0, None, (), 0)

    @property
    def nodes(self) -> list[Node]:
        """The states found so far, by number."""
        return self._nodes

    @property
    def requests(self) -> int:
        """Requests in states that have an answer: those decided by the engine, and those that cannot differ."""
        return sum(len(found) for visit in self._visits for found in visit.outcomes.values())

    def visits(self) -> Iterator[Visit]:
        """Every state, nearest first: those seen before, then further ones until all are or a bound is met."""
        yield from self._visits
        while not self._late and len(self._visits) < len(self._nodes):
            visit = None if self.late() else self._visit(self._nodes[len(self._visits)])
            if visit is None:
                return
            self._visits.append(visit)
            if self.tick is not None:
                self.tick(len(self._visits), len(self._nodes) - len(self._visits))
            yield visit

    def late(self) -> bool:
        """Whether the time is up; then what is not seen by now is left out, also by those who ask."""
        if seconds() > self.begun + self.bounds.seconds:
            self.stopped, self._late = f"{self.bounds.seconds:g} seconds", True
        return self._late

    def path(self, node: Node, last: Move | None = None) -> tuple[Move, ...]:
        """The steps that lead to a state by the shortest way, then ``last``."""
        steps: list[Move] = [] if last is None else [last]
        while node.move is not None:
            steps.append(node.move)
            node = self._nodes[node.before]
        return tuple(reversed(steps))

    def run(self, node: Node) -> Run:
        """A run in that state."""
        held = {name: self._samples[name] for name, bit in self._bits.items() if node.held & bit}
        records = (self.space.records[number] for number in node.grants)
        return run_of(self.space.rules, held, records, completed=node.completed)

    def held(self, node: Node) -> frozenset[str]:
        """The types that the run of a state holds."""
        return frozenset(name for name, bit in self._bits.items() if node.held & bit)

    def mask(self, types: frozenset[str] | tuple[str, ...]) -> int:
        """Types as a mask; those that nothing asks for have no bit."""
        return sum({self._bits.get(name, 0) for name in types})

    def _visit(self, node: Node) -> Visit | None:
        """All answers in a state, whose successors are noted; None where the time is up."""
        outcomes: dict[str, tuple[Outcome, ...]] = {}
        after: dict[int, None] = {}
        for action, table in self._tables.items():
            known = table.find(node.held, node.met, node.completed)
            found = known[1] if known is not None else self._decide(node, action)
            if found is None:
                return None
            outcomes[action] = found.outcomes
            for outcome in found.steps:
                completed = node.completed or outcome.decision.effects.completes
                self._step(node, node.held | outcome.adds, node.met, completed, outcome, node.grants, after)
        if not node.completed:
            for number, approval in enumerate(self.space.grants):
                met = self.needs.after(node.met, number)
                grants = (*node.grants, number)
                self._step(node, node.held, met, False, Granted(number, approval), grants, after)
        return Visit(node, outcomes, tuple(after))

    def _decide(self, node: Node, action: str) -> _Found | None:
        """The answers to all requests for an action, kept for states that are like this one; None when it is late."""
        run = self.run(node)
        seen = Seen()
        outcomes: list[Outcome] = []
        for ask in self.space.asks[action]:
            if self.late():
                return None
            known = self._asked[ask.number].find(node.held, node.met, node.completed)
            if known is None:
                reads = Reads()
                watched = watch(run, reads)
                decisions = list(self.space.decider.decide(watched, ask.request, self.space.now))
                self.decided += len(decisions)
                looked = Seen(_ALL if reads.every_type else self.mask(tuple(reads.types)), reads.approvals)
                known = looked, tuple(self._outcome(ask, said, decision) for said, decision in decisions)
                self._asked[ask.number].keep(node.held, node.met, node.completed, *known)
            seen |= known[0]
            outcomes += known[1]
        steps = {
            (one.adds, one.decision.effects.completes): one
            for one in reversed(outcomes)
            if one.adds or one.decision.effects.completes
        }
        found = _Found(tuple(outcomes), tuple(reversed(steps.values())))
        self._tables[action].keep(node.held, node.met, node.completed, seen, found)
        return found

    def _outcome(self, ask: Ask, said: tuple[Said, ...], decision: Decision) -> Outcome:
        """The outcome; one object for all that differ in nothing but the ids of a run."""
        response = decision.response
        key = (
            ask.number,
            tuple((one.hook, one.origin, id(one.outcome.result)) for one in said),
            response.status,
            response.route,
            response.gate_id,
            response.missing_artifacts,
            response.created_artifact_types,
            response.completion_report_exists,
            decision.effects.completes,
            len(decision.effects.records),
            None if response.reason is UNSET else response.reason,
        )
        known = self._shared.get(key)
        if known is None:
            records = decision.effects.records
            for record in records:
                self._samples.setdefault(record.type, record)
            adds = self.mask(tuple(record.type for record in records))
            known = self._shared[key] = Outcome(ask, said, decision, adds)
        return known

    def _step(
        self,
        node: Node,
        held: int,
        met: int,
        completed: bool,
        move: Move,
        grants: tuple[int, ...],
        after: dict[int, None],
    ) -> None:
        key = held, met, completed
        number = self._known.get(key)
        if number is None:
            if node.depth >= self.bounds.depth:
                self.stopped = self.stopped or f"{self.bounds.depth} steps"
                after[LEFT_OUT] = None
                return
            if len(self._nodes) >= self.bounds.states:
                self.stopped = self.stopped or f"{self.bounds.states} states"
                after[LEFT_OUT] = None
                return
            number = self._add(held, met, completed, node.number, move, grants, node.depth + 1)
        if number != node.number:
            after[number] = None

    def _add(
        self, held: int, met: int, completed: bool, before: int, move: Move | None, grants: tuple[int, ...], depth: int
    ) -> int:
        number = len(self._nodes)
        self._nodes.append(Node(number, held, met, completed, before, move, grants, depth))
        self._known[held, met, completed] = number
        return number


@dataclass(frozen=True, slots=True)
class _Found:
    """What the requests for one action come back with, and those of them that change the state, each change once."""

    outcomes: tuple[Outcome, ...]
    steps: tuple[Outcome, ...]
