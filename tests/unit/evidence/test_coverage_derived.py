"""What coverage derives from answers is what the engine looked at, on any rules and any requests (coverage.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from pytest_fluxscenario.control.conditions import Condition, compile_condition
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.rules import GateRule, Rules
from pytest_fluxscenario.evidence.coverage_chart import Chart
from pytest_fluxscenario.evidence.coverage_index import Index
from pytest_fluxscenario.model.coverage import Point, condition_name
from pytest_fluxscenario.model.evidence import StepResult
from pytest_fluxscenario.model.pack import Hook, Hooks
from pytest_fluxscenario.model.profile import ArtifactType, Gate
from pytest_fluxscenario.model.request import Approval, Environment
from pytest_fluxscenario.model.response import RequiredApproval, Response
from pytest_fluxscenario.packs.points import points_of
from pytest_fluxscenario.runner.case import StepHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome
from tests.unit.control.process import act, engine, hooks, request

_NAMES: Final = ("a", "b", "c")
_REFUSED: Final = re.compile(r"^The artifact (\w+) |^The hook '\w+', which validates (\w+), failed")

# ---- an engine that writes down what it looks at


@dataclass
class Log:
    """The gates that were evaluated, in order, and what each operator said."""

    gates: list[str] = field(default_factory=list)
    points: set[Point] = field(default_factory=set)

    def operators(self, gate: Gate, told: Mapping[str, bool]) -> None:
        for operator, holds in told.items():
            name = condition_name(gate.id, operator)
            self.points.add(Point("conditions", name, "held" if holds else "not_held"))


@dataclass(frozen=True, slots=True)
class Logged(Condition):
    """A condition that says when it is evaluated."""

    gate: Gate
    log: Log
    parts: tuple[tuple[str, Condition], ...]

    @classmethod
    def of(cls, rule: GateRule, log: Log) -> Logged:
        given, condition = rule.gate.condition, rule.condition
        parts = tuple((one, compile_condition({one: given[one]})) for one in given)
        return cls(condition.payload_tests, condition.facts, rule.gate, log, parts)

    def payload_holds(self, payload: dict[str, Any]) -> bool:
        self.log.gates.append(self.gate.id)
        self.log.operators(
            self.gate, {one: part.payload_holds(payload) for one, part in self.parts if part.payload_tests}
        )
        return Condition.payload_holds(self, payload)

    def facts_hold(self, facts: Mapping[str, Any]) -> bool:
        self.log.operators(self.gate, {one: part.facts_hold(facts) for one, part in self.parts if part.facts})
        return Condition.facts_hold(self, facts)


def logged(rules: Rules, log: Log) -> Rules:
    """The same rules, whose conditions write down that they were evaluated."""
    actions = {
        name: replace(rule, gates=tuple(GateRule(one.gate, Logged.of(one, log)) for one in rule.gates))
        for name, rule in rules.actions.items()
    }
    return replace(rules, actions=actions)


@dataclass(frozen=True)
class Facts:
    """Hooks that answer by what the payload says of them, and fail where it says so."""

    def call(self, call: HookCall) -> HookOutcome:
        said = call.payload.get(call.hook_id, True)
        if said == "crash":
            return HookOutcome("crash", None, ("it crashed",))
        if said == "lies":
            return HookOutcome("ok", {"status": "ok", "route": "Continue"})
        facts = {"risky": said is True, "level": "high" if said == "high" else "low"}
        return HookOutcome("ok", {"status": "ok", "facts": facts, "valid": said is not False})


# ---- random processes and requests

_names = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=2, unique=True)
_values = st.sampled_from([1, "", "x", None, True])
_of_payload = st.fixed_dictionaries(
    {},
    optional={
        "payload_missing": _names,
        "payload_equals": st.dictionaries(st.sampled_from(_NAMES), _values, min_size=1, max_size=2),
        "payload_contains_any": _names,
    },
)
_of_facts = st.fixed_dictionaries(
    {}, optional={"fact_true": st.just("risky"), "fact_equals": st.just({"level": "high"})}
)
_approvals = st.sampled_from([RequiredApproval("approver", "one"), RequiredApproval("approver", "two")])
_gates = st.builds(
    lambda kind, action, payload, facts, types, approval: Gate(
        id="g",
        type=kind,
        before_action=action,
        route="AskUser",
        condition={**payload, **facts},
        required_artifacts=tuple(types) or (("note",) if kind == "process_conformance" else ()),
        required_approval=approval if kind == "approval" else None,
        hook="look" if facts else None,
    ),
    st.sampled_from(["decision", "decision", "approval", "process_conformance"]),
    st.sampled_from(["one", "two"]),
    _of_payload,
    st.one_of(st.just({}), _of_facts),
    st.sampled_from([[], [], ["note"], ["bill"]]),
    _approvals,
)
_payloads = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(_NAMES, _values),
        "look": st.sampled_from([True, False, "high", "crash", "lies"]),
        "check": st.sampled_from([True, False, "crash"]),
    },
)
_requests = st.builds(
    request,
    st.sampled_from(["one", "one", "two", "three", "real", "unknown", "fst.help.process_contract"]),
    _payloads,
    role=st.sampled_from(["agent", "agent", "agent", "task_user", "approver", "stranger"]),
    key=st.sampled_from([None, None, "k1"]),
)
_signed = st.builds(
    Approval,
    st.just("approver"),
    st.sampled_from(["one", "two", "real"]),
    st.sampled_from(["approved", "approved", "denied"]),
    values=st.sampled_from([None, {"a": 1}, {"a": "x"}]),
)
_HOOKS: Final = hooks(Hook("look", "condition.evaluate"), Hook("check", "artifact.validate", "bill"))


def process(gates: list[Gate]) -> tuple[Engine, Hooks]:
    """Three actions that record something, and one that materializes for real."""
    made = engine(
        act("one", produces_artifacts=("note", "bill")),
        act("two", allowed_roles=("agent", "task_user"), required_capabilities=("net",)),
        act("three", completes_run=True),
        act("real", materialization_mode="real", materialization_scope_fields=("a",)),
        gates=[msgspec.structs.replace(one, id=f"gate_{number}") for number, one in enumerate(gates)],
        types=[ArtifactType("note", ("a",)), ArtifactType("bill", allowed_sources=("agent",))],
        required=("note",),
        roles=("agent", "task_user", "approver"),
        modes=("real",),
        declared=_HOOKS,
        runtime=Facts(),
    )
    return made, _HOOKS


@dataclass
class Run:
    """One scenario on an engine that logs, and what came of it."""

    chart: Chart
    log: Log
    steps: list[StepResult]
    hooks: StepHooks
    environment: Environment

    def seen(self) -> set[Point]:
        mask = self.chart.seen(self.steps, self.environment, results=self.hooks.results)
        return set(self.chart.index.names(mask))


def play(gates: list[Gate], moves: list[Any], capabilities: tuple[str, ...] = ("net",)) -> Run:
    made, declared = process(gates)
    log = Log()
    rules = made.rules
    index = Index.of(points_of(rules.profile, declared, rules.manifest, {}))
    step_hooks, environment = StepHooks(Facts()), Environment(capabilities)
    control = EngineControl(Engine(logged(rules, log), environment, step_hooks))
    steps: list[StepResult] = []
    for number, move in enumerate(moves, 1):
        step_hooks.step = number
        if isinstance(move, Approval):
            control.approve("r", move)
            steps.append(StepResult(number, "s", "passed", approval=move))
            continue
        log.gates.clear()
        response = control.decide(move)
        steps.append(StepResult(number, "s", "passed", request=move, response=response))
        log.points.update(_of_answer(log, response))
    return Run(Chart(index, rules), log, steps, step_hooks, environment)


def _of_answer(log: Log, response: Response) -> Iterator[Point]:
    """What the log and the words of the answer say of gates and artifacts."""
    failed = bool(response.hook_calls) and response.hook_calls[-1].status != "ok"
    for name in log.gates:
        if name != response.gate_id:
            yield Point("gates", name, "passed")
        elif not failed:
            yield Point("gates", name, "fired")
    refused = None if response.reason is UNSET else _REFUSED.match(response.reason)
    if refused and not response.idempotent_replay:
        yield Point("artifacts", refused[1] or refused[2], "refused")


_DERIVED: Final = {("gates", "passed"), ("gates", "fired"), ("conditions", "held"), ("conditions", "not_held")} | {
    ("artifacts", "refused")
}
#: Of a run that is complete nobody looks at it any more.
_later = Gate("g", "decision", "two", "AskUser", {"payload_missing": ["b"]})
_decision = Gate("g", "decision", "one", "AskUser", {"payload_equals": {"a": 1}, "payload_missing": ["b"]})


@given(
    st.lists(_gates, max_size=6),
    st.lists(st.one_of(_requests, _requests, _signed), min_size=1, max_size=8),
    st.sampled_from([(), ("net",)]),
)
@example([_decision], [request("one", {"a": 1}), request("one", {"a": 2, "b": 3})], ())
@example([_later], [request("one", {"a": 1}), request("three"), request("two", {"b": 1})], ("net",))
@settings(max_examples=300, deadline=None)
def test_what_is_derived_is_what_the_engine_looked_at(
    gates: list[Gate], moves: list[Any], capabilities: tuple[str, ...]
) -> None:
    run = play(gates, moves, capabilities)
    seen = run.seen()
    assert {one for one in seen if (one.kind, one.way) in _DERIVED} == run.log.points
    # And step by step, where what was seen is not looked at again.
    summing = Chart(run.chart.index, run.chart.rules, sums=True)
    approvals: list[Approval] = []
    mask = 0
    for step in run.steps:
        mask |= summing.seen([step], run.environment, approvals, results=run.hooks.results)
        approvals += [step.approval] if isinstance(step.approval, Approval) else []
    assert set(run.chart.index.names(mask)) == seen
    # What the rules prove to be impossible never happens.
    assert not {one for one in seen if run.chart.index.bits[one] & run.chart.index.impossible}


def test_the_comparison_sees_each_way() -> None:
    """A property that compares nothing with nothing would hold."""
    gates = [_decision, Gate("g", "decision", "two", "AskUser", {"fact_true": "risky"}, hook="look")]
    moves = [
        request("one", {"a": 1}),
        request("one", {"b": 1}),
        request("one", {"a": 1, "b": 1, "check": False}),
        request("one", {"a": 2, "b": 1}),
        request("two", {"look": True}),
        request("two", {"look": False}),
        request("two", {"look": "crash"}),
    ]
    run = play(gates, moves)
    assert {one[::2] for one in run.log.points} == {(kind, way) for kind, way in _DERIVED}
    assert Point("artifacts", "note", "refused") in run.log.points
    assert Point("artifacts", "bill", "refused") in run.log.points
    assert run.log.points <= run.seen()
