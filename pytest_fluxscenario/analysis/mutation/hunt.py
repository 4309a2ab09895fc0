"""Trying a suite on mutants: which scenario notices each, first of all those that ask for what was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pytest_fluxscenario.analysis.mutation.mutant import Mutant
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.trial import Trial
from pytest_fluxscenario.analysis.mutation.variations import KeysIgnored
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.control.rules import Rules

#: ``killed``: a scenario noticed. ``survived``: none did. ``equivalent``: none did, and none can.
Fate = Literal["killed", "survived", "equivalent"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant."""

    fate: Fate
    #: The first scenario that noticed, in the order of the suite; empty where none did.
    by: str = ""
    #: Scenarios that were run on it.
    runs: int = 0
    #: Those that ask for what was changed and noticed nothing, the first few: where an expectation may be missing.
    near: tuple[str, ...] = ()
    #: All that noticed, by their number in the suite; empty where the hunt ends with the first one.
    all: tuple[int, ...] = ()


_MOST_NEAR = 3


@dataclass(frozen=True)
class Hunt:
    """A suite that passes, and the process it passes on."""

    process: Process
    trials: Sequence[Trial]
    #: Ends what hooks have started; they may be called again.
    close: Callable[[], None] = lambda: None
    #: Go on after the first scenario that notices, to know all that do.
    every: bool = False

    @cached_property
    def _rules(self) -> Rules:
        return self.process.rules()

    def try_one(self, mutant: Mutant) -> Verdict:
        """Run what may notice: until one does, or all."""
        try:
            process = mutant.process
            rules = process.rules(self._rules, mutant.actions)
        except FluxError:
            # Whoever loads it is told: no process runs on rules that cannot be read.
            return Verdict("killed", "loading")
        keys = isinstance(process.variation, KeysIgnored)
        near: list[str] = []
        noticed: list[int] = []
        runs = 0
        for number, trial in enumerate(self.trials):
            if not trial.may_show(mutant.actions) or (keys and not _has_keys(trial)):
                continue
            runs += 1
            if trial.run(rules, process.variation).verdict == "passed":
                near.append(trial.id)
                continue
            noticed.append(number)
            if not self.every:
                break
        if noticed:
            return Verdict("killed", self.trials[noticed[0]].id, runs, all=tuple(noticed) if self.every else ())
        return Verdict("equivalent" if mutant.equivalent else "survived", "", runs, tuple(near[:_MOST_NEAR]))

    def try_all(self, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Verdict]]:
        """Each mutant with its verdict, in order."""
        for mutant in mutants:
            yield mutant, self.try_one(mutant)


def _has_keys(trial: Trial) -> bool:
    return any(step.idempotency_key is not None for step in trial.case.scenario.steps)
