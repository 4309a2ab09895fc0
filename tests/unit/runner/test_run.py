"""One scenario against a control: what is sent, in which order, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.model.evidence import StepResult
from pytest_fluxscenario.model.request import Approval, Given, Request
from pytest_fluxscenario.model.response import Materialization, Response
from pytest_fluxscenario.model.scenario import Scenario, Step
from pytest_fluxscenario.runner.case import StepHooks
from pytest_fluxscenario.runner.run import RUN_ID, Outcome, RunSettings, run_scenario
from pytest_fluxscenario.runtimes.none import NoHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookUnavailable
from tests.fakes.packs import scenario, step

_ANSWER = {"status": "ok", "run_id": "run-1", "profile_id": "p", "profile_version": "1.0.0", "profile_hash": "sha256:0"}


def answer(**more: Any) -> Response:
    return msgspec.convert({**_ANSWER, "route": "Continue", **more}, Response)


@dataclass
class FakeControl:
    """Answers what it is told to, and remembers what it was asked."""

    say: Callable[[Request], Any] = lambda _: answer()
    calls: list[Any] = field(default_factory=list)

    def begin(self, run_id: str, given: Given) -> None:
        self.calls.append(("begin", run_id, given))

    def decide(self, request: Request) -> Response | Mapping[str, Any]:
        self.calls.append(request)
        answered: Response = self.say(request)
        return answered

    def approve(self, run_id: str, approval: Approval) -> None:
        self.calls.append((run_id, approval))


def run(document: dict[str, Any], control: FakeControl, settings: RunSettings | None = None, **more: Any) -> Outcome:
    made = msgspec.convert(document, Scenario)
    hooks = more.pop("hooks", None) or StepHooks(NoHooks("packs/p"))
    return run_scenario(made, control, hooks, settings or RunSettings(), **more)


def verdicts(outcome: Outcome) -> list[str]:
    return [one.verdict for one in outcome.steps]


def test_steps_are_sent_in_order_in_one_run() -> None:
    control = FakeControl()
    approval = {"name": "yes", "approve": {"role": "approver", "scope": "x"}}
    given = {"artifacts": [{"type": "a", "payload": {}}]}
    outcome = run(scenario("s", step("a", idempotency_key="k"), approval, step("b"), given=given), control)
    begun, first, approved, second = control.calls
    assert begun[:2] == ("begin", RUN_ID)
    assert begun[2].artifacts[0].type == "a"
    assert (first.action, first.run_id, first.idempotency_key) == ("work.start", RUN_ID, "k")
    assert approved == (RUN_ID, Approval("approver", "x"))
    assert second.idempotency_key is None
    assert outcome.verdict == "passed"
    assert outcome.passed == 3
    assert [one.index for one in outcome.steps] == [1, 2, 3]


@pytest.mark.parametrize(
    ("stop", "expected"), [(False, ["failed", "passed", "failed"]), (True, ["failed", "skipped", "skipped"])]
)
def test_a_failed_step_stops_only_where_that_is_asked_for(stop: bool, expected: list[str]) -> None:
    bad = {"status": "nok", "route": "Blocked"}
    document = scenario("s", step("a", expect=bad), step("b"), step("c", expect=bad))
    outcome = run(document, FakeControl(), RunSettings(stop))
    assert verdicts(outcome) == expected
    assert outcome.verdict == "failed"


def test_no_answer_ends_the_scenario() -> None:
    def breaks(request: Request) -> Response:
        if request.payload["what"] == "break":
            raise LookupError("gone")
        return answer()

    bad = {"status": "nok", "route": "Blocked"}
    document = scenario("s", step("a", expect=bad), step("b", payload={"what": "break"}), step("c"))
    outcome = run(document, FakeControl(breaks))
    assert verdicts(outcome) == ["failed", "error", "skipped"]
    assert outcome.verdict == "error"
    fault = outcome.steps[1].fault
    assert isinstance(fault, str)
    assert fault.startswith("the control raised LookupError: gone (test_run.py:")
    assert isinstance(outcome.steps[1].request, Request)


def test_a_control_that_cannot_begin_gives_no_verdict() -> None:
    class Broken(FakeControl):
        def begin(self, run_id: str, given: Given) -> None:
            raise OSError(5, "no disk")

    outcome = run(scenario("s", step("a"), step("b")), Broken())
    assert outcome.verdict == "error"
    assert verdicts(outcome) == ["skipped", "skipped"]
    assert "no disk" in outcome.fault


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_end_of_the_session_is_no_verdict(kind: type[BaseException]) -> None:
    def end(request: Request) -> Response:
        raise kind

    with pytest.raises(kind):
        run(scenario(), FakeControl(end))


def test_a_mapping_is_an_answer() -> None:
    outcome = run(scenario(), FakeControl(lambda _: {**_ANSWER, "route": "Continue"}))
    assert outcome.verdict == "passed"


@pytest.mark.parametrize("built", [False, True])
def test_what_was_created_is_not_taken_for_nothing_where_its_types_are_missing(built: bool) -> None:
    nothing = {"status": "ok", "route": "Continue", "created_artifacts": []}
    said = answer(created_artifacts=["note-1"])
    outcome = run(
        scenario("s", step(expect=nothing)), FakeControl(lambda _: said if built else msgspec.to_builtins(said))
    )
    assert outcome.verdict == "error"
    assert "created_artifact_types must give the type of each" in str(outcome.steps[0].fault)


def test_faults_of_a_step_go_before_those_of_the_scenario_and_end_with_it() -> None:
    hooks = StepHooks(NoHooks("packs/p"))
    seen: list[dict[str, str]] = []

    def note(request: Request) -> Response:
        seen.append(dict(hooks.faults))
        return answer()

    steps = [step("a", faults={"h": "crash"}), step("b"), step("c", faults={"g": "error"})]
    run(scenario("s", *steps, faults={"h": "timeout"}), FakeControl(note), hooks=hooks)
    assert seen == [{"h": "crash"}, {"h": "timeout"}, {"h": "timeout", "g": "error"}]


def test_a_hook_that_nothing_can_run_says_where_its_pack_lies() -> None:
    def ask(request: Request) -> Response:
        NoHooks("packs/p").call(HookCall("h", "r", "p", "1", None, {}))
        return answer()

    outcome = run(scenario(), FakeControl(ask))
    assert outcome.verdict == "error"
    assert str(outcome.steps[0].fault).startswith("packs/p: the hook 'h' is needed for this decision")


def test_a_secret_is_taken_out_before_a_fault_is_cut() -> None:
    def leak(request: Request) -> Response:
        raise RuntimeError("x" * 990 + "correct horse battery")

    settings = RunSettings(redact=lambda text: text.replace("correct horse battery", "[redacted]"))
    fault = str(run(scenario(), FakeControl(leak), settings).steps[0].fault)
    assert "correct" not in fault
    assert "[redacted]" in fault


def test_an_observer_hears_of_each_step_that_is_reached() -> None:
    heard: list[Any] = []

    class Hears:
        def before_step(self, index: int, step: Step) -> None:
            heard.append((index, step.name))

        def after_step(self, result: StepResult) -> None:
            heard.append(result.verdict)

    bad = {"status": "nok", "route": "Blocked"}
    document = scenario("s", step("a"), step("b", expect=bad), step("c"))
    run(document, FakeControl(), RunSettings(stop_at_first=True), observer=Hears())
    assert heard == [(1, "a"), "passed", (2, "b"), "failed"]


def test_values_of_answers_stand_in_later_steps() -> None:
    steps = [step("a", capture={"run": "run_id"}), step("b", payload={"what": "${run} ${steps.a.route}"})]
    control = FakeControl()
    assert run(scenario("s", *steps), control, references=True).verdict == "passed"
    assert control.calls[2].payload == {"what": "run-1 Continue"}
    lacking = run(scenario("s", step("a", capture={"g": "gate_id"}), step("b")), FakeControl(), references=True)
    assert verdicts(lacking) == ["error", "skipped"]
    assert "the response has no 'gate_id' to capture" in str(lacking.steps[0].fault)


def test_faults_of_this_package_are_told_as_they_are() -> None:
    def refuse(request: Request) -> Response:
        raise HookUnavailable.of("hook.unavailable", Place("packs/p"), "cannot", "try this")

    assert run(scenario(), FakeControl(refuse)).steps[0].fault == "packs/p: cannot (try this)"


def _approves(values: Any) -> dict[str, Any]:
    asks = step("ask", payload={"what": "a"})
    approves = {"name": "approve", "approve": {"role": "approver", "scope": "s", "values": values}}
    return scenario("one", asks, approves, step("again"))


def test_the_values_of_an_approval_may_be_one_reference_to_an_object() -> None:
    plan = Materialization("real", "work.start", {"path": "a", "count": 2})
    control = FakeControl(lambda _: answer(materialization=plan))
    outcome = run(_approves("${steps.ask.materialization.scope}"), control, references=True)
    assert verdicts(outcome) == ["passed"] * 3
    assert control.calls[2] == (RUN_ID, Approval("approver", "s", values={"path": "a", "count": 2}))
    assert outcome.steps[1].approval == control.calls[2][1]


@pytest.mark.parametrize("name", ["status", "created_artifacts", "materialization"])
def test_values_of_an_approval_that_are_no_object_are_taken_by_nobody(name: str) -> None:
    control = FakeControl(lambda _: answer(created_artifacts=("a-1",), created_artifact_types=("a",)))
    outcome = run(_approves(f"${{steps.ask.{name}}}"), control, references=True)
    assert verdicts(outcome) == ["passed", "error", "skipped"]
    assert [call for call in control.calls if isinstance(call, tuple)][1:] == []
    assert "step 'approve'" in str(outcome.steps[1].fault)
