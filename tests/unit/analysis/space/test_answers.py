"""Hooks that may say anything say everything that a rule can tell apart; real ones are asked once."""

from __future__ import annotations

from typing import Any

from pytest_fluxscenario.analysis.space.answers import AnyHooks, RealHooks
from pytest_fluxscenario.runtimes.in_process import InProcessHooks
from pytest_fluxscenario.runtimes.none import NoHooks
from pytest_fluxscenario.runtimes.port import HookCall
from tests.fakes.processes import rules_of


def _gate(number: int, condition: dict[str, Any], hook: str = "look") -> dict[str, Any]:
    gate = {"type": "decision", "before_action": "do.it", "route": "Blocked", "hook": hook}
    return {**gate, "id": f"g{number}", "condition": condition}


def _rules(*conditions: dict[str, Any]) -> Any:
    gates = [_gate(number, one) for number, one in enumerate(conditions)]
    hooks = {"look": "condition.evaluate", "check": "artifact.validate", "render": "template.render"}
    return rules_of({"actions": [{"id": "do.it"}], "gates": gates}, hooks)


def _call(hook: str) -> HookCall:
    return HookCall(hook, "run-1", "made", "1.0.0", None, {})


def test_each_fact_takes_each_value_and_another_and_the_call_may_fail() -> None:
    hooks = AnyHooks.of(
        _rules({"fact_equals": {"verdict": "match"}}, {"fact_equals": {"verdict": "maybe", "sure": True}})
    )
    said = hooks.options(_call("look"))
    facts = [(one.facts["verdict"], one.facts["sure"]) for one in said if not one.failed]
    assert len(facts) == len(set(facts)) == 6
    assert {verdict for verdict, _ in facts} > {"match", "maybe"}
    assert {sure for _, sure in facts} == {True, False}
    assert [one.failed for one in said] == [False] * 6 + [True]
    assert {one.origin for one in said} == {"assumed", "fault"}


def test_a_validator_says_yes_and_no_and_a_renderer_gives_a_text() -> None:
    hooks = AnyHooks.of(_rules())
    results = [one.outcome.result or {} for one in hooks.options(_call("check"))]
    assert [one.get("valid") for one in results] == [True, False, None]
    assert [one.outcome.result for one in hooks.options(_call("render"))] == [
        {"status": "ok", "rendered": "text"},
        None,
    ]


def test_facts_with_more_combinations_than_are_tried_are_said() -> None:
    few = {"fact_equals": {f"f{number}": True for number in range(6)}}
    many = {"fact_equals": {f"f{number}": True for number in range(7)}}
    assert AnyHooks.of(_rules(few)).gaps == {}
    assert AnyHooks.of(_rules(many)).gaps == {"look": "has more than 64 combinations of facts"}


def test_a_real_hook_is_asked_once_and_may_fail_too() -> None:
    calls: list[str] = []

    def look(call: HookCall) -> dict[str, Any]:
        calls.append(call.hook_id)
        return {"status": "ok", "facts": {"wrong": False}}

    hooks = RealHooks(InProcessHooks({"look": look}))
    said = hooks.options(_call("look"))
    assert hooks.options(_call("look")) == said
    assert [one.origin for one in said] == ["real", "fault"]
    assert calls == ["look"]
    assert hooks.gaps == {}


def test_a_hook_that_nothing_runs_only_fails_and_is_said() -> None:
    hooks = RealHooks(NoHooks("pack"))
    assert [one.origin for one in hooks.options(_call("look"))] == ["fault"]
    assert hooks.gaps["look"].startswith("could not be asked: pack: the hook 'look' is needed")
