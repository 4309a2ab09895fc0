"""What is called equivalent changes no answer, and what is made ready again is enough.

On all small profiles, and on requests of every shape that they name.
"""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.mutation.mutant import Mutant
from pytest_fluxscenario.analysis.mutation.operators import mutants_of
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.model.request import Actor, Approval, Environment, Request
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome

from .processes import process_of

_FIELDS = ("amount", "mode")
_VALUES = st.sampled_from([None, "", "a", "b"])
_TYPES = ("quote", "plan")
_ACTIONS = ("make", "pay", "end")
_HOOKS = [
    {"id": "look", "type": "condition.evaluate"},
    {"id": "judge", "type": "artifact.validate", "input_artifact_type": "quote", "on_failure": "AskUser"},
    {"id": "idle", "type": "artifact.validate", "input_artifact_type": "nothing"},
]

_conditions = st.fixed_dictionaries(
    {},
    optional={
        "payload_missing": st.lists(st.sampled_from(_FIELDS), min_size=1, max_size=2, unique=True),
        "payload_equals": st.dictionaries(st.sampled_from(_FIELDS), _VALUES, min_size=1, max_size=2),
        "payload_contains_any": st.lists(st.sampled_from(_FIELDS), min_size=1, max_size=2, unique=True),
        "fact_equals": st.dictionaries(st.just("amount"), st.sampled_from(["a", "b"]), min_size=1),
    },
)
_gates = st.builds(
    lambda kind, action, condition, artifacts, scope: {
        "type": kind,
        "before_action": action,
        "condition": condition,
        "required_artifacts": artifacts if kind != "process_conformance" else artifacts or ["quote"],
        **({"required_approval": {"role": "approver", "scope": scope}} if kind == "approval" else {}),
        **({"hook": "look"} if "fact_equals" in condition else {}),
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
            "hooks": _HOOKS,
            "modes": ["mock", "real"],
        }
    ),
    _types,
    _types,
    st.lists(_gates, max_size=3),
    st.lists(st.sampled_from(_TYPES), max_size=2, unique=True),
    st.lists(st.sampled_from(["agent", "system"]), min_size=1, unique=True),
    st.sampled_from([None, "mock", "real"]),
    st.lists(st.sampled_from(_TYPES), max_size=2, unique=True),
)
_steps = st.lists(
    st.one_of(
        st.builds(
            lambda action, role, payload, key: Request(action, Actor("one", role), payload, "run-1", key),
            st.sampled_from(_ACTIONS),
            st.sampled_from(["agent", "system"]),
            st.fixed_dictionaries({}, optional=dict.fromkeys(_FIELDS, _VALUES)),
            st.sampled_from([None, None, "k"]),
        ),
        st.builds(
            lambda role, scope, decision, over, values: Approval(
                role, scope, decision, expires_at="2020-01-01T00:00:00Z" if over else None, values=values
            ),
            st.sampled_from(["approver", "agent"]),
            st.sampled_from(["one", "two", "pay"]),
            st.sampled_from(["approved", "denied"]),
            st.booleans(),
            st.sampled_from([None, {"amount": "a"}, {"amount": "b"}]),
        ),
    ),
    min_size=6,
    max_size=16,
)


class _Hooks:
    """Answers by the payload alone; some payloads make it fail."""

    def call(self, call: HookCall) -> HookOutcome:
        if call.payload.get("mode") == "b":
            return HookOutcome("timeout", None, ("it took too long",))
        valid = call.payload.get("mode") != "a"
        return HookOutcome("ok", {"status": "ok", "facts": dict(call.payload), "valid": valid})


def _answers(process: Process, rules: Rules, steps: list[Any]) -> list[tuple[Any, ...]]:
    inner = EngineControl(Engine(rules, Environment(), process.variation.hooks(_Hooks())), StandingClock())
    control = process.variation.control(inner)
    answers = []
    for step in steps:
        if isinstance(step, Approval):
            control.approve("run-1", step)
        else:
            answer = msgspec.convert(msgspec.to_builtins(control.decide(step)), dict[str, Any])
            named = ("status", "route", "gate_id", "completion_report_exists", "idempotent_replay", "missing_artifacts")
            answers.append(tuple(str(answer.get(name)) for name in named))
    return answers


@settings(max_examples=250, deadline=None)
@given(process=_processes, steps=_steps)
def test_a_mutant_that_is_called_equivalent_answers_alike(process: Process, steps: list[Any]) -> None:
    as_it_is = _answers(process, process.rules(), steps)
    for mutant in mutants_of(process):
        if mutant.equivalent:
            assert _answers(mutant.process, mutant.process.rules(), steps) == as_it_is, (mutant.id, mutant.equivalent)


def _asked(steps: list[Any]) -> set[str]:
    return {step.action for step in steps if isinstance(step, Request)}


@settings(max_examples=100, deadline=None)
@given(process=_processes, steps=_steps)
def test_what_is_left_out_of_a_hunt_is_alike(process: Process, steps: list[Any]) -> None:
    """Rules are made ready again only before the actions of a mutant, and only who asks for those is tried."""
    base = process.rules()
    as_it_is = _answers(process, base, steps)
    for mutant in mutants_of(process):
        changed = mutant.process
        whole = _answers(changed, changed.rules(), steps)
        assert _answers(changed, changed.rules(base, mutant.actions), steps) == whole, mutant.id
        if _left_out(mutant, steps):
            assert whole == as_it_is, mutant.id


def _left_out(mutant: Mutant, steps: list[Any]) -> bool:
    return mutant.actions is not None and mutant.actions.isdisjoint(_asked(steps))
