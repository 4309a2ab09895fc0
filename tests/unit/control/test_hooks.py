"""What a hook's result is worth (control.md, "Hooks"): it computes facts, and never grants authority."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.control.hooks import HookAnswer, HookCaller
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.response import HookCallRecord
from pytest_fluxscenario.model.vocabulary import AUTHORITY_FIELDS
from pytest_fluxscenario.runtimes.none import NoHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookUnavailable
from tests.unit.control.process import RUN, Answers, act, ask, control, engine, gate, hooks, text, validator

OK = {"status": "ok"}


def judged(result: Any, forbidden: tuple[str, ...] = (), **contract: Any) -> tuple[HookAnswer, HookCallRecord]:
    """The answer and the record of a call that came back with ``result``."""
    declared = hooks(validator("note"), **contract)
    outcome = result if isinstance(result, HookOutcome) else HookOutcome("ok", result)
    rules = engine(declared=declared, forbidden=forbidden).rules
    caller = HookCaller(rules, control().run(RUN), Answers({"check": outcome}))
    answer = caller.ask("check", "note", {})
    return answer, caller.calls[0]


def status(result: Any, **more: Any) -> str:
    answer, record = judged(result, **more)
    assert answer.failed is (record.status != "ok")
    if answer.failed:
        assert (answer.facts, answer.valid) == ({}, False)
        assert answer.diagnostics == record.diagnostics
    return record.status


# ---- authority


@pytest.mark.parametrize("name", AUTHORITY_FIELDS)
@pytest.mark.parametrize("value", [None, True, "Continue", {}])
def test_a_result_that_claims_authority_is_refused_whole(name: str, value: object) -> None:
    for result in (
        {**OK, name: value, "facts": {"good": True}, "valid": True},
        {**OK, "facts": {"good": True, name: value}, "valid": True},
        {**OK, "facts": {"deep": [{"deeper": {name: value}}]}, "valid": True},
    ):
        answer, record = judged(result)
        assert record.status == "forbidden_field"
        assert answer.diagnostics == (f"the result claims authority that no hook has: {name}",)
        assert (answer.failed, answer.facts, answer.valid) == (True, {}, False)


def test_authority_is_refused_even_when_the_contract_allows_the_field() -> None:
    assert status({**OK, "route": "Continue"}, allowed_output_fields=("route",)) == "forbidden_field"
    assert status({**OK, "route": "Continue"}, forbidden_output_fields=()) == "forbidden_field"


def test_authority_is_refused_before_an_error_is_reported() -> None:
    assert status({"status": "error", "route": "Continue"}) == "forbidden_field"


def test_a_value_that_has_the_name_of_authority_claims_none() -> None:
    assert status({**OK, "facts": {"kind": "route", "list": ["approval_record"]}}) == "ok"


def test_fields_that_the_contract_or_the_manifest_forbids_are_refused_like_authority() -> None:
    for place in ({"rendered": "x"}, {"facts": {"a": {"rendered": 1}}}):
        assert status({**OK, **place}) == "ok"
        assert status({**OK, **place}, forbidden_output_fields=("rendered",)) == "forbidden_field"
        assert status({**OK, **place}, forbidden=("rendered",)) == "forbidden_field"


# ---- fields


def test_without_a_list_of_the_contract_the_fields_of_the_protocol_are_allowed() -> None:
    full = {"status": "ok", "valid": True, "diagnostics": [], "facts": {}, "artifacts": [], "rendered": ""}
    assert status(full) == "ok"
    answer, record = judged({**OK, "zeal": 1, "extra\x1b": 1})
    assert record.status == "forbidden_field"
    assert answer.diagnostics == ("the result has a field that the contract does not allow: extra\\x1b",)


def test_a_field_outside_the_list_of_the_contract_is_refused() -> None:
    assert status({**OK, "facts": {}}, allowed_output_fields=("facts",)) == "ok"
    assert status({**OK, "valid": True}, allowed_output_fields=("facts",)) == "forbidden_field"
    assert status({**OK, "extra": 1}, allowed_output_fields=("extra",)) == "ok"


def test_status_and_diagnostics_are_allowed_by_every_contract() -> None:
    assert status({**OK, "diagnostics": ["a"]}, allowed_output_fields=()) == "ok"


# ---- types


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("status", 1, "'status' in the result is a number"),
        ("status", None, "'status' in the result is null"),
        ("valid", "true", "'valid' in the result is a string"),
        ("valid", 1, "'valid' in the result is a number"),
        ("diagnostics", "text", "'diagnostics' in the result is a string"),
        ("diagnostics", None, "'diagnostics' in the result is null"),
        ("facts", ["a"], "'facts' in the result is a list"),
        ("facts", None, "'facts' in the result is null"),
        ("artifacts", "a", "'artifacts' in the result is a string"),
        ("rendered", {}, "'rendered' in the result is an object"),
        ("status", "OK", "'status' in the result is neither 'ok' nor 'error': OK"),
        ("status", "failed\n", "'status' in the result is neither 'ok' nor 'error': failed\\x0a"),
    ],
)
def test_a_field_of_the_wrong_type_refuses_the_result(field: str, value: object, says: str) -> None:
    answer, record = judged({**OK, "valid": True, field: value})
    assert record.status == "invalid_result"
    assert answer.diagnostics == (says,)
    assert answer.valid is False


def test_a_result_without_a_status_is_refused() -> None:
    assert status({"valid": True}) == "invalid_result"
    assert status({}) == "invalid_result"


@pytest.mark.parametrize(("valid", "counts"), [(True, True), (False, False), (None, False)])
def test_valid_counts_only_when_it_is_true(valid: object, counts: bool) -> None:
    answer, _ = judged({**OK, "valid": valid})
    assert (answer.failed, answer.valid) == (False, counts)


def test_facts_and_diagnostics_come_through_and_are_shown_safely() -> None:
    answer, record = judged({**OK, "facts": {"a": [1]}, "diagnostics": ["fine\x07", 3]})
    assert (answer.facts, answer.diagnostics) == ({"a": [1]}, ("fine\\x07", "3"))
    assert record.diagnostics == ("fine\\x07", "3")


def test_an_error_that_the_hook_reports_is_a_failure() -> None:
    answer, record = judged({"status": "error", "facts": {"a": 1}, "valid": True, "diagnostics": ["no disk"]})
    assert (record.status, answer.failed, answer.valid, answer.diagnostics) == ("error", True, False, ("no disk",))
    assert judged({"status": "error"})[0].diagnostics == ("the hook reported an error",)


# ---- outcomes


@pytest.mark.parametrize("name", ["timeout", "crash", "invalid_json", "missing", "anything"])
def test_a_call_that_failed_keeps_its_status_and_what_was_said(name: str) -> None:
    outcome = HookOutcome(name, {"status": "ok", "valid": True, "facts": {"a": 1}}, ("said",))
    answer, record = judged(outcome)
    assert (answer.failed, answer.valid, answer.facts) == (True, False, {})
    assert (record.status, record.diagnostics) == (name, ("said",))


@pytest.mark.parametrize(("result", "named"), [(None, "null"), ([], "a list"), ("ok", "a string"), (1, "a number")])
def test_an_outcome_without_an_object_is_no_result(result: Any, named: str) -> None:
    answer, record = judged(HookOutcome("ok", result))
    assert (answer.failed, record.status) == (True, "no_result")
    assert answer.diagnostics == (f"the result is {named}, not an object",)


def test_the_record_says_what_ran_and_what_went_in_and_out() -> None:
    outcome = HookOutcome("ok", dict(OK), (), "local", "python_stdio", "sha256:e", "sha256:i", "sha256:o")
    _, record = judged(outcome)
    assert record == HookCallRecord("check", "ok", "local", "python_stdio", "sha256:e", "sha256:i", "sha256:o", ())


def test_the_call_names_run_and_profile() -> None:
    runtime = Answers({"check": {**OK, "valid": True}})
    target = control(
        act(produces_artifacts=("note",)), types=["note"], declared=hooks(validator("note")), runtime=runtime
    )
    ask(target, payload={"a": 1})
    assert runtime.calls == [HookCall("check", RUN, "demo", "1.0.0", "note", {"a": 1})]


@pytest.mark.parametrize(
    ("more", "payload", "refusal"),
    [
        ({"required_connectors": ("git",)}, {}, "does not offer"),
        ({"produces_artifacts": ("note",)}, {}, "required field"),
        ({"materialization_mode": "shadow"}, {}, "mode 'shadow'"),
        ({"materialization_mode": "real", "materialization_scope_fields": ("to",)}, {}, "scope"),
        (
            {"materialization_mode": "real", "materialization_scope_fields": ("to",)},
            {"to": 1},
            "an approval must cover",
        ),
        ({"completes_run": True}, {}, "completion report lacks"),
    ],
)
def test_every_refusal_reports_the_calls_that_were_made_before_it(
    more: dict[str, Any], payload: dict[str, Any], refusal: str
) -> None:
    target = control(
        act(**more),
        gates=[gate(condition={"fact_true": "a"}, hook="look")],
        types=[ArtifactType("note", required_fields=("text",))],
        required=["note"],
        modes=["real"],
        runtime=Answers({"look": {"status": "ok", "facts": {"a": False}}}),
    )
    answer = ask(target, payload=payload)
    assert refusal in text(answer.reason)
    assert [call.hook_id for call in answer.hook_calls] == ["look"]


# ---- nothing can run it


def test_a_hook_that_nothing_can_run_gives_no_verdict() -> None:
    target = control(gates=[gate(condition={"fact_true": "a"}, hook="look")], runtime=NoHooks("demo"))
    with pytest.raises(HookUnavailable, match="the hook 'look' is needed for this decision"):
        ask(target)
    assert target.run(RUN).decisions == 0


def test_a_decision_that_needs_no_hook_is_made_without_one() -> None:
    one = gate(condition={"fact_true": "a", "payload_missing": "b"}, hook="look")
    assert ask(control(gates=[one], runtime=NoHooks("demo")), payload={"b": 1}).status == "ok"
