"""What every way to an end needs, and what only some ways do."""

from __future__ import annotations

from typing import Any

from pytest_fluxscenario.analysis.proof.prove import prove
from pytest_fluxscenario.analysis.space.explore import Explorer
from tests.fakes.processes import made_space

_GATE = {"type": "approval", "route": "AwaitApproval"}


def _approval(number: str, action: str, scope: str, **more: Any) -> dict[str, Any]:
    required = {"role": "approver", "scope": scope}
    return {**_GATE, "id": number, "before_action": action, "required_approval": required, **more}


_PROFILE: dict[str, Any] = {
    "artifact_types": [{"id": "note"}, {"id": "aside"}],
    "actions": [
        {"id": "note.take", "produces_artifacts": ["note"]},
        {"id": "aside.take", "produces_artifacts": ["aside"]},
        {"id": "work.end", "completes_run": True},
    ],
    "gates": [
        _approval("note_needs_one", "note.take", "note"),
        _approval("end_needs_one", "work.end", "end"),
        _approval("a_risky_end_needs_another", "work.end", "risk", condition={"payload_equals": {"risk": "high"}}),
        {
            "id": "aside_is_welcome",
            "type": "decision",
            "before_action": "work.end",
            "condition": {"payload_equals": {"asked": True}},
            "route": "InstructAgent",
            "required_artifacts": ["aside"],
        },
    ],
    "completion_report": {"required": ["note"]},
}


def _end(profile: dict[str, Any]) -> Any:
    proof = prove(Explorer(made_space(profile)))
    assert proof.verdict == "proved"
    return proof.guarantees[-1]


def test_an_approval_on_the_way_is_needed_as_much_as_one_at_the_end() -> None:
    end = _end(_PROFILE)
    assert [one.scope for one in end.always] == ["note", "end"]
    assert [one.scope for one in end.sometimes] == ["risk"]
    assert end.artifacts == ("note",)


def test_an_approval_that_can_be_gone_around_is_none() -> None:
    # Another action makes the same record, and asks nobody.
    more = {"id": "note.copy", "produces_artifacts": ["note"]}
    end = _end({**_PROFILE, "actions": [*_PROFILE["actions"], more]})
    assert [one.scope for one in end.always] == ["end"]


def test_a_real_mode_without_a_gate_needs_the_approval_of_its_action() -> None:
    real = {"id": "it.do", "materialization_mode": "real", "materialization_scope_fields": ["path"]}
    proof = prove(Explorer(made_space({"actions": [real]})))
    assert proof.verdict == "proved"
    (only,) = proof.guarantees
    assert [(one.role, one.scope) for one in only.always] == [("approver", "it.do")]
