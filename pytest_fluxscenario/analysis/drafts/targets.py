"""What drafts are after: what no scenario of the suite shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pytest_fluxscenario.analysis.drafts.ground import Ground
from pytest_fluxscenario.analysis.drafts.observe import expectation_of
from pytest_fluxscenario.analysis.drafts.probe import Answered, Probe, answer
from pytest_fluxscenario.analysis.drafts.suite import Ran
from pytest_fluxscenario.analysis.mutation.mutant import Mutant
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.variations import KeysIgnored
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.runner.compare import mismatches


class Target(Protocol):
    """Something that a scenario can show."""

    @property
    def id(self) -> str:
        """Stable from run to run."""
        ...

    @property
    def what(self) -> str:
        """What a scenario shows that reaches it: a sentence with its full stop."""
        ...

    @property
    def pointer(self) -> Pointer:
        """Where it stands in the normalised profile; with ``hooks`` first, in the hooks."""
        ...

    @property
    def actions(self) -> Sequence[str]:
        """The actions whose requests may reach it, in the order in which they are tried."""
        ...

    def reached(self, probe: Probe, answered: Answered) -> bool:
        """Whether a probe that was answered so reaches it."""
        ...

    def shown_by(self, ran: Ran) -> bool:
        """Whether a scenario that passes reaches it."""
        ...


@dataclass(frozen=True)
class MutantTarget:
    """A mutant that no scenario notices: reached where it answers otherwise than the pack."""

    ground: Ground
    mutant: Mutant

    @property
    def id(self) -> str:
        """As the report of mutants names it."""
        return self.mutant.id

    @property
    def what(self) -> str:
        """What a scenario shows that reaches it."""
        return f"Notices when {self.mutant.what}."

    @property
    def pointer(self) -> Pointer:
        """Where the change is."""
        return self.mutant.pointer

    @property
    def actions(self) -> Sequence[str]:
        """Those whose requests can show the change."""
        known = self.ground.rules.actions
        return [name for name in known if self.mutant.actions is None or name in self.mutant.actions]

    @cached_property
    def process(self) -> Process:
        """The process with the change."""
        return self.mutant.process

    @cached_property
    def rules(self) -> Rules | None:
        """The rules of the mutant; None where they cannot be read."""
        try:
            return self.process.rules(self.ground.rules, self.mutant.actions)
        except FluxError:
            return None

    def reached(self, probe: Probe, answered: Answered) -> bool:
        """Whether the mutant's answers are other ones, as far as a scenario can say so."""
        variation = self.process.variation
        if self.rules is None or (isinstance(variation, KeysIgnored) and not any(ask.key for ask in probe.asks)):
            return False
        other = answer(probe, self.rules, self.ground.environment, self.ground.hooks, variation)
        if other is None:
            return False
        pairs = zip(answered.responses, other.responses, strict=True)
        return any(one != two and mismatches(expectation_of(one), two, {}) for one, two in pairs)

    def shown_by(self, ran: Ran) -> bool:
        """Whether a scenario fails on the mutant."""
        rules, actions = self.rules, self.mutant.actions
        if rules is None or (actions is not None and actions.isdisjoint(ran.trial.actions)):
            return False
        return ran.trial.run(rules, self.process.variation).verdict == "failed"
