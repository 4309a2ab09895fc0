"""What drafts are after: what no scenario of the suite shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pytest_fluxscenario.analysis.drafts.moves import Ground
from pytest_fluxscenario.analysis.drafts.observe import expectation_of
from pytest_fluxscenario.analysis.drafts.probe import Answered, Probe, answer
from pytest_fluxscenario.analysis.mutation.mutant import Mutant
from pytest_fluxscenario.analysis.mutation.trial import Trial
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.runner.compare import mismatches


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
    def actions(self) -> Sequence[str]:
        """Those whose requests can show the change."""
        known = self.ground.rules.actions
        return [name for name in known if self.mutant.actions is None or name in self.mutant.actions]

    @cached_property
    def rules(self) -> Rules | None:
        """The rules of the mutant; None where they cannot be read."""
        try:
            return self.mutant.process.rules()
        except FluxError:
            return None

    def reached(self, probe: Probe, answered: Answered) -> bool:
        """Whether the mutant's answers are other ones, as far as a scenario can say so."""
        if self.rules is None or (not self.mutant.process.idempotent and not any(ask.key for ask in probe.asks)):
            return False
        ground = self.ground
        idempotent = self.mutant.process.idempotent
        other = answer(probe, self.rules, ground.environment, ground.hooks, idempotent=idempotent)
        if other is None:
            return False
        pairs = zip(answered.responses, other.responses, strict=True)
        return any(one != two and mismatches(expectation_of(one), two, {}) for one, two in pairs)

    def noticed_by(self, trial: Trial) -> bool:
        """Whether a scenario fails on the mutant."""
        idempotent = self.mutant.process.idempotent
        return self.rules is not None and trial.run(self.rules, idempotent=idempotent).verdict == "failed"
