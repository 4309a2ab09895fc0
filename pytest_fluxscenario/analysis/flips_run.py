"""One scenario on one version of a process, run through, with every answer kept (cli.md, ``scenario diff``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from pytest_fluxscenario.base.errors import DamageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.evidence import StepResult, Verdict
from pytest_fluxscenario.model.request import Approval, Given, Request
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.scenario import Step
from pytest_fluxscenario.runner.case import Case
from pytest_fluxscenario.runner.compare import observed
from pytest_fluxscenario.runner.run import RunSettings, run_scenario
from pytest_fluxscenario.runtimes.port import RuntimeMissing


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one step."""

    #: Whether it was sent, or would have been but for a fault of its own.
    reached: bool
    #: Why there was no answer, or why the scenario could not go on after it.
    fault: str
    #: The answer by field; None where there was none. A call of the trusted surface that was taken has nothing in it.
    answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one scenario."""

    verdict: Verdict
    #: Why it could not begin; empty where it did.
    fault: str
    steps: tuple[Told, ...]
    #: Why a request that was sent could not be decided here, such as for a program that is not installed; or empty.
    undecided: str = ""

    @property
    def answered(self) -> bool:
        """Whether there was any answer."""
        return any(step.answer is not None for step in self.steps)

    @property
    def stopped_by(self) -> str:
        """Why it did not go on to its end; empty where it did."""
        return self.fault or next((step.fault for step in self.steps if step.fault), "")


def run_through(case: Case, *, references: bool, redact: Callable[[str], str] = str) -> Run:
    """Run a scenario to its end, whatever it expects: what differs is judged by the answers.

    It ends early only where nothing can be sent any more: a step refers to what no answer gave, or nothing can run a
    hook. Raises RuntimeMissing where the machine lacks what a hook runs on; DamageError where a hook did not run
    because its store is damaged.
    """
    hooks = case.hooks()
    heard = _Heard(EngineControl(Engine(case.subject.rules, case.environment, hooks)))
    outcome = run_scenario(
        case.scenario,
        heard,
        hooks,
        RunSettings(redact=redact),
        references=references,
        observer=heard,
        spec=case.subject.spec,
    )
    if heard.missing is not None:
        # Also where something else failed before: what this machine lacks says nothing of the process.
        raise heard.missing
    steps = tuple(heard.told(result) for result in outcome.steps)
    undecided = next((one.fault for number, one in enumerate(steps, 1) if number in heard.unheard), "")
    run = Run(outcome.verdict, outcome.fault, steps, undecided)
    if outcome.damaged:
        raise DamageError.of("flips.damaged", Place(""), run.stopped_by)
    return run


@dataclass(slots=True)
class _Heard:
    """Keeps every answer of a control: the runner drops the one after which a scenario cannot go on."""

    control: EngineControl
    answers: dict[int, Response] = field(default_factory=dict)
    missing: RuntimeMissing | None = None
    #: Steps that were sent, and have no answer.
    unheard: set[int] = field(default_factory=set)
    _step: int = 0

    def begin(self, run_id: str, given: Given) -> None:
        self.control.begin(run_id, given)

    def decide(self, request: Request) -> Response:
        self.unheard.add(self._step)
        try:
            answer = self.answers[self._step] = self.control.decide(request)
        except RuntimeMissing as missing:
            self.missing = missing
            raise
        self.unheard.discard(self._step)
        return answer

    def approve(self, run_id: str, approval: Approval) -> None:
        self.control.approve(run_id, approval)

    def before_step(self, index: int, step: Step) -> None:  # noqa: ARG002 - the observer's signature
        self._step = index

    def after_step(self, result: StepResult) -> None:
        """The answer is kept already."""

    def told(self, result: StepResult) -> Told:
        """What came of the step that the runner tells of."""
        fault = "" if result.fault is UNSET else result.fault
        answer = self.answers.get(result.index)
        if answer is not None:
            return Told(True, fault, observed(answer))
        if result.verdict == "passed":
            return Told(True, "", {})
        return Told(result.verdict != "skipped", fault, None)
