"""One attempt of one item: run, watched by hooks, and written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.clock import SystemClock, seconds, timestamp
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.evidence.circumstances import circumstances, hook_notes
from pytest_fluxscenario.evidence.junit import junit_properties
from pytest_fluxscenario.evidence.record import make_result, write_record
from pytest_fluxscenario.plugin.item.attempt import Attempt
from pytest_fluxscenario.plugin.item.watcher import WATCHER
from pytest_fluxscenario.runner.run import run_scenario
from pytest_fluxscenario.telemetry.watching import UNWATCHED

if TYPE_CHECKING:
    from pytest_fluxscenario.control.port import Control
    from pytest_fluxscenario.model.evidence import StepResult
    from pytest_fluxscenario.model.request import Environment
    from pytest_fluxscenario.model.scenario import Step
    from pytest_fluxscenario.plugin.item.base import ScenarioMixin
    from pytest_fluxscenario.runner.case import Case, StepHooks
    from pytest_fluxscenario.telemetry.watching import Watch

_CLOCK = SystemClock()


@dataclass(frozen=True, slots=True)
class _HookObserver:
    """Tells plugins of each step."""

    item: ScenarioMixin

    def before_step(self, index: int, step: Step) -> None:
        """Call the hook of that name."""
        self.item.ihook.pytest_fluxscenario_before_step(item=self.item, index=index, step=step)

    def after_step(self, result: StepResult) -> None:
        """Call the hook of that name."""
        self.item.ihook.pytest_fluxscenario_after_step(item=self.item, result=result)


def execute(item: ScenarioMixin, case: Case, control: Control, hooks: StepHooks, environment: Environment) -> Attempt:
    """Run a scenario and write its record; the verdict is in the outcome."""
    with _watching(item, case, hooks) as watch:
        attempt = _execute(item, case, control, hooks, environment, watch)
        watch.wrote(attempt.written.ref)
    return attempt


def _execute(
    item: ScenarioMixin, case: Case, control: Control, hooks: StepHooks, environment: Environment, watch: Watch
) -> Attempt:
    flux = item.flux
    started, begun = timestamp(_CLOCK.now()), seconds()
    outcome = run_scenario(
        case.scenario,
        control,
        hooks,
        flux.settings,
        references=item.prepared.references,
        observer=watch.beside(_HookObserver(item) if is_stepped(item) else None),
        spec=case.subject.spec,
    )
    duration = round(seconds() - begun, 6)
    watch.ran(outcome)
    result = make_result(case, environment, outcome)
    notes = {**hook_notes(outcome), **notes_of(item)}
    volatile = circumstances(started, duration, flux.worker, item.told, notes, control)
    # Only the engine is known to answer with nothing but what the scenario holds.
    floats = item.prepared.floats or type(control) is not EngineControl
    written = write_record(item.nodeid, result, volatile, flux.redactor, floats=floats)
    properties = junit_properties(item.nodeid, result, written.ref, flux.redactor)
    seen = flux.counter.seen(case, control, hooks, environment, outcome)
    return Attempt(outcome, result, written, properties, hooks.calls > 0, seen)


def _watching(item: ScenarioMixin, case: Case, hooks: StepHooks) -> Watch:
    """Who measures the run; nobody where nothing is exported."""
    watcher = item.config.stash.get(WATCHER, None)
    return UNWATCHED if watcher is None else watcher.watching(item, case, hooks)


def is_stepped(item: ScenarioMixin) -> bool:
    """Whether a plugin is told of each step."""
    hook = item.config.hook
    return bool(
        hook.pytest_fluxscenario_before_step.get_hookimpls() or hook.pytest_fluxscenario_after_step.get_hookimpls()
    )


def notes_of(item: ScenarioMixin) -> dict[str, str]:
    """What plugins note of a scenario that has run."""
    if not item.config.hook.pytest_fluxscenario_evidence_record.get_hookimpls():
        return {}
    notes: dict[str, str] = {}
    item.ihook.pytest_fluxscenario_evidence_record(item=item, notes=notes)
    return {str(name): str(text) for name, text in notes.items()}
