"""The process explained by ``fst.help.process_contract`` (control.md, 5)."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.rules import make_rules
from pytest_fluxscenario.model.pack import Manifest, Process, Requires
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.response import Contract
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION
from tests.unit.control.process import ACT, RUN, act, ask, brief, control, engine, gate


def test_the_contract_tells_the_whole_process() -> None:
    parts = engine(
        act(
            description="Make it.",
            produces_artifacts=("note",),
            materialization_mode="mock",
            materialization_scope_fields=("to", "text"),
            next_actions=("done",),
        ),
        act("done", completes_run=True, allowed_roles=("system",)),
        gates=[gate("process_conformance", required_artifacts=("note",))],
        types=[ArtifactType("note", required_fields=("text", "by"))],
    )
    needs = Requires(("net",), ("git",), ("shadow", "mock"))
    rules = make_rules(parts.rules.profile, "sha256:x", Manifest(Process("demo", "1.0.0"), requires=needs))
    answer = ask(EngineControl(Engine(rules, parts.environment, parts.hooks)), CONTRACT_ACTION)
    assert answer.contract == Contract(
        actions=(
            {
                "id": ACT,
                "description": "Make it.",
                "allowed_roles": ["agent", "system"],
                "payload_fields": ["by", "text", "to"],
                "produces_artifacts": ["note"],
                "materialization_mode": "mock",
                "next_actions": ["done"],
                "completes_run": False,
            },
            {
                "id": "done",
                "description": "",
                "allowed_roles": ["system"],
                "payload_fields": [],
                "produces_artifacts": [],
                "materialization_mode": None,
                "next_actions": [],
                "completes_run": True,
            },
        ),
        gates=(
            {
                "id": "the_gate",
                "type": "process_conformance",
                "before_action": ACT,
                "route": "AskUser",
                "reason": "why",
                "required_artifacts": ["note"],
            },
        ),
        routes=("Continue", "AskUser"),
        artifacts=({"id": "note", "required_fields": ["text", "by"]},),
        capabilities=("net",),
        connectors=("git",),
        materialization_modes=("mock", "shadow"),
    )
    assert answer.next_allowed_actions == (ACT, "done")


@pytest.mark.parametrize("role", ["agent", "task_user", "system"])
def test_every_role_of_the_process_may_ask_for_it(role: str) -> None:
    assert brief(ask(control(act(allowed_roles=())), CONTRACT_ACTION, role=role)) == "ok Continue"


def test_it_satisfies_no_gate_and_no_gate_stands_before_it() -> None:
    target = control(
        act(),
        gates=[gate(before_action=CONTRACT_ACTION), gate("process_conformance", required_artifacts=("note",))],
        types=["note"],
    )
    answer = ask(target, CONTRACT_ACTION, {"note": 1, "type": "note"})
    assert (brief(answer), answer.created_artifacts) == ("ok Continue", ())
    assert target.runs[RUN].artifacts == {}
    assert ask(target).missing_artifacts == ("note",)


def test_it_is_what_the_engine_says_even_where_a_profile_declares_an_action_of_that_name() -> None:
    target = control(act(CONTRACT_ACTION, produces_artifacts=("note",), completes_run=True), types=["note"])
    answer = ask(target, CONTRACT_ACTION)
    assert (brief(answer), answer.created_artifacts) == ("ok Continue", ())
    assert target.runs[RUN].completed is False


def test_no_other_answer_carries_it() -> None:
    assert ask(control()).contract is UNSET
