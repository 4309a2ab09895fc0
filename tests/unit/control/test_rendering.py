"""Hooks that render text (control.md, 12): asked last, for what is admitted, and no authority."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.model.pack import Hook
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.runtimes.port import HookOutcome
from tests.unit.control.process import Answers, act, ask, control, hooks, validator

_TEXT = {"status": "ok", "rendered": "Größe\n"}


def renderer(name: str = "print", on_failure: str | None = None, artifact_type: str | None = "note") -> Hook:
    return Hook(name, "template.render", artifact_type, on_failure=on_failure)


def rendering(answer: Any, *declared: Hook, **more: Any) -> tuple[Any, Answers]:
    runtime = Answers({"print": answer, "check": {"status": "ok", "valid": more.pop("valid", True)}})
    produces = act(produces_artifacts=("note",), **more)
    target = control(produces, types=("note",), declared=hooks(*(declared or (renderer(),))), runtime=runtime)
    return target, runtime


def test_the_answer_refers_to_the_text_by_its_hash_and_does_not_hold_it() -> None:
    target, runtime = rendering(_TEXT)
    answer = ask(target, payload={"a": 1})
    assert (answer.status, answer.route, answer.created_artifact_types) == ("ok", "Continue", ("note",))
    [call] = answer.hook_calls
    assert (call.hook_id, call.status, call.rendered_hash) == ("print", "ok", sha256_ref("Größe\n".encode()))
    assert "Größe" not in msgspec.json.encode(answer).decode()
    assert [(one.input_artifact_type, one.payload) for one in runtime.calls] == [("note", {"a": 1})]


def test_calls_of_other_hooks_have_no_such_field() -> None:
    target, _ = rendering(_TEXT, validator("note"), renderer())
    checked, rendered = ask(target).hook_calls
    assert (checked.hook_id, checked.rendered_hash) == ("check", UNSET)
    assert b"rendered_hash" not in msgspec.json.encode(checked)
    assert rendered.hook_id == "print"


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (HookOutcome("timeout", None, ("too late",)), "timeout", "too late"),
        ({"status": "error", "diagnostics": ["no"]}, "error", "no"),
        ({"status": "ok"}, "invalid_result", "the result has no text in 'rendered'"),
        ({"status": "ok", "rendered": None}, "invalid_result", "the result has no text in 'rendered'"),
        ({"status": "ok", "rendered": ["x"]}, "invalid_result", "'rendered' in the result is a list"),
        ({"status": "ok", "rendered": "x", "route": "Continue"}, "forbidden_field", "*"),
    ],
)
@pytest.mark.parametrize("route", [None, "AskUser"])
def test_a_failing_hook_admits_nothing(answer: Any, status: str, said: str, route: str | None) -> None:
    target, _ = rendering(answer, renderer(on_failure=route))
    found = ask(target)
    assert (found.status, found.route, found.created_artifacts) == ("nok", route or "Blocked", UNSET)
    [call] = found.hook_calls
    assert (call.status, call.rendered_hash) == (status, UNSET)
    assert said == "*" or call.diagnostics == (said,)
    assert str(found.reason).startswith("The hook 'print', which renders note, failed: ")


def test_nothing_is_rendered_of_what_is_not_admitted() -> None:
    target, runtime = rendering(_TEXT, validator("note"), renderer(), valid=False)
    assert ask(target).route == "InstructAgent"
    assert [call.hook_id for call in runtime.calls] == ["check"]


def test_it_is_asked_after_the_preflight_and_the_completion() -> None:
    target, runtime = rendering(_TEXT, materialization_mode="mock", materialization_scope_fields=("path",))
    assert ask(target).route == "Blocked"
    assert runtime.calls == []
    assert ask(target, payload={"path": "x"}).route == "MaterializeMock"
    assert len(runtime.calls) == 1
    runtime = Answers({"print": _TEXT})
    ends = act(produces_artifacts=("note",), completes_run=True)
    types = ("note", ArtifactType("missing"))
    incomplete = control(ends, types=types, required=("missing",), declared=hooks(renderer()), runtime=runtime)
    assert ask(incomplete).route == "InstructAgent"
    assert runtime.calls == []


def test_one_without_an_artifact_type_or_of_another_is_not_asked() -> None:
    target, runtime = rendering(_TEXT, renderer(artifact_type=None), renderer("other", artifact_type="else"))
    assert ask(target).status == "ok"
    assert runtime.calls == []


def test_a_replay_renders_nothing_again() -> None:
    target, runtime = rendering(_TEXT)
    first = ask(target, key="k")
    again = ask(target, key="k")
    assert (again.idempotent_replay, again.hook_calls) == (True, first.hook_calls)
    assert len(runtime.calls) == 1
