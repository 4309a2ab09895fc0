"""One scenario as it is tried on mutants: decoded once, run thousands of times."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from pytest_fluxscenario.analysis.mutation.schemas import short
from pytest_fluxscenario.analysis.mutation.variations import AS_IT_IS, Variation
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.evidence.coverage_count import Counter
from pytest_fluxscenario.evidence.coverage_index import STOPS
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION
from pytest_fluxscenario.runner.case import Case
from pytest_fluxscenario.runner.run import Outcome, RunSettings, run_scenario
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime

_SETTINGS = RunSettings(stop_at_first=True)


@dataclass(frozen=True)
class Trial:
    """A scenario that passes on the process as it is."""

    #: As pytest's node id.
    id: str
    case: Case
    #: Whether its strings may hold references.
    references: bool
    #: The actions that it asks for.
    actions: frozenset[str]
    #: What calls the hooks of its pack; None where nothing can.
    hooks: HookRuntime | None = None
    settings: RunSettings = _SETTINGS
    #: The goals of coverage that it reaches.
    reached: frozenset[str] = frozenset()

    def may_show(self, actions: frozenset[str] | None) -> bool:
        """Whether the scenario may show a change that only requests for ``actions`` tell of; None for any request."""
        if actions is None or not actions.isdisjoint(self.actions):
            return True
        # The contract tells of every rule, and a later step may send on what it says.
        return self.references and CONTRACT_ACTION in self.actions

    def run(self, rules: Rules, variation: Variation = AS_IT_IS) -> Outcome:
        """What comes of the scenario under ``rules``, up to the first step that fails."""
        step_hooks = self.case.hooks(self.hooks)
        engine = Engine(rules, self.case.environment, variation.hooks(step_hooks))
        control = variation.control(EngineControl(engine))
        scenario, spec = self.case.scenario, self.case.subject.spec
        return run_scenario(scenario, control, step_hooks, self.settings, references=self.references, spec=spec)


def goals_of(trial: Trial, counter: Counter) -> tuple[Outcome, frozenset[str]]:
    """What comes of a scenario on its own rules, and the goals of coverage that it reaches."""
    case, hooks = trial.case, trial.case.hooks(trial.hooks)
    control = EngineControl(Engine(case.subject.rules, case.environment, hooks))
    outcome = run_scenario(
        case.scenario, control, hooks, trial.settings, references=trial.references, spec=case.subject.spec
    )
    index = counter.chart(case.subject).index
    seen = counter.seen(case, control, hooks, case.environment, outcome) & ~index.impossible
    return outcome, frozenset(" ".join(point) for point in index.names(seen) if point.kind != STOPS)


def actions_of(outcome: Outcome) -> frozenset[str]:
    """The actions that a run asked for."""
    return frozenset(step.request.action for step in outcome.steps if step.request is not msgspec.UNSET)


@dataclass(slots=True)
class RememberedHooks:
    """Asks a runtime once for each call: a hook computes facts, so the same call has the same outcome."""

    runtime: HookRuntime
    #: By the line of the call, or its hash.
    known: dict[bytes, HookOutcome] = field(default_factory=dict)

    def call(self, call: HookCall) -> HookOutcome:
        """The outcome of the call, or of the same call before."""
        key = short(call.line())
        known = self.known.get(key)
        if known is None:
            known = self.known[key] = self.runtime.call(call)
        return known
