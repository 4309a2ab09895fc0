"""Counts what scenarios show, as they run: one for each process that runs them (coverage.md)."""

from __future__ import annotations

from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.evidence.coverage import Coverage
from pytest_fluxscenario.evidence.coverage_chart import Chart
from pytest_fluxscenario.model.request import Environment
from pytest_fluxscenario.packs.classes import classes_of
from pytest_fluxscenario.runner.case import Case, StepHooks, Subject
from pytest_fluxscenario.runner.run import Outcome


class Counter:
    """Has the chart of each pack that scenarios ran on, made when it is first needed.

    For ``sums`` what it gives of a scenario may hold what those before it have shown.
    """

    def __init__(self, *, sums: bool = False) -> None:
        self._sums = sums
        # With its rules, so that the id stays theirs.
        self._charts: dict[int, tuple[object, Chart]] = {}

    def chart(self, subject: Subject) -> Chart:
        """The chart of a pack; scenarios with and without a spec have the same."""
        known = self._charts.get(id(subject.rules))
        if known is None:
            known = self._charts[id(subject.rules)] = (
                subject.rules,
                Chart.of(subject.pack, subject.rules, sums=self._sums),
            )
        return known[1]

    def seen(self, case: Case, control: Control, hooks: StepHooks, environment: Environment, outcome: Outcome) -> int:
        """The bits of what a scenario showed, in the index of its pack's chart."""
        scenario, given = case.scenario, case.scenario.given
        results = None
        if type(control) is EngineControl:
            engine = control.engine
            if engine.rules is case.subject.rules and engine.hooks is hooks:
                environment, results = engine.environment, hooks.results
        approvals = given.approvals if given is not None else ()
        classes = classes_of(scenario.id, scenario.classes, case.ref.file)
        return self.chart(case.subject).seen(outcome.steps, environment, approvals, classes, results)


class Tally:
    """Counter and sum, where one process does both."""

    def __init__(self) -> None:
        self.coverage = Coverage()
        self._counter = Counter(sums=True)

    def count(self, case: Case, control: Control, hooks: StepHooks, environment: Environment, outcome: Outcome) -> None:
        """Count what a scenario showed."""
        key = self.coverage.declare(case.subject.ref, self._counter.chart(case.subject).index)
        self.coverage.add(case.subject.ref, key, self._counter.seen(case, control, hooks, environment, outcome))
