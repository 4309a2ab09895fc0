"""Runtimes give an outcome for every call and never decide what it means (control.md, "Hooks")."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.model.vocabulary import FAULT_KINDS
from pytest_fluxscenario.runtimes.faulted import FaultedHooks
from pytest_fluxscenario.runtimes.in_process import HookFunction, InProcessHooks
from pytest_fluxscenario.runtimes.none import NoHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookUnavailable, input_hash

CALL = HookCall("check", "r", "demo", "1.0.0", "note", {"b": 1.0, "a": [{"c": "é"}]})
OK: dict[str, Any] = {"status": "ok", "valid": True}


def outcome(function: HookFunction, call: HookCall = CALL) -> HookOutcome:
    return InProcessHooks({"check": function}).call(call)


# ---- the call


def test_the_call_is_one_line_of_canonical_json() -> None:
    line = CALL.line()
    assert b"\n" not in line
    assert line.decode() == (
        '{"hook_id":"check","input_artifact_type":"note","payload":{"a":[{"c":"é"}],"b":1},"profile_id":"demo",'
        '"profile_version":"1.0.0","protocol_version":"fst.hook.call.v1","run_id":"r"}'
    )
    assert input_hash(CALL) == sha256_ref(line)


def test_a_condition_of_the_request_has_no_artifact_type() -> None:
    call = HookCall("look", "r", "demo", "1.0.0", None, {})
    assert json.loads(call.line())["input_artifact_type"] is None


# ---- functions of this process


def test_a_function_gives_its_result_and_both_hashes() -> None:
    got: list[HookCall] = []

    def check(call: HookCall) -> dict[str, Any]:
        got.append(call)
        return {**OK, "facts": {"list": (1, 2)}}

    found = outcome(check)
    assert found == HookOutcome(
        "ok",
        {**OK, "facts": {"list": [1, 2]}},
        (),
        "in_process",
        "python",
        input_hash=input_hash(CALL),
        output_hash=sha256_ref(b'{"facts":{"list":[1,2]},"status":"ok","valid":true}'),
    )
    assert got == [CALL]


def test_a_function_cannot_change_what_is_decided_on() -> None:
    def check(call: HookCall) -> dict[str, Any]:
        call.payload["a"][0]["c"] = "changed"
        call.payload["approved"] = True
        return OK

    call = HookCall("check", "r", "demo", "1.0.0", "note", {"a": [{"c": "x"}]})
    before = input_hash(call)
    assert outcome(check, call).input_hash == before
    assert call.payload == {"a": [{"c": "x"}]}


def test_a_number_stays_the_number_that_it_was() -> None:
    found = outcome(
        lambda call: {**OK, "facts": {"n": call.payload["n"]}}, HookCall("check", "r", "d", "1", None, {"n": 2e16})
    )
    assert found.result is not None
    assert isinstance(found.result["facts"]["n"], float)


def test_a_result_that_its_function_keeps_cannot_be_changed_later() -> None:
    kept = {**OK, "facts": {"a": 1}}
    found = outcome(lambda _: kept)
    kept["facts"]["a"] = 2
    assert found.result is not None
    assert found.result["facts"] == {"a": 1}


def test_an_exception_is_a_crash_that_says_what_it_was() -> None:
    def check(call: HookCall) -> dict[str, Any]:
        raise KeyError("no\x1b[2J")

    found = outcome(check)
    assert (found.status, found.result, found.output_hash) == ("crash", None, "")
    assert found.diagnostics == ("KeyError: 'no\\x1b[2J'",)
    assert found == outcome(check)


def test_an_order_to_stop_is_no_outcome() -> None:
    def check(call: HookCall) -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outcome(check)


@pytest.mark.parametrize("value", [{"a": object()}, {"a": float("nan")}, {1: 2}, {"a": "\ud800"}, object()])
def test_a_result_that_is_no_json_is_a_crash(value: Any) -> None:
    assert outcome(lambda _: value).status == "crash"


@pytest.mark.parametrize(
    ("value", "named"), [(None, "null"), ([OK], "a list"), ("ok", "a string"), (True, "a boolean")]
)
def test_a_result_that_is_no_object_is_told_so(value: Any, named: str) -> None:
    found = outcome(lambda _: value)
    assert (found.status, found.result) == ("invalid_result", None)
    assert found.diagnostics == (f"the result is {named}, not an object",)


def test_a_call_that_failed_says_what_went_in_and_that_nothing_came_out() -> None:
    def crash(call: HookCall) -> dict[str, Any]:
        raise RuntimeError

    foreign: Any = []
    for found in (outcome(crash), outcome(lambda _: foreign), InProcessHooks({}).call(CALL)):
        assert (found.input_hash, found.output_hash) == (input_hash(CALL), "")
        assert (found.runtime_id, found.runtime_kind) == ("in_process", "python")


def test_a_hook_without_a_function_is_missing() -> None:
    found = InProcessHooks({}).call(HookCall("check\x07", "r", "demo", "1.0.0", None, {}))
    assert (found.status, found.result) == ("missing", None)
    assert found.diagnostics == ("no function is registered for the hook 'check\\x07'",)


# ---- faults


class _Counting:
    def __init__(self) -> None:
        self.calls = 0

    def call(self, call: HookCall) -> HookOutcome:
        self.calls += 1
        return HookOutcome("ok", OK)


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_every_kind_of_fault_has_an_outcome_without_the_hook_being_run(kind: str) -> None:
    base = _Counting()
    faulted = FaultedHooks(base, {"check": kind})
    found = faulted.call(CALL)
    assert base.calls == 0
    assert found == faulted.call(CALL)
    assert (found.runtime_id, found.runtime_kind, found.input_hash) == ("fault", "fault", input_hash(CALL))
    assert faulted.call(HookCall("other", "r", "demo", "1.0.0", None, {})).result == OK
    assert base.calls == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("timeout", ("timeout", None, ("the hook gave no result in time",))),
        ("crash", ("crash", None, ("the hook ended without a result",))),
        ("invalid_json", ("invalid_json", None, ("the hook's result is not JSON",))),
        ("error", ("ok", {"status": "error", "diagnostics": ["the hook reported an error"]}, ())),
        ("forbidden_field", ("ok", {"status": "ok", "route": "Continue"}, ())),
    ],
)
def test_what_a_fault_says(kind: str, expected: tuple[str, Any, tuple[str, ...]]) -> None:
    found = FaultedHooks(_Counting(), {"check": kind}).call(CALL)
    assert (found.status, found.result, found.diagnostics) == expected


# ---- none


def test_without_a_runtime_there_is_no_answer_and_the_error_says_what_to_do() -> None:
    with pytest.raises(HookUnavailable) as caught:
        NoHooks("packs/demo").call(CALL)
    said = str(caught.value)
    assert said.startswith("packs/demo: the hook 'check' is needed for this decision")
    assert "faults:" in said
    assert "fluxscenario_hooks" in said
    assert str(pickle.loads(pickle.dumps(caught.value))) == said  # noqa: S301 - what xdist does


def test_without_a_runtime_a_fault_still_is_an_outcome() -> None:
    assert FaultedHooks(NoHooks("demo"), {"check": "crash"}).call(CALL).status == "crash"
