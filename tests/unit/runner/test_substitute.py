"""What stands where references stood."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.base.values import same
from pytest_fluxscenario.model.references import escaped, parts
from pytest_fluxscenario.model.request import Actor
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.scenario import Expectation, Step
from pytest_fluxscenario.runner.substitute import Captured, SubstitutionError, put_parameters
from tests.unit.runner.values import json_values, relaxed, texts

_ACTOR = Actor("agent-1", "agent")


def step(**payload: Any) -> Step:
    return Step("s", action="a", actor=_ACTOR, payload=payload, expectation=Expectation(status="ok", route="Continue"))


def response(**more: Any) -> Response:
    return Response(
        status="ok", run_id="run-1", profile_id="p", profile_version="1.0.0", profile_hash="sha256:0", **more
    )


def through(document: dict[str, Any], row: dict[str, Any], captured: Captured | None = None) -> Step:
    """A step as it is sent: parameters put in when it is collected, everything else when it runs."""
    put = put_parameters({"steps": [document]}, row)["steps"][0]
    return (captured or Captured()).put_into(msgspec.convert(put, Step))


@relaxed
@given(value=json_values)
def test_a_lone_reference_keeps_value_and_type(value: Any) -> None:
    sent = through(msgspec.to_builtins(step(x="${p}")), {"p": value})
    assert sent.payload is not None
    assert not isinstance(sent.payload, str)
    assert same(sent.payload["x"], value)


@relaxed
@given(value=texts, before=st.text("ab $", max_size=3), behind=st.text("ab ", max_size=3))
def test_inside_a_text_a_value_is_text(value: str, before: str, behind: str) -> None:
    before = before.rstrip("$")
    sent = through(msgspec.to_builtins(step(x=f"{before}${{p}}{behind}!")), {"p": value})
    assert isinstance(sent.payload, dict)
    assert sent.payload["x"] == f"{before}{value}{behind}!"


@relaxed
@given(value=json_values, captured=texts)
def test_captured_values_do_as_parameters_do(value: Any, captured: str) -> None:
    known = Captured({"v": value, "t": captured})
    sent = known.put_into(step(x="${v}", y="is ${t}.", z=["${t}", {"k": "${v}"}]))
    assert isinstance(sent.payload, dict)
    assert same(sent.payload["x"], value)
    assert sent.payload["y"] == f"is {captured}."
    assert same(sent.payload["z"], [captured, {"k": value}])


@relaxed
@given(text=texts)
def test_an_escaped_text_is_that_text(text: str) -> None:
    assert "".join(part for part in parts(escaped(text)) if isinstance(part, str)) == text
    assert all(isinstance(part, str) for part in parts(escaped(text)))


@relaxed
@given(value=json_values)
def test_what_looks_like_a_reference_in_a_parameter_is_none(value: Any) -> None:
    """A parameter's value is data: a captured value of that name is not put into it."""
    sent = through(msgspec.to_builtins(step(x="${p}")), {"p": ["${v}", value]}, Captured({"v": "taken"}))
    assert isinstance(sent.payload, dict)
    assert same(sent.payload["x"], ["${v}", value])


def test_other_types_are_written_as_json_inside_a_text() -> None:
    sent = through(msgspec.to_builtins(step(x="n=${n} l=${l} t=${t}")), {"n": 1.5, "l": [1, "a"], "t": True})
    assert isinstance(sent.payload, dict)
    assert sent.payload["x"] == 'n=1.5 l=[1,"a"] t=true'


def test_actor_payload_and_expectation_can_be_references() -> None:
    document = msgspec.to_builtins(step())
    document |= {"actor": "${who}", "payload": "${what}"}
    document["expectation"]["missing_artifacts"] = "${names}"
    sent = through(document, {"who": {"id": "u", "role": "task_user"}, "what": {"a": 1}, "names": ["x", "y"]})
    assert sent.actor == Actor("u", "task_user")
    assert sent.payload == {"a": 1}
    assert sent.expectation is not None
    assert sent.expectation.missing_artifacts == ("x", "y")


def test_fields_of_earlier_steps_can_be_referred_to() -> None:
    captured = Captured()
    captured.keep("a", None, response(route="Continue", next_allowed_actions=("one", "two")))
    captured.keep("a.b", None, response(route="Blocked"))
    sent = captured.put_into(step(x="${steps.a.next_allowed_actions.1}", y="${steps.a.b.route}", z="${steps.a.route}"))
    assert sent.payload == {"x": "two", "y": "Blocked", "z": "Continue"}


def test_capture_names_a_value_of_the_response() -> None:
    captured = Captured()
    captured.keep("a", {"first": "next_allowed_actions.0", "run": "run_id"}, response(next_allowed_actions=("one",)))
    assert captured.values == {"first": "one", "run": "run-1"}


@pytest.mark.parametrize("path", ["gate_id", "next_allowed_actions.3", "run_id.0", "nothing"])
def test_what_the_response_lacks_cannot_be_captured(path: str) -> None:
    with pytest.raises(SubstitutionError, match=f"the response has no '{path}' to capture"):
        Captured().keep("a", {"v": path}, response())


@pytest.mark.parametrize("text", ["${v}", "${steps.a.route}", "${steps.b.gate_id}", "say ${v}"])
def test_a_reference_without_a_value_is_an_error(text: str) -> None:
    captured = Captured()
    captured.keep("b", None, response())
    with pytest.raises(SubstitutionError, match=r"step 's': '\$\{.*\}' has no value"):
        captured.put_into(step(x=text))


def test_a_step_that_does_not_fit_any_more_is_an_error() -> None:
    with pytest.raises(SubstitutionError, match=r"with its references replaced the step does not fit: .*role"):
        Captured({"who": {"id": "u"}}).put_into(msgspec.structs.replace(step(), actor="${who}"))


def test_a_step_without_references_is_the_same_step() -> None:
    plain = step(x="$5 {a}")
    assert Captured().put_into(plain) is plain


def test_captured_values_cannot_grow_without_end() -> None:
    captured = Captured({"last": "x" * (1 << 20)})
    for _ in range(4):
        assert isinstance(captured.put_into(step(what="${last}${last}")).payload, dict)
    with pytest.raises(SubstitutionError, match="more than 8388608 characters"):
        captured.put_into(step(what="${last}"))
