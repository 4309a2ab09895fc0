"""What is called equivalent changes no answer: on all small profiles, and on requests of every shape that they name."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.mutation.operators import mutants_of
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.model.request import Actor, Approval, Environment, Request
from pytest_fluxscenario.runtimes.none import NoHooks

from .processes import process_of

_FIELDS = ("amount", "mode")
_VALUES = st.sampled_from([None, "", "a", "b"])
_TYPES = ("quote", "plan")
_ACTIONS = ("make", "pay", "end")

_conditions = st.fixed_dictionaries(
    {},
    optional={
        "payload_missing": st.lists(st.sampled_from(_FIELDS), min_size=1, max_size=2, unique=True),
        "payload_equals": st.dictionaries(st.sampled_from(_FIELDS), _VALUES, min_size=1, max_size=2),
        "payload_contains_any": st.lists(st.sampled_from(_FIELDS), min_size=1, max_size=2, unique=True),
    },
)
_gates = st.builds(
    lambda kind, action, condition, artifacts, scope: {
        "type": kind,
        "before_action": action,
        "condition": condition,
        "required_artifacts": artifacts if kind != "process_conformance" else artifacts or ["quote"],
        **({"required_approval": {"role": "approver", "scope": scope}} if kind == "approval" else {}),
    },
    st.sampled_from(["decision", "process_conformance", "approval"]),
    st.sampled_from(_ACTIONS),
    _conditions,
    st.lists(st.sampled_from(_TYPES), max_size=2, unique=True),
    st.sampled_from(["one", "two"]),
)
_types = st.fixed_dictionaries(
    {"required_fields": st.lists(st.sampled_from(_FIELDS), max_size=2, unique=True)},
    optional={"allowed_sources": st.lists(st.sampled_from(["agent", "system", "controller"]), min_size=1, unique=True)},
)
_processes = st.builds(
    lambda quote, plan, gates, made, roles, mode, required: process_of(
        {
            "roles": ["agent", "system"],
            "artifact_types": [{"id": "quote", **quote}, {"id": "plan", **plan}],
            "actions": [
                {"id": "make", "produces_artifacts": made, "allowed_roles": roles, "next_actions": ["end"]},
                {"id": "pay", "materialization_mode": mode, "materialization_scope_fields": ["amount"]},
                {"id": "end", "completes_run": True, "produces_artifacts": ["plan"]},
            ],
            "gates": [{"id": f"g{at}", **gate} for at, gate in enumerate(gates)],
            "completion_report": {"required": required},
        }
    ),
    _types,
    _types,
    st.lists(_gates, max_size=3),
    st.lists(st.sampled_from(_TYPES), max_size=2, unique=True),
    st.lists(st.sampled_from(["agent", "system"]), min_size=1, unique=True),
    st.sampled_from([None, "mock"]),
    st.lists(st.sampled_from(_TYPES), max_size=2, unique=True),
)
_steps = st.lists(
    st.one_of(
        st.builds(
            lambda action, role, payload: Request(action, Actor("one", role), payload, "run-1"),
            st.sampled_from(_ACTIONS),
            st.sampled_from(["agent", "system"]),
            st.fixed_dictionaries({}, optional=dict.fromkeys(_FIELDS, _VALUES)),
        ),
        st.builds(
            lambda scope, decision: Approval(role="approver", scope=scope, decision=decision),
            st.sampled_from(["one", "two"]),
            st.sampled_from(["approved", "denied"]),
        ),
    ),
    min_size=6,
    max_size=16,
)


def _answers(process: Process, steps: list[Any]) -> list[tuple[Any, ...]]:
    control = EngineControl(Engine(process.rules(), Environment(), NoHooks("")), StandingClock())
    answers = []
    for step in steps:
        if isinstance(step, Approval):
            control.approve("run-1", step)
        else:
            answer = control.decide(step)
            answers.append((answer.status, answer.route, answer.gate_id, answer.completion_report_exists))
    return answers


@settings(max_examples=250, deadline=None)
@given(process=_processes, steps=_steps)
def test_a_mutant_that_is_called_equivalent_answers_alike(process: Process, steps: list[Any]) -> None:
    as_it_is = _answers(process, steps)
    for mutant in mutants_of(process):
        if mutant.equivalent:
            assert _answers(mutant.process, steps) == as_it_is, (mutant.id, mutant.equivalent)
