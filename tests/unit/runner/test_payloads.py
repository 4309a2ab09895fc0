"""Payloads are held against the spec of their scenario before they are sent; what does not fit is not sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.evidence.coverage_index import Index, Observed
from pytest_fluxscenario.evidence.record import make_result
from pytest_fluxscenario.model.coverage import Point
from pytest_fluxscenario.model.evidence import ProfileRef, ScenarioRef
from pytest_fluxscenario.model.request import Environment
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.packs.specs import Spec, load_spec
from pytest_fluxscenario.runner.case import Case, StepHooks, Subject
from pytest_fluxscenario.runner.explain import headline
from pytest_fluxscenario.runner.run import Outcome, RunSettings, run_scenario
from pytest_fluxscenario.runtimes.none import NoHooks
from tests.fakes.packs import scenario, step
from tests.unit.runner.test_run import FakeControl, answer, verdicts

_TEXT = {"schemas": {"work.start": {"properties": {"what": {"type": "string", "minLength": 3}}, "required": ["what"]}}}
_NOT_SENT = "not sent: the payload does not fit the spec work:v1.0.0: "


def make_spec(document: Any = None, ref: str = "work:v1.0.0") -> Spec:
    data = json.dumps(document or _TEXT).encode()
    spec = load_spec(Source("specs/work.json", data, sha256(data)), ref, Limits())
    assert spec is not None
    return spec


def run(
    control: FakeControl,
    *steps: dict[str, Any],
    spec: Spec | None = None,
    redact: Callable[[str], str] = str,
    stop: bool = False,
    **more: Any,
) -> Outcome:
    made = msgspec.convert(scenario("one", *steps, spec="work:v1.0.0"), Scenario)
    settings = RunSettings(stop, {}, redact)
    return run_scenario(made, control, StepHooks(NoHooks("p")), settings, spec=spec or make_spec(), **more)


def good(name: str = "good", **more: Any) -> dict[str, Any]:
    return step(name, **more)


def bad(name: str = "bad", value: Any = "no", **more: Any) -> dict[str, Any]:
    return step(name, payload={"what": value}, **more)


def test_what_fits_is_sent() -> None:
    control = FakeControl()
    outcome = run(control, good("a"), good("b"))
    assert verdicts(outcome) == ["passed", "passed"]
    assert len(control.calls) == 3
    assert outcome.where == {}


def test_nothing_is_sent_while_a_payload_does_not_fit_and_all_of_those_are_told() -> None:
    control = FakeControl()
    outcome = run(control, good("a"), bad("b"), step("other", "work.check", payload={"what": 1}), bad("d", value=[1]))
    assert control.calls == []
    assert outcome.verdict == "error"
    assert verdicts(outcome) == ["skipped", "error", "skipped", "error"]
    assert outcome.steps[1].fault == _NOT_SENT + "payload/what: 'no' is too short"
    assert outcome.steps[3].fault == _NOT_SENT + "payload/what: [1] is not of type 'string'"
    assert [outcome.pointer(one) for one in outcome.steps] == [
        ("steps", 0),
        ("steps", 1, "payload", "what"),
        ("steps", 2),
        ("steps", 3, "payload", "what"),
    ]
    assert headline(outcome) == f"step 2 'b': {outcome.steps[1].fault} (and 1 more of 4 steps)"


def test_a_payload_with_references_is_checked_when_they_are_replaced() -> None:
    control = FakeControl(lambda _: answer(reason="a reason"))
    kept = good("a", capture={"why": "reason", "status": "status"})
    fits = step("b", payload={"what": "${why}"})
    outcome = run(control, kept, fits, step("c", payload={"what": "${status}"}), good("d"), references=True)
    assert verdicts(outcome) == ["passed", "passed", "error", "skipped"]
    assert outcome.steps[2].fault == _NOT_SENT + "payload/what: 'ok' is too short"
    assert [call.payload for call in control.calls[1:]] == [{"what": "a patch"}, {"what": "a reason"}]
    assert outcome.pointer(outcome.steps[2]) == ("steps", 2, "payload", "what")


def test_a_payload_that_is_one_reference_is_checked_too() -> None:
    control = FakeControl(
        lambda _: answer(materialization={"mode": "mock", "action": "x", "scope": {}, "preflight": "ok"})
    )
    outcome = run(
        control,
        good("a", capture={"plan": "materialization"}),
        step("b", payload="${plan}"),
        good("c"),
        references=True,
    )
    assert verdicts(outcome) == ["passed", "error", "skipped"]
    assert outcome.steps[1].fault == _NOT_SENT + "payload: 'what' is a required property"


def test_what_is_escaped_is_checked_as_it_is_sent() -> None:
    control = FakeControl()
    only = make_spec({"properties": {"what": {"const": "${x}"}}})
    outcome = run(control, step(payload={"what": "$${x}"}), spec=only, references=True)
    assert verdicts(outcome) == ["passed"]
    assert control.calls[1].payload == {"what": "${x}"}


def test_what_was_not_sent_ends_the_scenario_whatever_failures_do() -> None:
    """A step after it that expects a refusal would otherwise pass for the wrong reason."""
    control = FakeControl()
    steps = good("a", capture={"s": "status"}), step("b", payload={"what": "${s}"}), good("c")
    for stop in (False, True):
        outcome = run(control, *steps, references=True, stop=stop)
        assert verdicts(outcome) == ["passed", "error", "skipped"]
        assert outcome.verdict == "error"


def test_an_approval_has_no_payload() -> None:
    control = FakeControl()
    approve = {"name": "ok", "approve": {"role": "approver", "scope": "x"}}
    outcome = run(control, approve, spec=make_spec({"schemas": {}, "default": False}))
    assert verdicts(outcome) == ["passed"]


def test_without_the_spec_that_it_names_a_scenario_has_no_verdict() -> None:
    control = FakeControl()
    made = msgspec.convert(scenario("one", good(), spec="work:v1.0.0"), Scenario)
    outcome = run_scenario(made, control, StepHooks(NoHooks("p")), RunSettings())
    assert outcome.verdict == "error"
    assert "names a spec" in outcome.fault
    assert control.calls == []


def test_a_payload_that_cannot_be_checked_is_not_sent() -> None:
    control = FakeControl()
    links = {str(number): {"$ref": f"#/$defs/{number + 1}"} for number in range(1_500)}
    deep = make_spec({"schemas": {"work.start": {"$ref": "#/$defs/0"}}, "$defs": {**links, "1500": {}}})
    outcome = run(control, good(), spec=deep)
    assert control.calls == []
    assert verdicts(outcome) == ["error"]
    assert "cannot be held against the spec work:v1.0.0: the validator raised RecursionError" in str(
        outcome.steps[0].fault
    )


@pytest.mark.parametrize(
    "value",
    ["\U0001f600" * 60_000, ["\u001b[31m" * 30] * 5_000, {"k" * 50_000: {"\n" * 50_000: 1}}, [list(range(9_000))] * 9],
)
def test_a_message_about_a_huge_value_is_short(value: Any) -> None:
    strict = make_spec(
        {"properties": {name: {"type": "integer"} for name in "abcde"} | {"f": {"additionalProperties": False}}},
        ref="w" * 64 + ":v1.0.0",
    )
    outcome = run(FakeControl(), step(payload={**dict.fromkeys("abcde", value), "f": {str(value): 1}}), spec=strict)
    fault = str(outcome.steps[0].fault)
    assert len(fault.encode()) <= 2_000
    assert fault.startswith("not sent: ")
    assert "\n" not in fault
    assert "\x1b" not in fault


def test_secrets_are_taken_out_before_anything_is_cut() -> None:
    secret = "s3cret-" * 100
    outcome = run(FakeControl(), bad(value=[secret]), redact=lambda text: text.replace(secret, "[redacted]"))
    assert outcome.steps[0].fault == _NOT_SENT + "payload/what: ['[redacted]'] is not of type 'string'"


def test_a_step_that_was_not_sent_exercises_no_action() -> None:
    outcome = run(FakeControl(), bad())
    profile = ProfileRef("small", "1.0.0", "sha256:0", "tree", "small")
    made = msgspec.convert(scenario("one", bad(), spec="work:v1.0.0"), Scenario)
    nothing: Any = None
    subject = Subject(nothing, nothing, profile, make_spec())
    result = make_result(Case(made, ScenarioRef("one", "sha256:0", "a.json"), subject), Environment(), outcome)
    index = Index.of({Point("actions", "work.start", "requested"): True})
    assert Observed(index).steps(result.steps) == 0
    assert [spec.ref for spec in result.specs] == ["work:v1.0.0"]
