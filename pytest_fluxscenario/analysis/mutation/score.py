"""What a hunt shows: how many of the mutants that can be noticed are, in all, by kind, and by gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pytest_fluxscenario.analysis.mutation.hunt import Verdict
from pytest_fluxscenario.analysis.mutation.mutant import Mutant


@dataclass(slots=True)
class Score:
    """Mutants counted by their fates."""

    killed: int = 0
    survived: int = 0
    equivalent: int = 0

    def count(self, verdict: Verdict) -> None:
        """One mutant more."""
        setattr(self, verdict.fate, getattr(self, verdict.fate) + 1)

    @property
    def percent(self) -> float:
        """Killed of those that can be noticed, 0 to 100; 100 where there are none."""
        possible = self.killed + self.survived
        return 100.0 * self.killed / possible if possible else 100.0


@dataclass(slots=True)
class Scores:
    """The score of a pack, of each operator, and of each gate."""

    pack: Score = field(default_factory=Score)
    operators: dict[str, Score] = field(default_factory=dict)
    gates: dict[str, Score] = field(default_factory=dict)
    #: Scenario to the number of mutants that it was the first to notice.
    by: dict[str, int] = field(default_factory=dict)
    #: Scenarios that were run on mutants.
    runs: int = 0


def score(results: Iterable[tuple[Mutant, Verdict]], gates: Mapping[int, str]) -> Scores:
    """The scores of a hunt; ``gates`` are the ids of the gates by position."""
    scores = Scores(gates={gate: Score() for gate in gates.values()})
    for mutant, verdict in results:
        scores.pack.count(verdict)
        scores.operators.setdefault(mutant.operator, Score()).count(verdict)
        gate = _gate_of(mutant, gates)
        if gate is not None:
            scores.gates[gate].count(verdict)
        if verdict.by:
            scores.by[verdict.by] = scores.by.get(verdict.by, 0) + 1
        scores.runs += verdict.runs
    return scores


def _gate_of(mutant: Mutant, gates: Mapping[int, str]) -> str | None:
    at = mutant.pointer[1] if len(mutant.pointer) > 1 and mutant.pointer[0] == "gates" else None
    return gates.get(at) if isinstance(at, int) else None
