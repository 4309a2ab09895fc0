"""Running one scenario: each step is sent, and what comes back is held against what was expected."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.model.evidence import StepResult, Verdict
from pytest_fluxscenario.model.request import Actor, Approval, Given, Request
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.scenario import Approve, Expectation, Scenario, Step
from pytest_fluxscenario.model.shapes import make_ready
from pytest_fluxscenario.runner.case import StepHooks
from pytest_fluxscenario.runner.compare import mismatches
from pytest_fluxscenario.runner.matchers import PluginMatchers
from pytest_fluxscenario.runner.substitute import Captured, SubstitutionError
from pytest_fluxscenario.runtimes.port import RuntimeMissing

if TYPE_CHECKING:
    from pytest_fluxscenario.packs.specs import Spec
    from pytest_fluxscenario.runner.payloads import PayloadCheck

#: The one run of a scenario.
RUN_ID = "run-1"
_NOTHING_GIVEN = Given()


class Observer(Protocol):
    """Who wants to know of each step while it runs."""

    def before_step(self, index: int, step: Step) -> None:
        """A step is about to be sent; ``index`` is 1-based."""
        ...

    def after_step(self, result: StepResult) -> None:
        """A step has its verdict."""
        ...


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How scenarios are run in a session."""

    #: Stop a scenario at its first failed step.
    stop_at_first: bool = False
    matchers: PluginMatchers = field(default_factory=dict)
    #: Takes secrets out of what a control raised, before it is cut.
    redact: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scenario."""

    verdict: Verdict
    steps: tuple[StepResult, ...]
    #: Why the run could not begin; empty where it did.
    fault: str = ""
    #: Index of a step to the part of the scenario that is at fault, where that is not the step as a whole.
    where: Mapping[int, Pointer] = field(default_factory=dict)
    #: Where the scenario did not pass: hook id and what that hook wrote to its standard error, call by call.
    errors: tuple[tuple[str, str], ...] = ()
    #: A hook did not run, because the store that holds its pack is damaged.
    damaged: bool = False

    @property
    def passed(self) -> int:
        """Steps that came back as expected."""
        return sum(step.verdict == "passed" for step in self.steps)

    def pointer(self, step: StepResult) -> Pointer:
        """The part of the scenario to look at for what ``step`` says."""
        # A run that cannot begin stumbles over what it is given, if over anything of the scenario.
        return ("given",) if self.fault else self.where.get(step.index, ("steps", step.index - 1))


def run_scenario(
    scenario: Scenario,
    control: Control,
    hooks: StepHooks,
    settings: RunSettings,
    *,
    references: bool = False,
    observer: Observer | None = None,
    spec: Spec | None = None,
) -> Outcome:
    """Run every step in order on a fresh control.

    ``references`` says that strings of the scenario may hold ``${…}``. A control that raises, or a hook that
    nothing can run, gives the verdict ``error`` and ends the scenario: without an answer nothing after it means
    anything. So does a payload that ``spec``, which the scenario names, does not accept: it is not sent.
    Raises RuntimeMissing where the machine lacks what a hook runs on, and nothing has failed before.
    """
    if scenario.spec is not None and spec is None:
        # Never reached while every caller hands over what it resolved; sending would pass what nobody checked.
        return _unbegun(scenario, "the scenario names a spec, and nothing was given to check its payloads with")
    check = None if scenario.spec is None or spec is None else _payload_check(spec, settings)
    if check is not None and (refused := check.refuse_written(scenario)):
        steps = (refused.get(number) or _skipped(number, step) for number, step in enumerate(scenario.steps, 1))
        return Outcome("error", tuple(steps), where=check.where)
    fault = _begin(control, scenario, settings)
    if fault:
        return _unbegun(scenario, fault)
    captured = Captured() if references else None
    verdict, results = _run_steps(scenario, control, hooks, settings, captured, check, observer)
    where = check.where if check is not None else {}
    errors = () if verdict == "passed" else tuple(hooks.errors)
    return Outcome(verdict, tuple(results), where=where, errors=errors, damaged=hooks.damaged)


def _run_steps(
    scenario: Scenario,
    control: Control,
    hooks: StepHooks,
    settings: RunSettings,
    captured: Captured | None,
    check: PayloadCheck | None,
    observer: Observer | None,
) -> tuple[Verdict, list[StepResult]]:
    results: list[StepResult] = []
    verdict: Verdict = "passed"
    for index, step in enumerate(scenario.steps, 1):
        if verdict == "error" or (verdict == "failed" and settings.stop_at_first):
            results.append(_skipped(index, step))
            continue
        if observer is not None:
            observer.before_step(index, step)
        hooks.faults, hooks.step = _faults(scenario.faults, step.faults), index
        try:
            result = _run_step(index, step, control, settings, captured, check)
        except RuntimeMissing as missing:
            if verdict == "passed":
                raise
            result = _without_verdict(index, step.name, _said(missing, settings.redact), None, None)
        if observer is not None:
            observer.after_step(result)
        results.append(result)
        if result.verdict == "error" or (result.verdict == "failed" and verdict == "passed"):
            verdict = result.verdict
    return verdict, results


def _payload_check(spec: Spec, settings: RunSettings) -> PayloadCheck:
    # Imported here: most scenarios name no spec.
    from pytest_fluxscenario.runner.payloads import PayloadCheck

    return PayloadCheck(spec, settings.redact)


def _unbegun(scenario: Scenario, fault: str) -> Outcome:
    """What came of a scenario of which no step was sent."""
    return Outcome("error", tuple(_skipped(number, step) for number, step in enumerate(scenario.steps, 1)), fault)


def _begin(control: Control, scenario: Scenario, settings: RunSettings) -> str:
    """Open the run; why that cannot be, or nothing. Raises RuntimeMissing."""
    try:
        control.begin(RUN_ID, scenario.given or _NOTHING_GIVEN)
    except RuntimeMissing:
        raise
    except Exception as error:  # noqa: BLE001 - a team's control may raise anything, and no verdict is a verdict of its own
        return _said(error, settings.redact)
    return ""


def _run_step(
    index: int,
    step: Step,
    control: Control,
    settings: RunSettings,
    captured: Captured | None,
    check: PayloadCheck | None,
) -> StepResult:
    request: Request | None = None
    expectation: Expectation | None = None
    name = step.name
    try:
        if captured is not None:
            step = captured.put_into(step)
        refused = check.refuse(index, step) if check is not None else None
        if refused is not None:
            return refused
        if step.approve is not None:
            return StepResult(index, name, "passed", approval=_approved(control, name, step.approve))
        request, expectation = _request(step), step.expectation
        response = _decided(control, request)
        if expectation is None:
            return _without_verdict(index, name, "the step expects nothing", request, None)
        found = mismatches(expectation, response, settings.matchers)
        if captured is not None:
            captured.keep(name, step.capture, response)
    except RuntimeMissing:
        raise
    except Exception as error:  # noqa: BLE001 - see run_scenario
        approval = None if step.approve is None else step.approve.approval()
        return _without_verdict(index, name, _said(error, settings.redact), request, approval)
    return StepResult(
        index,
        name,
        "failed" if found else "passed",
        request=request,
        response=response,
        expectation=expectation,
        mismatches=found,
    )


def _request(step: Step) -> Request:
    if step.action is None or not isinstance(step.actor, Actor) or not isinstance(step.payload, dict):
        raise SubstitutionError.of_step(step.name, "the step is no request: it needs an action, an actor and a payload")
    return Request(step.action, step.actor, step.payload, RUN_ID, step.idempotency_key)


def _approved(control: Control, name: str, approve: Approve) -> Approval:
    """The approval of a step, which the control has."""
    if isinstance(approve.values, str):
        raise SubstitutionError.of_step(name, "the values that are approved are no object")
    taken = approve.approval()
    control.approve(RUN_ID, taken)
    return taken


def _decided(control: Control, request: Request) -> Response:
    answer = control.decide(request)
    response = answer if type(answer) is Response else _read(answer)
    if len(response.created_artifacts or ()) != len(response.created_artifact_types or ()):
        # What was created is compared by type: without types, an expectation that nothing is created would hold.
        raise msgspec.ValidationError("created_artifact_types must give the type of each of created_artifacts")
    return response


def _read(answer: Any) -> Response:
    """The answer of a foreign control, held against the shape of a response."""
    make_ready(Response)
    return msgspec.convert(msgspec.to_builtins(answer), Response)


def _skipped(index: int, step: Step) -> StepResult:
    return StepResult(index, step.name, "skipped")


def _without_verdict(
    index: int, name: str, fault: str, request: Request | None, approval: Approval | None
) -> StepResult:
    return StepResult(
        index,
        name,
        "error",
        request=UNSET if request is None else request,
        approval=UNSET if approval is None else approval,
        fault=fault,
    )


def _faults(scenario: Mapping[str, str] | None, step: Mapping[str, str] | None) -> Mapping[str, str]:
    if scenario is None:
        return step or _NO_FAULTS
    return {**scenario, **step} if step else scenario


_NO_FAULTS: Mapping[str, str] = {}


def _said(error: Exception, redact: Callable[[str], str]) -> str:
    """What an exception says, and for one that is not ours where it was raised."""
    if isinstance(error, FluxError):
        return str(error)
    if isinstance(error, msgspec.ValidationError):
        return f"the control's answer has not the shape of a response: {shown(redact(str(error)))}"
    frames = traceback.extract_tb(error.__traceback__)
    at = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"the control raised {type(error).__name__}: {shown(redact(str(error)), 1000)}{at}"
