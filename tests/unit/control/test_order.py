"""The order of decision: a request that breaks two neighbouring rules is answered by the earlier one (control.md)."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.request import Approval, Environment
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION
from tests.unit.control.process import ACT, RUN, Answers, act, ask, brief, control, gate, hooks, text, validator

STRICT = ArtifactType("note", required_fields=("text",))
GOOD = {"text": "x"}


def plain(**more: Any) -> dict[str, Any]:
    return {
        "protocol_version": "fst.control.v1",
        "run_id": RUN,
        "action": ACT,
        "actor": {"id": "a1", "role": "agent"},
        "payload": {},
        **more,
    }


def completed(**parts: Any) -> EngineControl:
    """A run that has completed, in a process with two actions."""
    target = control(act("done", completes_run=True), act(allowed_roles=("task_user",)), **parts)
    assert brief(ask(target, "done", key="first")) == "ok Complete"
    return target


def changed(target: EngineControl, other: EngineControl) -> EngineControl:
    """The runs of one control under the profile of another."""
    return EngineControl(other.engine, target.clock, target.runs)


def test_an_envelope_that_cannot_be_read_is_told_before_the_actor_is_looked_at() -> None:
    target = control()
    answer = target.decide(plain(actor={"id": "a1", "role": "approver"}, protocol_version="fst.control.v9"))
    assert answer.status == "error"
    assert target.runs == {}


def test_a_changed_profile_is_told_before_the_actor_is_looked_at() -> None:
    target = control()
    ask(target)
    answer = ask(changed(target, control(version="1.0.1")), role="approver")
    assert answer.status == "error"


def test_the_actor_is_looked_at_before_the_key() -> None:
    target = control()
    ask(target, key="k")
    answer = ask(target, key="k", role="approver")
    assert brief(answer) == "nok Blocked"
    assert "approver" in text(answer.reason)
    assert not isinstance(answer.idempotency_conflict, bool)


def test_the_key_is_looked_at_before_the_run_being_complete() -> None:
    target = completed()
    assert ask(target, "done", key="first").idempotent_replay is True
    conflict = ask(target, "done", {"other": 1}, key="first")
    assert conflict.idempotency_conflict is True


def test_the_run_being_complete_is_looked_at_before_the_action() -> None:
    target = completed()
    for action in (CONTRACT_ACTION, "no.such.action"):
        answer = ask(target, action)
        assert (brief(answer), answer.reason) == ("nok Blocked", "The run is complete.")


def test_the_action_is_looked_at_before_its_roles() -> None:
    answer = ask(control(act(allowed_roles=())), "change.mak")
    assert "declares no action 'change.mak'" in text(answer.reason)


def test_the_role_of_the_action_is_looked_at_before_the_gates() -> None:
    answer = ask(control(act(allowed_roles=("system",)), gates=[gate()]))
    assert brief(answer) == "nok Blocked"
    assert "may not ask for" in text(answer.reason)


def test_gates_are_looked_at_before_the_environment() -> None:
    target = control(act(required_capabilities=("net",)), gates=[gate()])
    assert brief(ask(target)) == "nok AskUser the_gate"


def test_the_environment_is_looked_at_before_the_candidates() -> None:
    target = control(act(required_capabilities=("net",), produces_artifacts=("note",)), types=[STRICT])
    answer = ask(target)
    assert brief(answer) == "nok Blocked"
    assert "'net'" in text(answer.reason)


def test_candidates_are_looked_at_before_the_materialization() -> None:
    target = control(
        act(materialization_mode="real", materialization_scope_fields=("to",), produces_artifacts=("note",)),
        types=[STRICT],
    )
    assert brief(ask(target)) == "nok InstructAgent"


def test_the_materialization_is_looked_at_before_the_completion() -> None:
    target = control(
        act(materialization_mode="mock", materialization_scope_fields=("to",), completes_run=True),
        types=["note"],
        required=["note"],
    )
    assert brief(ask(target)) == "nok Blocked"
    assert brief(ask(target, payload={"to": "x"})) == "nok InstructAgent"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"capabilities": ("net",), "connectors": ("git",)}, "capability 'net'"),
        ({"connectors": ("git",)}, "connector 'git'"),
    ],
)
def test_capabilities_are_looked_at_before_connectors(broken: dict[str, Any], says: str) -> None:
    needs = {f"required_{name}": value for name, value in broken.items()}
    assert says in text(ask(control(act(**needs))).reason)


def test_within_the_preflight_mode_then_scope_then_approval() -> None:
    real = act(materialization_mode="real", materialization_scope_fields=("to",))
    answer = ask(control(real))
    assert "mode 'real'" in text(answer.reason)
    offered = control(real, modes=["real"])
    assert "lacks 'to'" in text(ask(offered).reason)
    assert brief(ask(offered, payload={"to": "x"})) == "nok AwaitApproval"


def test_within_the_candidates_fields_then_schema_then_source_then_hooks() -> None:
    """control.md names the source last; it is read before the hooks, which a refused source must not reach (ADR 3)."""

    class Long:
        def faults(self, artifact_type: str, payload: dict[str, Any]) -> tuple[str, ...]:
            return ("/text: too long",) if len(str(payload.get("text"))) > 3 else ()

    asked = Answers({"check": {"status": "ok", "valid": False}})

    def answer(payload: dict[str, Any], source: str) -> Response:
        kind = ArtifactType("note", required_fields=("text",), allowed_sources=(source,))
        target = control(
            act(produces_artifacts=("note",)),
            types=[kind],
            schemas=Long(),
            declared=hooks(validator("note")),
            runtime=asked,
        )
        return ask(target, payload=payload)

    assert "required field 'text'" in text(answer({}, "system").reason)
    assert "schema: /text" in text(answer({"text": "long"}, "system").reason)
    assert "source 'agent'" in text(answer({"text": "x"}, "system").reason)
    assert asked.calls == []
    assert "the hook gave no reason" in text(answer({"text": "x"}, "agent").reason)
    assert len(asked.calls) == 1


def test_when_nothing_is_broken_the_same_process_says_yes() -> None:
    target = control(
        act(
            required_capabilities=("net",),
            required_connectors=("git",),
            produces_artifacts=("note",),
            materialization_mode="real",
            materialization_scope_fields=("to",),
            completes_run=True,
        ),
        gates=[gate(condition={"payload_missing": ["to"]})],
        types=[STRICT],
        required=["note"],
        modes=["real"],
        environment=Environment(("net",), ("git",)),
    )
    target.approve(RUN, Approval("approver", ACT, values={"to": "x"}))
    answer = ask(target, payload={**GOOD, "to": "x"})
    assert brief(answer) == "ok Complete"


def test_a_name_that_the_payload_uses_for_two_values_is_no_answer() -> None:
    """A gate would look at one of them, and whoever acts on the payload at the other."""
    target = control(act(), gates=(gate(condition={"payload_equals": {"change.risk": "high"}}),))
    assert brief(ask(target, payload={"change": {"risk": "high"}})) == "nok AskUser the_gate"
    twice = ask(target, payload={"change.risk": "low", "change": {"risk": "high"}})
    assert (twice.status, twice.evidence_refs) == ("error", ())
    assert "says 'change.risk' twice" in text(twice.reason)
