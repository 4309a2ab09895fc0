"""Hooks as drafts call them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pytest_fluxscenario.analysis.drafts.hooks import MOST_CALLS, PatientHooks
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookUnavailable, RuntimeMissing


@dataclass
class Runtime:
    """Says what it is told to say, and counts."""

    outcome: HookOutcome | None
    calls: list[HookCall] = field(default_factory=list)

    def call(self, call: HookCall) -> HookOutcome:
        self.calls.append(call)
        if self.outcome is None:
            raise RuntimeMissing.of("hook.program", Place("hooks.yaml"), "there is no node")
        return self.outcome


def call(number: int = 0, hook: str = "assess") -> HookCall:
    return HookCall(hook, "run-1", "p", "1.0.0", None, {"number": number})


def test_the_same_call_is_made_once() -> None:
    runtime = Runtime(HookOutcome("ok", {"status": "ok"}))
    hooks = PatientHooks(runtime)
    assert hooks.call(call()) is hooks.call(call())
    hooks.call(call(1))
    assert [one.payload["number"] for one in runtime.calls] == [0, 1]


@pytest.mark.parametrize("outcome", [HookOutcome("timeout"), HookOutcome("crash"), None], ids=["slow", "crash", "none"])
def test_a_hook_without_a_result_is_asked_once_and_never_again(outcome: HookOutcome | None) -> None:
    runtime = Runtime(outcome)
    hooks = PatientHooks(runtime)
    for number in range(3):
        with pytest.raises(HookUnavailable):
            hooks.call(call(number))
    assert len(runtime.calls) == 1
    assert hooks.broken == {"assess"}
    with pytest.raises(HookUnavailable):
        hooks.call(call(hook="other"))
    assert len(runtime.calls) == 2


def test_a_result_that_reports_an_error_is_a_result() -> None:
    hooks = PatientHooks(Runtime(HookOutcome("ok", {"status": "error"})))
    assert hooks.call(call()).result == {"status": "error"}
    assert not hooks.broken


def test_patience_has_an_end() -> None:
    runtime = Runtime(HookOutcome("ok", {"status": "ok"}))
    hooks = PatientHooks(runtime)
    for number in range(MOST_CALLS):
        hooks.call(call(number))
    with pytest.raises(HookUnavailable, match=f"was called {MOST_CALLS} times"):
        hooks.call(call(MOST_CALLS))
    assert hooks.call(call(0)).status == "ok"
    assert hooks.tired == {"assess"}
