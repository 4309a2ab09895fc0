"""The spans of one scenario: itself, its steps, and the calls of hooks inside them, each with its real times.

Names, verdicts, routes and hashes are told, each name through the redactor. What requests and answers hold, and why a
verdict is what it is, is not: the evidence says that, and the span names its record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from msgspec import UNSET
from opentelemetry import context as contexts
from opentelemetry import trace as api

from pytest_fluxscenario.base.clock import nanoseconds, seconds
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.evidence import StepResult
from pytest_fluxscenario.model.response import HookCallRecord
from pytest_fluxscenario.model.scenario import Step
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, RuntimeMissing
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.about import About
from pytest_fluxscenario.telemetry.spans import Value

if TYPE_CHECKING:
    from pytest_fluxscenario.runner.run import Observer, Outcome
    from pytest_fluxscenario.telemetry.provider import OpenSpan, Telemetry

#: Characters of a name.
_LONGEST = 300


@dataclass(slots=True)
class _Called:
    """One call of a hook that has ended, and is not told yet: its answer is still to be judged."""

    span: OpenSpan
    hook: str
    ended: int
    lasted: float
    status: str
    runtime: str


class ScenarioWatch:
    """Around one run of one scenario; told of its steps and hooks."""

    def __init__(self, telemetry: Telemetry, about: About, text: Callable[[str], str], parent: str) -> None:
        self._telemetry = telemetry
        self._redact = text
        self._profile: dict[str, Value] = {words.PROFILE: self._name(about.profile.id)}
        self._span = telemetry.start(
            f"scenario {self._name(about.scenario.id)}", parent, attributes=self._said_of(about)
        )
        self._begun = seconds()
        self._step: OpenSpan | None = None
        self._token: Any = None
        self._calls: list[_Called] = []
        self._verdict = ""
        self._lasted = 0.0
        self._ended = 0

    @property
    def trace(self) -> str:
        """The ``traceparent`` of what belongs below the scenario."""
        return self._span.trace

    def under_way(self) -> str:
        """The ``traceparent`` of what belongs below the step, or below the scenario between two steps."""
        return (self._step or self._span).trace

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave_step(error)
        if not self._ended:
            self._end_now("skipped" if isinstance(error, RuntimeMissing) else "error")
        if error is not None and not isinstance(error, RuntimeMissing):
            # Not what it says: that may hold anything.
            self._span.set({words.ERROR_TYPE: type(error).__name__})
            self._span.fail(type(error).__name__)
        self._span.set({words.VERDICT: self._verdict})
        self._span.span.end(self._ended)
        told = {words.VERDICT: self._verdict, **self._profile}
        instruments = self._telemetry.instruments
        instruments.count("fluxscenario.scenarios", "{scenario}", "Scenarios that ran, by verdict", told)
        instruments.lasted("fluxscenario.scenario.duration", "Time that scenarios took", self._lasted, told)

    def beside(self, other: Observer | None) -> Observer:
        """Who is told of each step: this, and ``other``."""
        return self if other is None else _Both(self, other)

    def ran(self, outcome: Outcome) -> None:
        """The scenario has its verdict."""
        self._end_now(outcome.verdict)
        passed = outcome.verdict == "passed"
        self._span.set({words.CASE_STATUS: "pass" if passed else "fail", words.STEPS: len(outcome.steps)})
        if outcome.verdict == "failed":
            failed = sum(step.verdict == "failed" for step in outcome.steps)
            self._span.fail(f"{failed} of {len(outcome.steps)} steps came back otherwise than expected")
        elif not passed:
            self._span.fail("no verdict was possible")

    def wrote(self, ref: str) -> None:
        """Its record has that ref."""
        self._span.set({words.EVIDENCE_REF: ref})

    def before_step(self, index: int, step: Step) -> None:
        """A step is about to be sent."""
        self._leave_step(None)
        name = self._name(step.name)
        attributes: dict[str, Value] = {words.STEP_INDEX: index, words.STEP: name}
        self._step = self._telemetry.start(f"step {name}", self._span.trace, attributes=attributes)
        # Whoever else traces in this process, such as the client of a control over HTTP, belongs below the step.
        self._token = contexts.attach(api.set_span_in_context(self._step.span))

    def after_step(self, result: StepResult) -> None:
        """A step has its verdict."""
        step = self._step
        if step is None:
            return
        step.set(self._said_of_step(result))
        if result.verdict == "failed":
            step.fail(f"otherwise than expected: {', '.join(self._fields(result))}")
        elif result.verdict == "error":
            step.fail("no verdict was possible")
        calls = () if result.response is UNSET else result.response.hook_calls
        self._tell_calls(calls)
        self._leave_step(None)

    def call(self, call: HookCall, go: Callable[[HookCall], HookOutcome]) -> HookOutcome:
        """Call a hook, and see how long that takes. Raises what the call raises."""
        name = self._name(call.hook_id)
        span = self._telemetry.start(f"hook {name}", self.under_way(), attributes={words.HOOK: name})
        called, begun = _Called(span, name, 0, 0.0, "unavailable", ""), seconds()
        self._calls.append(called)
        try:
            outcome = go(call)
            called.status, called.runtime = outcome.status, outcome.runtime_kind
            return outcome
        finally:
            called.ended, called.lasted = nanoseconds(), seconds() - begun

    def _tell_calls(self, records: Sequence[HookCallRecord]) -> None:
        """End the spans of the calls; an answer says what each was worth, unless it is one that was given before."""
        calls, self._calls = self._calls, []
        judged = records if len(records) == len(calls) else ()
        for at, called in enumerate(calls):
            status = judged[at].status if judged else called.status
            self._tell_call(called, shown(status, _LONGEST))

    def _tell_call(self, called: _Called, status: str) -> None:
        runtime = self._name(called.runtime)
        called.span.set({words.HOOK_STATUS: status, words.HOOK_RUNTIME: runtime})
        told: dict[str, Value] = {words.HOOK: called.hook, words.HOOK_STATUS: status}
        instruments = self._telemetry.instruments
        instruments.lasted("fluxscenario.hook.duration", "Time that calls of hooks took", called.lasted, told)
        if status != "ok":
            called.span.fail(status)
            instruments.count("fluxscenario.hook.failures", "{call}", "Calls of hooks that failed", told)
        called.span.span.end(called.ended)

    def _leave_step(self, error: BaseException | None) -> None:
        self._tell_calls(())
        step, token, self._step, self._token = self._step, self._token, None, None
        if step is None:
            return
        contexts.detach(token)
        if error is not None:
            step.set({words.ERROR_TYPE: type(error).__name__})
        step.span.end()

    def _end_now(self, verdict: str) -> None:
        self._verdict, self._lasted, self._ended = verdict, seconds() - self._begun, nanoseconds()

    def _said_of(self, about: About) -> dict[str, Value]:
        scenario, profile = about.scenario, about.profile
        said: dict[str, Value] = {
            words.CASE_NAME: self._name(about.item),
            words.SUITE_NAME: self._name(scenario.file),
            words.SCENARIO: self._name(scenario.id),
            words.SCENARIO_HASH: scenario.hash,
            words.PROFILE_VERSION: self._name(profile.version),
            words.PROFILE_HASH: profile.hash,
            words.ATTEMPT: about.attempt,
            **self._profile,
        }
        if scenario.row is not UNSET:
            said[words.SCENARIO_ROW] = self._name(scenario.row)
        said.update({name: self._name(more) if isinstance(more, str) else more for name, more in about.more.items()})
        return said

    def _said_of_step(self, result: StepResult) -> dict[str, Value]:
        said: dict[str, Value] = {words.VERDICT: result.verdict}
        if result.request is not UNSET:
            said[words.ACTION] = self._name(result.request.action)
            said[words.ROLE] = self._name(result.request.actor.role)
        if result.approval is not UNSET:
            said[words.APPROVAL] = True
        answer = result.response
        if answer is UNSET:
            return said
        said[words.STATUS] = self._name(answer.status)
        for word, value in (
            (words.ROUTE, answer.route),
            (words.GATE, answer.gate_id),
            (words.GATE_TYPE, answer.gate_type),
        ):
            if value is not UNSET:
                said[word] = self._name(value)
        if answer.idempotent_replay:
            said[words.REPLAY] = True
        if result.mismatches:
            said[words.MISMATCHES] = self._fields(result)
        return said

    def _fields(self, result: StepResult) -> list[str]:
        return [self._name(mismatch.field) for mismatch in result.mismatches]

    def _name(self, text: str) -> str:
        # What is cut may be half of a secret: first what must not be seen.
        return shown(self._redact(text), _LONGEST)


@dataclass(frozen=True, slots=True)
class _Both:
    """Two who want to know of each step; the watch goes around the other."""

    watch: ScenarioWatch
    other: Observer = field(repr=False)

    def before_step(self, index: int, step: Step) -> None:
        """A step is about to be sent."""
        self.watch.before_step(index, step)
        self.other.before_step(index, step)

    def after_step(self, result: StepResult) -> None:
        """A step has its verdict."""
        self.other.after_step(result)
        self.watch.after_step(result)
