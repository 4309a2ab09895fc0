"""What is said of a step that did not come back as expected."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from pytest_fluxscenario.model.evidence import Mismatch, StepResult
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.model.request import Actor, Request
from pytest_fluxscenario.model.response import Materialization, Response
from pytest_fluxscenario.model.scenario import Expectation
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.runner.explain import explain_step, headline
from pytest_fluxscenario.runner.run import Outcome
from tests.fakes.packs import write_pack

_ANSWER = {"status": "nok", "run_id": "run-1", "profile_id": "p", "profile_version": "1", "profile_hash": "sha256:0"}


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    folder = write_pack(tmp_path_factory.mktemp("pack"))
    return load_pack(FolderFiles(str(folder), "pack")).profile


def failed(expected: dict[str, Any], name: str = "s", index: int = 1, **answered: Any) -> StepResult:
    response = msgspec.convert({**_ANSWER, "route": "Blocked", **answered}, Response)
    expectation = msgspec.convert({"status": "ok", "route": "Continue", **expected}, Expectation)
    found = (Mismatch("status", expectation.status, response.status),)
    request = Request("work.finish", Actor("a", "agent"), {})
    return StepResult(
        index, name, "failed", request=request, response=response, expectation=expectation, mismatches=found
    )


def hints(step: StepResult, profile: Profile) -> list[str]:
    return [line.split("hint      ")[1] for line in explain_step(step, profile) if "  hint  " in line]


@pytest.mark.parametrize(
    ("expected", "answered", "hint"),
    [
        (
            {"gate_id": "finish_require_start"},
            {},
            "the profile has no gate 'finish_require_start'; did you mean finish_requires_start?",
        ),
        ({"gate_id": "zzz"}, {}, "the profile has no gate 'zzz'"),
        (
            {"gate_id": "what_required"},
            {"gate_id": "finish_requires_start"},
            "finish_requires_start fired before what_required could",
        ),
        (
            {"gate_id": "what_required"},
            {"status": "ok"},
            "what_required did not fire: its condition did not hold, or what it asks for was there",
        ),
        (
            {"gate_id": "what_required"},
            {},
            "what_required was not reached, or did not fire: the request was stopped by another rule",
        ),
        ({}, {"missing_artifacts": ["start_record"]}, "start_record is produced by work.start: send that first"),
        (
            {},
            {"required_approval": {"role": "approver", "scope": "x"}},
            "an approve step is needed before: approve: {role: approver, scope: x}",
        ),
    ],
)
def test_hints(profile: Profile, expected: dict[str, Any], answered: dict[str, Any], hint: str) -> None:
    assert hints(failed(expected, **answered), profile) == [hint]


def test_the_approval_of_a_real_mode_names_the_scope_values(profile: Profile) -> None:
    action = msgspec.structs.replace(
        next(action for action in profile.actions if action.id == "work.finish"),
        materialization_mode="real",
        materialization_scope_fields=("to.branch", "digest", "gone"),
    )
    real = msgspec.structs.replace(profile, actions=(action,))
    payload = {"to": {"branch": "main"}, "digest": 7, "more": 1}
    request = Request("work.finish", Actor("a", "agent"), payload)
    asked: dict[str, Any] = {"required_approval": {"role": "approver", "scope": "x"}}
    by_mode = msgspec.structs.replace(failed({}, **asked), request=request)
    wanted = 'approve: {role: approver, scope: x, values: {"to.branch":"main","digest":7}}'
    assert hints(by_mode, real) == [f"an approve step is needed before: {wanted}"]
    by_gate = msgspec.structs.replace(failed({}, gate_id="what_required", **asked), request=request)
    assert hints(by_gate, real) == ["an approve step is needed before: approve: {role: approver, scope: x}"]


@pytest.mark.parametrize(
    ("mismatch", "hinted"),
    [
        (Mismatch("materialization", {"mode": "mock"}, Materialization("mock", "a", {})), True),
        (Mismatch("required_approval", {"role": "approver"}, {"role": "approver", "scope": "x"}), True),
        (Mismatch("materialization", {"mode": "real"}, Materialization("mock", "a", {})), False),
        (Mismatch("materialization", {"matches": "mock"}, Materialization("mock", "a", {})), False),
        (Mismatch("materialization", {}, Materialization("mock", "a", {})), False),
        (Mismatch("materialization", {"mode": "mock"}), False),
        (Mismatch("hook_calls", {"a": "ok"}, {"a": "ok", "b": "ok"}), False),
    ],
)
def test_who_expects_a_part_of_an_object_is_told_how(profile: Profile, mismatch: Mismatch, hinted: bool) -> None:
    told = hints(msgspec.structs.replace(failed({}), mismatches=(mismatch,)), profile)
    part = msgspec.json.encode(mismatch.expected).decode()
    whole = f"{mismatch.field} is compared whole; to compare these members alone: {{contains: {part}}}"
    assert told == ([whole] if hinted else [])


def test_a_run_that_cannot_begin_has_no_step_to_show(profile: Profile) -> None:
    step = StepResult(1, "s", "skipped")
    assert explain_step(step, profile, "no disk") == ["the run cannot begin", "E no verdict: no disk"]


@pytest.mark.parametrize(
    ("expected", "answered"),
    [
        ({}, {}),
        ({"gate_id": None}, {"gate_id": "what_required"}),
        ({"gate_id": "what_required"}, {"gate_id": "what_required"}),
        ({"gate_id": {"matches": "x"}}, {}),
        ({"status": "nok"}, {"missing_artifacts": ["start_record"]}),
        ({}, {"missing_artifacts": ["of_nobody"]}),
    ],
)
def test_no_hint_where_nothing_is_known(profile: Profile, expected: dict[str, Any], answered: dict[str, Any]) -> None:
    assert hints(failed(expected, **answered), profile) == []


def test_the_headline_is_one_short_line() -> None:
    steps = (failed({}, name="a\nb" * 100), failed({}, index=2))
    line = headline(Outcome("failed", steps))
    assert "\n" not in line
    assert len(line) < 250
    assert line.endswith("status: expected ok, got nok (and 1 more of 2 steps)")
    assert headline(Outcome("error", steps, "no disk")) == "the run cannot begin: no disk"
    without = StepResult(3, "c", "error", fault="gone")
    assert headline(Outcome("error", (without,))) == "step 3 'c': gone"


def test_values_are_shown_as_json_and_bounded(profile: Profile) -> None:
    found = (
        Mismatch("created_artifacts", ("a", "b"), UNSET),
        Mismatch("reason", None, "x" * 5_000),
        Mismatch("materialization", {"mode": "mock"}, {"scope": ["\x1b[31m"]}),
    )
    lines = explain_step(msgspec.structs.replace(failed({}), mismatches=found), profile)
    text = "\n".join(lines)
    for words in ('expected  ["a","b"]', "actual    (absent)", "expected  null (absent)", 'expected  {"mode":"mock"}'):
        assert words in text
    assert "\x1b" not in text
    assert max(map(len, lines)) < 500
    assert "(5000 characters)" in text


def test_secrets_go_before_anything_is_cut(profile: Profile) -> None:
    secret = "correct horse battery staple"

    def redact(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(secret, "[redacted]")
        return [redact(one) for one in value] if isinstance(value, list | tuple) else value

    for before in range(30, 90):
        text = "x" * before + secret
        step = failed({"gate_id": text}, name=text, reason=text, instruction=text, gate_id=text)
        step = msgspec.structs.replace(step, mismatches=(Mismatch("reason", text, [text]),))
        told = "\n".join((headline(Outcome("failed", (step,)), redact), *explain_step(step, profile, "", redact)))
        assert "correct" not in told
        assert "staple" not in told
