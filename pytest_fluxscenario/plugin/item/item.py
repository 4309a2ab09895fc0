"""Scenarios as test items: one item a scenario, or a parameter row of one; every step is checked inside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.plugin.item import fixtures
from pytest_fluxscenario.plugin.item.adapt import as_clock, as_environment, as_hooks
from pytest_fluxscenario.plugin.item.base import ScenarioMixin
from pytest_fluxscenario.plugin.item.execute import execute
from pytest_fluxscenario.plugin.item.failure import ScenarioFailed, failure_repr
from pytest_fluxscenario.plugin.item.racks import RACKS
from pytest_fluxscenario.runtimes.port import RuntimeMissing

if TYPE_CHECKING:
    from pytest_fluxscenario.control.port import Control
    from pytest_fluxscenario.model.request import Environment
    from pytest_fluxscenario.plugin.item.attempt import Attempt
    from pytest_fluxscenario.runner.case import Case, StepHooks, Subject
    from pytest_fluxscenario.runner.prepare import Prepared


class _Judged(ScenarioMixin):
    """An item that has a verdict."""

    def run_on(self, case: Case, control: Control, hooks: StepHooks, environment: Environment) -> None:
        """Run the scenario on a control. Raises like ``judge``."""
        self.judge(lambda: execute(self, case, control, hooks, environment))

    def judge(self, run: Callable[[], Attempt]) -> None:
        """Run the scenario. Raises ScenarioFailed where it did not pass; skips it where a hook cannot run here."""
        if self.told:
            # A plugin runs the scenario again: its properties are the new attempt's.
            self.user_properties = [kept for kept in self.user_properties if not _is_ours(kept[0])]
        ready, self.ready = self.ready, None
        absent, self.absent = self.absent, None
        try:
            if absent is not None:
                raise absent
            attempt = self.attempt = ready or run()
        except RuntimeMissing as missing:
            self.missing = True
            raise pytest.skip.Exception(str(missing), _use_item_location=True) from None
        except FluxError:
            # It was not run at all: no mark expects that.
            self.damaged = True
            raise
        self.damaged = attempt.outcome.damaged
        self.told = (*self.told, attempt.written.ref)
        self.user_properties.extend(attempt.properties)
        if attempt.outcome.verdict != "passed":
            for hook_id, text in attempt.outcome.errors:
                self.add_report_section("call", f"stderr of the hook {shown(hook_id, 80)}", shown_lines(text))
            raise ScenarioFailed(attempt.outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ARG002 - an item shows one style only
        """Each failed step at its own line; anything else as pytest shows it."""
        if isinstance(excinfo.value, ScenarioFailed):
            return failure_repr(self, excinfo.value.outcome)
        if isinstance(excinfo.value, FluxError):
            # What was collected is not there any more: each problem says where.
            return str(excinfo.value)
        return super().repr_failure(excinfo)


def _is_ours(name: str) -> bool:
    return name.startswith(("fluxscenario.", "step["))


class ScenarioItem(_Judged):
    """A scenario that no fixture applies to."""

    def __init__(self, *, prepared: Prepared, subject: Subject, **more: Any) -> None:
        super().__init__(**more)
        self.prepared = prepared
        self.subject = subject

    def runtest(self) -> None:
        """Run the scenario on the engine."""
        self.judge(self.make_attempt)

    def make_attempt(self) -> Attempt:
        """One run of the scenario on the engine: here, or on a rack. Raises FluxError, RuntimeMissing."""
        racks = self.config.stash.get(RACKS, None)
        if racks is not None and racks.has(self):
            return racks.attempt(self)
        case = self.make_case()
        hooks = case.hooks()
        return execute(self, case, case.control(hooks), hooks, case.environment)


class FixtureScenarioItem(_Judged, pytest.Function):
    """A scenario with fixtures: one of the plugin's is overridden, or an autouse fixture applies."""

    #: What fixtures are given; made when the item is set up, so that thousands are not kept.
    _case: Case | None = None
    #: The hook runtime that a control was built with; a fixture may have made it.
    hooks: StepHooks | None = None

    def __init__(self, *, prepared: Prepared, subject: Subject, **more: Any) -> None:
        self.prepared = prepared
        self.subject = subject
        super().__init__(**more)

    @property
    def case(self) -> Case:
        """The scenario on its profile."""
        if self._case is None:
            self._case = self.make_case()
        return self._case

    def runtest(self) -> None:
        """Run the scenario on the control that the fixtures give, or on the engine with what they give."""
        racks = self.config.stash.get(RACKS, None)
        if racks is not None and racks.has(self):
            self.judge(lambda: racks.attempt(self))
            return
        given = self.funcargs
        case = self.case
        environment = as_environment(given.get("fluxscenario_environment", case.environment))
        if self.hooks is None:
            self.hooks = case.hooks(as_hooks(given.get("fluxscenario_hooks")))
        control: Any = given.get("fluxscenario_control")
        if control is None:
            clock = as_clock(given["fluxscenario_clock"]) if "fluxscenario_clock" in given else None
            control = case.control(self.hooks, environment, clock)
        self.run_on(case, control, self.hooks, environment)

    def why_here(self) -> str:
        """Why no other machine can run it; empty where all fixtures that apply are installed, and none is of scenarios.

        An installed plugin may override what scenarios run on, or ask for it: then they run on what it gives.
        """
        known: Any = getattr(getattr(self, "_fixtureinfo", None), "name2fixturedefs", None)
        if known is None or not all(_is_installed(one.func) for several in known.values() for one in several):
            return "fixtures of the project apply to them"
        # A hook may add names to an item that is there already: what they mean is only found out when it is set up.
        if not set(self.fixturenames) <= {*known, "request"}:
            return "fixtures were added to them"
        if any(name.startswith(fixtures.PREFIX) for name in known):
            return "fixtures of a plugin say what they run on"
        return ""

    def teardown(self) -> None:
        """Forget what was made for this run."""
        self._case = self.hooks = None
        super().teardown()


def _is_installed(function: Any) -> bool:
    """Whether a fixture is pytest's, this plugin's or one of an installed package, and not the project's own."""
    if str(getattr(function, "__module__", "")).startswith(("_pytest.", "pytest_fluxscenario.")):
        return True
    file = getattr(getattr(function, "__code__", None), "co_filename", "")
    return not {"site-packages", "dist-packages"}.isdisjoint(file.replace(os.sep, "/").split("/"))
