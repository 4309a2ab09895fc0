"""One scenario made ready to run: what a control is built from, and what fixtures are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_fluxscenario.base.clock import Clock, StandingClock
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.gears.port import Gear, GearControl, Stage
from pytest_fluxscenario.model.evidence import ProfileRef, ScenarioRef
from pytest_fluxscenario.model.request import Environment
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.runtimes.faulted import FaultedHooks
from pytest_fluxscenario.runtimes.none import NoHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookDamaged, HookOutcome, HookRuntime

if TYPE_CHECKING:
    # A session whose scenarios name no spec never imports it.
    from pytest_fluxscenario.packs.specs import Spec


@dataclass(slots=True)
class StepHooks:
    """The hook runtime of one scenario; the runner sets the faults of the step that is under way."""

    base: HookRuntime
    faults: Mapping[str, str] = field(default_factory=dict)
    #: Hook id and what the hook wrote to its standard error, call by call.
    errors: list[tuple[str, str]] = field(default_factory=list)
    #: How many calls went on to ``base``.
    calls: int = 0
    #: A hook did not run, because its store is damaged.
    damaged: bool = False
    #: The step that is under way, 1-based.
    step: int = 0
    #: Step to what its calls gave, in order; None for a call without a result.
    results: dict[int, list[Mapping[str, Any] | None]] = field(default_factory=dict)
    #: Who measures what each call takes: gets the call, and what makes it.
    around: Callable[[HookCall, Callable[[HookCall], HookOutcome]], HookOutcome] | None = None
    #: The ``traceparent`` of what is under way; empty where nothing is traced.
    trace: Callable[[], str] = str

    def call(self, call: HookCall) -> HookOutcome:
        """The outcome of the step's fault for that hook, or of the real call."""
        outcome = self._call(call) if self.around is None else self.around(call, self._call)
        result = outcome.result
        self.results.setdefault(self.step, []).append(result if isinstance(result, dict) else None)
        return outcome

    def _call(self, call: HookCall) -> HookOutcome:
        if call.hook_id in self.faults:
            return FaultedHooks(self.base, self.faults).call(call)
        self.calls += 1
        try:
            outcome = self.base.call(call)
        except HookDamaged:
            self.damaged = True
            raise
        if outcome.errors:
            self.errors.append((call.hook_id, outcome.errors))
        return outcome


@dataclass(frozen=True, slots=True)
class Subject:
    """A pack with its rules made ready, and a spec: shared by all scenarios that run on it and name that spec."""

    pack: Pack
    rules: Rules
    ref: ProfileRef
    #: What payloads are held against before they are sent; None where the scenarios name no spec.
    spec: Spec | None = None
    #: What the owners of pack and spec should know of.
    warnings: tuple[Problem, ...] = ()
    #: What calls the pack's hooks; None where nothing can.
    hooks: HookRuntime | None = field(default=None, repr=False, compare=False)
    #: What scenarios run against; None for the built-in engine.
    gear: Gear | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario (one parameter row of it) on one profile."""

    scenario: Scenario
    ref: ScenarioRef
    subject: Subject

    @property
    def environment(self) -> Environment:
        """What the scenario says that the world offers, else what the pack's manifest requires (control.md, 8)."""
        if self.scenario.environment is not None:
            return self.scenario.environment
        requires = self.subject.pack.manifest.requires
        return Environment(requires.capabilities, requires.connectors)

    def hooks(self, base: HookRuntime | None = None) -> StepHooks:
        """The scenario's hook runtime over ``base``, which is the pack's own unless another is given.

        Where there is none, a hook that is really needed ends the scenario.
        """
        return StepHooks(base or self.subject.hooks or NoHooks(self.subject.ref.source))

    def control(
        self, hooks: HookRuntime, environment: Environment | None = None, clock: Clock | None = None
    ) -> Control:
        """What the scenario runs against: the engine on this case's profile, or what the session's gear gives.

        ``hooks`` are the engine's; a gear calls its own, and is told the faults of those.
        """
        gear = self.subject.gear
        if gear is not None:
            return GearControl(gear, self._stage(hooks, environment, clock))
        engine = Engine(self.subject.rules, environment or self.environment, hooks)
        return EngineControl(engine, clock or StandingClock())

    def _stage(self, hooks: HookRuntime, environment: Environment | None, clock: Clock | None) -> Stage:
        def faults() -> Mapping[str, str]:
            return hooks.faults if isinstance(hooks, StepHooks) else {}

        def trace() -> str:
            return hooks.trace() if isinstance(hooks, StepHooks) else ""

        now = (clock or StandingClock()).now()
        return Stage(self.subject.pack, environment or self.environment, now, faults, trace)
