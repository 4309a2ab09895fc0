"""What came back, as an expectation."""

from __future__ import annotations

from typing import Any

import msgspec

from pytest_fluxscenario.analysis.drafts.observe import expectation_of, literal
from pytest_fluxscenario.model.response import HookCallRecord, Materialization, RequiredApproval, Response
from pytest_fluxscenario.runner.compare import mismatches

_HEAD: Any = {"run_id": "run-1", "profile_id": "p", "profile_version": "1.0.0", "profile_hash": "sha256:0"}
_ALLOWED = Response(
    status="ok",
    **_HEAD,
    route="MaterializeMock",
    created_artifacts=("plan-1",),
    created_artifact_types=("plan",),
    next_allowed_actions=("a.b",),
    materialization=Materialization("mock", "a.c", {"path": "x"}),
    hook_calls=(HookCallRecord("assess", "ok"),),
    evidence_refs=("run-1/decision-1",),
)
_STOPPED = Response(
    status="nok",
    **_HEAD,
    route="AwaitApproval",
    gate_id="g",
    gate_type="approval",
    reason="Words.",
    required_approval=RequiredApproval("approver", "pay"),
)
_REFUSED = Response(status="nok", **_HEAD, route="InstructAgent", reason="It does not fit its schema: /a: 1 is no text")


def test_it_fits_the_answer_and_no_other() -> None:
    answers = (_ALLOWED, _STOPPED, _REFUSED)
    for one in answers:
        expected = expectation_of(one)
        assert [mismatches(expected, other, {}) == () for other in answers] == [other is one for other in answers]


def test_nothing_that_varies_is_in_it() -> None:
    said = msgspec.json.encode([expectation_of(one) for one in (_ALLOWED, _STOPPED, _REFUSED)]).decode()
    assert not any(word in said for word in ("run-1", "plan-1", "sha256:", "decision-1"))


def test_what_a_schema_or_a_hook_says_is_left_to_them() -> None:
    assert expectation_of(_REFUSED).reason == {"contains": "It does not fit its schema"}
    # A gate is named by its id; its words may be mended.
    assert expectation_of(_STOPPED).reason is msgspec.UNSET


def test_the_absence_of_a_gate_and_of_records_is_said() -> None:
    said = msgspec.to_builtins(expectation_of(_REFUSED))
    assert said["gate_id"] is None
    assert said["created_artifacts"] is None
    assert said["completion_report_exists"] is False


def test_a_hook_that_was_called_twice_with_different_results_is_named_once() -> None:
    calls = (HookCallRecord("assess", "ok"), HookCallRecord("assess", "timeout"))
    expected = expectation_of(msgspec.structs.replace(_ALLOWED, hook_calls=calls))
    assert expected.hook_calls == ("assess",)
    assert not mismatches(expected, msgspec.structs.replace(_ALLOWED, hook_calls=calls), {})


def test_what_looks_like_a_reference_is_text() -> None:
    assert literal({"a": ["${x}", "$${x}", 1, None], "b": {"c": "d"}}) == {
        "a": ["$${x}", "$$${x}", 1, None],
        "b": {"c": "d"},
    }
    odd = msgspec.structs.replace(_REFUSED, reason="The artifact ${x} is late.")
    assert expectation_of(odd).reason == "The artifact $${x} is late."
