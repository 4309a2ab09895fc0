"""Scenarios as test items: one item a scenario, or a parameter row of one; every step is checked inside it."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pluggy
import pytest

from pytest_fluxscenario.plugin.adapt import as_environment
from pytest_fluxscenario.plugin.execute import Attempt, execute
from pytest_fluxscenario.plugin.failure import ScenarioFailed, failure_repr
from pytest_fluxscenario.runner.suite import make_case

if TYPE_CHECKING:
    from pytest_fluxscenario.control.port import Control
    from pytest_fluxscenario.model.request import Environment
    from pytest_fluxscenario.plugin.collect import ScenarioFile
    from pytest_fluxscenario.plugin.session import Session
    from pytest_fluxscenario.runner.case import Case, StepHooks, Subject
    from pytest_fluxscenario.runner.prepare import Prepared


class ScenarioMixin(pytest.Item):
    """What both kinds of item have in common."""

    prepared: Prepared
    subject: Subject
    parent: ScenarioFile
    #: What the last attempt left for the report; None before the first.
    attempt: Attempt | None = None
    #: Refs of the results of this process's earlier attempts.
    earlier: tuple[str, ...] = ()

    @property
    def flux(self) -> Session:
        """The plugin's session."""
        return self.parent.flux

    @cached_property
    def ihook(self) -> pluggy.HookRelay:  # type: ignore[override] - a property there; the folder decides which conftests apply
        """The hooks that apply to the file."""
        return self.parent.ihook

    @cached_property
    def location(self) -> tuple[str, int | None, str]:
        """File, 0-based line and name, as reports show them."""
        return self.parent.shown.replace("/", os.sep), self.prepared.line - 1, self.name

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Path, 0-based line and name."""
        return self.path, self.prepared.line - 1, self.name

    def make_case(self) -> Case:
        """The scenario, read again from what was collected."""
        return make_case(self.prepared, self.subject, self.parent.shown)

    def run_on(self, case: Case, control: Control, hooks: StepHooks, environment: Environment) -> None:
        """Run the scenario. Raises ScenarioFailed where it did not pass."""
        if self.attempt is not None:
            # A plugin runs the scenario again: its properties are the new attempt's.
            self.earlier = (*self.earlier, self.attempt.written.ref)
            self.user_properties = [kept for kept in self.user_properties if kept not in self.attempt.properties]
            self.attempt = None
        attempt = self.attempt = execute(self, case, control, hooks, environment)
        self.user_properties.extend(attempt.properties)
        if attempt.outcome.verdict != "passed":
            raise ScenarioFailed(attempt.outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Each failed step at its own line; anything else as pytest shows it."""
        if isinstance(excinfo.value, ScenarioFailed):
            return failure_repr(self, excinfo.value.outcome)
        return super().repr_failure(excinfo, style)


class ScenarioItem(ScenarioMixin):
    """A scenario that no fixture applies to."""

    def __init__(self, *, prepared: Prepared, subject: Subject, **more: Any) -> None:
        super().__init__(**more)
        self.prepared = prepared
        self.subject = subject

    def runtest(self) -> None:
        """Run the scenario on the engine."""
        case = self.make_case()
        hooks = case.hooks()
        self.run_on(case, case.control(hooks), hooks, case.environment)


def _scenario(fluxscenario_control: Control, fluxscenario_environment: Environment, fluxscenario_step_hooks: StepHooks) -> None:
    """Names the fixtures that an item asks for; the item runs the scenario itself."""


class FixtureScenarioItem(ScenarioMixin, pytest.Function):
    """A scenario with fixtures: one of the plugin's is overridden, or an autouse fixture applies."""

    def __init__(self, *, prepared: Prepared, subject: Subject, name: str, parent: Any, **more: Any) -> None:
        self.prepared = prepared
        self.subject = subject
        super().__init__(name=name, parent=parent, callobj=_scenario, **more)
        self.case = self.make_case()

    def runtest(self) -> None:
        """Run the scenario on the control that the fixtures give."""
        given = self.funcargs
        environment = as_environment(given["fluxscenario_environment"])
        self.run_on(self.case, given["fluxscenario_control"], given["fluxscenario_step_hooks"], environment)  # type: ignore[arg-type] - what fixtures give is held to nothing yet
