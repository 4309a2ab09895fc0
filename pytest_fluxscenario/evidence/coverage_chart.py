"""What a scenario shows of the rules that it ran on (coverage.md): its answers, and what must be behind them.

Records say what was asked and answered. What the engine looked at on its way follows from the order of decision
(control.md): gates before the one that fired have let the request through, an allowed action has passed all of its
gates, and whether an operator held is what it says of the payload, or of the facts that the hook gave. Nothing here
asks the engine, so nothing here can change what it decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.values import lookup, same
from pytest_fluxscenario.control.artifacts import CONTROLLER, candidate_fault
from pytest_fluxscenario.control.conditions import Condition, compile_condition
from pytest_fluxscenario.control.rules import ActionRule, GateRule, Rules
from pytest_fluxscenario.evidence.coverage_index import Index, Observed, decided, failed_last
from pytest_fluxscenario.model.coverage import approval_name, condition_name
from pytest_fluxscenario.model.evidence import StepResult
from pytest_fluxscenario.model.request import Approval, Environment, Request
from pytest_fluxscenario.model.response import RequiredApproval, Response
from pytest_fluxscenario.packs.conditions import FACT_OPERATORS
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.points import points_of

#: What the hooks of one step gave, call by call; None where a call gave no result.
Results = Sequence[Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one scenario, as far as coverage is concerned."""

    steps: Sequence[StepResult]
    environment: Environment
    #: Approvals that the run began with.
    approvals: tuple[Approval, ...] = ()
    classes: tuple[str, ...] = ()
    #: Index of a step to what its hooks gave. None: a control of the team's own decided, of which answers are known.
    results: Mapping[int, Results] | None = None


@dataclass(frozen=True, slots=True)
class _Operator:
    condition: Condition
    held: int
    not_held: int


@dataclass(frozen=True, slots=True)
class _Gate:
    passed: int
    of_payload: tuple[_Operator, ...]
    of_facts: tuple[_Operator, ...]
    asked: RequiredApproval | None


class Chart:
    """The points of one pack, and how its rules show them."""

    def __init__(self, index: Index, rules: Rules) -> None:
        self.index = index
        self._rules = rules
        self._observed = Observed(index)
        self._classes = index.by_name("classes", "ran")
        self._refused = index.by_name("artifacts", "refused")
        self._given = index.by_name("approvals", "given")
        self._denied = index.by_name("approvals", "denied")
        self._missing = index.by_name("approvals", "missing")
        self._gates = {name: tuple(map(self._gate, rule.gates)) for name, rule in rules.actions.items()}
        self._at = {one.gate.id: at for rule in rules.actions.values() for at, one in enumerate(rule.gates)}

    @classmethod
    def of(cls, pack: Pack, rules: Rules) -> Chart:
        """The chart of a pack that is ready to decide."""
        return cls(Index.of(points_of(pack.profile, pack.hooks, pack.manifest, pack.schemas)), rules)

    def _gate(self, rule: GateRule) -> _Gate:
        held, not_held = self.index.by_name("conditions", "held"), self.index.by_name("conditions", "not_held")
        parts: dict[bool, list[_Operator]] = {False: [], True: []}
        for operator, operand in rule.gate.condition.items():
            if operator != "always":
                name = condition_name(rule.gate.id, operator)
                one = _Operator(compile_condition({operator: operand}), held.get(name, 0), not_held.get(name, 0))
                parts[operator in FACT_OPERATORS].append(one)
        asked = rule.gate.required_approval if rule.gate.type == "approval" else None
        passed = self.index.by_name("gates", "passed").get(rule.gate.id, 0)
        return _Gate(passed, tuple(parts[False]), tuple(parts[True]), asked)

    def seen(self, ran: Ran) -> int:
        """The bits of what one scenario shows."""
        mask = self._observed.steps(ran.steps)
        for name in ran.classes:
            mask |= self._classes.get(name, 0)
        approvals = list(ran.approvals)
        for step in ran.steps:
            request, response = step.request, step.response
            if request is UNSET:
                if step.approval is not UNSET and step.verdict == "passed":
                    approvals.append(step.approval)
            elif response is not UNSET and decided(response):
                rule = self._rules.actions.get(request.action)
                if rule is not None:
                    results = None if ran.results is None else ran.results.get(step.index, ())
                    mask |= _Step(self, rule, request, response, approvals, results, ran.environment).seen()
        return mask

    def approval(self, asked: RequiredApproval, ways: str) -> int:
        """The bit of an approval, in the way that ``ways`` names."""
        bits = {"given": self._given, "denied": self._denied, "missing": self._missing}[ways]
        return bits.get(approval_name(asked.role, asked.scope), 0)

    def refused(self, artifact_type: str) -> int:
        """The bit of a candidate that was refused."""
        return self._refused.get(artifact_type, 0)

    def gates(self, action: str) -> tuple[_Gate, ...]:
        """The gates before an action."""
        return self._gates[action]

    def position(self, gate_id: str) -> int | None:
        """Where a gate stands among those before its action; None for one that is not of the profile."""
        return self._at.get(gate_id)

    @property
    def rules(self) -> Rules:
        """What decides."""
        return self._rules


@dataclass(slots=True)
class _Step:
    """What is behind one answer."""

    chart: Chart
    rule: ActionRule
    request: Request
    response: Response
    approvals: Sequence[Approval]
    #: None where only the answer is known.
    results: Results | None
    environment: Environment
    #: Calls of hooks that are accounted for.
    calls: int = 0

    def seen(self) -> int:
        response = self.response
        gates = self.chart.gates(self.rule.action.id)
        if response.status == "ok":
            return self._passed(gates) | self._planned()
        if response.gate_id is not UNSET:
            at = self.chart.position(response.gate_id)
            if at is None or at >= len(gates) or self.rule.gates[at].gate.id != response.gate_id:
                return 0
            return self._passed(gates[:at]) | self._stopped(gates[at])
        if self.results is None or not self._past_gates():
            return self._lacks_approval()
        return self._passed(gates) | self._after_gates()

    def _past_gates(self) -> bool:
        """Whether the engine came as far as the gates, and passed them all (control.md, 2 to 6)."""
        role, response = self.request.actor.role, self.response
        return (
            response.idempotency_conflict is not True
            and not response.completion_report_exists
            and role != "approver"
            and role in self.chart.rules.roles
            and role in self.rule.roles
        )

    def _passed(self, gates: Iterable[_Gate]) -> int:
        mask = 0
        for gate in gates:
            mask |= gate.passed
            held, bits = self._operators(gate)
            mask |= bits
            if held and gate.asked is not None:
                mask |= self.chart.approval(gate.asked, "given")
        return mask

    def _stopped(self, gate: _Gate) -> int:
        held, mask = self._operators(gate, fired=not failed_last(self.response))
        if held and gate.asked is not None:
            mask |= self._lacking(gate.asked, _newest(self.approvals, gate.asked, self.request.payload))
        return mask

    def _operators(self, gate: _Gate, *, fired: bool = False) -> tuple[bool | None, int]:
        """Whether the whole condition held (None: not known), and the bits of its operators."""
        held, mask = True, 0
        for one in gate.of_payload:
            if one.condition.payload_holds(self.request.payload):
                mask |= one.held
            else:
                held = False
                mask |= one.not_held
        if not gate.of_facts or not held:
            return held, mask
        # The hook was asked. A gate that fired has found that everything holds.
        facts = self._facts()
        known: bool | None = True if fired else None
        for one in gate.of_facts:
            if facts is not None:
                holds = one.condition.facts_hold(facts)
                mask |= one.held if holds else one.not_held
                known = holds and known is not False
            elif fired:
                mask |= one.held
        return known, mask

    def _facts(self) -> Mapping[str, Any] | None:
        """The facts of the next call; None where it failed, or nobody knows them."""
        at, calls = self.calls, self.response.hook_calls
        self.calls += 1
        if self.results is None or at >= len(calls) or at >= len(self.results) or calls[at].status != "ok":
            return None
        result = self.results[at]
        return None if result is None else result.get("facts", {})

    def _after_gates(self) -> int:
        """What stopped a request that is past its gates (control.md, 8 to 11)."""
        action, offered, rules = self.rule.action, self.environment, self.chart.rules
        if not (
            set(action.required_capabilities) <= set(offered.capabilities)
            and set(action.required_connectors) <= set(offered.connectors)
        ):
            return 0
        source = CONTROLLER if self.rule.source_is_controller else self.request.actor.role
        for kind in self.rule.produces:
            try:
                if candidate_fault(rules, kind, self.request.payload, source) is not None:
                    return self.chart.refused(kind.id)
            except FluxError:
                # A schema that took too long, which it did not when the request was decided.
                return 0
            for _ in rules.validators.get(kind.id, ()):
                if not self._valid():
                    return self.chart.refused(kind.id)
        return self._lacks_approval()

    def _valid(self) -> bool:
        at, calls, results = self.calls, self.response.hook_calls, self.results or ()
        self.calls += 1
        if at >= len(calls) or at >= len(results) or calls[at].status != "ok":
            return False
        return (results[at] or {}).get("valid") is True

    def _planned(self) -> int:
        """The approval behind a materialization for real (control.md, 10)."""
        plan = self.response.materialization
        if plan is UNSET or plan.mode != "real":
            return 0
        for record in reversed(self.approvals):
            covers = record.decision == "approved" and same(record.values, plan.scope)
            if covers and _speaks_of(record, self.rule.approvals or ()):
                return self.chart.approval(RequiredApproval(record.role, record.scope), "given")
        return 0

    def _lacks_approval(self) -> int:
        """The approval that a materialization for real waits for."""
        asked = self.response.required_approval
        if asked is UNSET:
            return 0
        fields = self.rule.action.materialization_scope_fields
        scope = {name: lookup(self.request.payload, name) for name in fields}
        for record in reversed(self.approvals):
            if _speaks_of(record, self.rule.approvals or ()) and (
                _covers(record, self.request.payload) if record.decision == "denied" else same(record.values, scope)
            ):
                return self._lacking(asked, record)
        return self._lacking(asked, None)

    def _lacking(self, asked: RequiredApproval, newest: Approval | None) -> int:
        denied = newest is not None and newest.decision == "denied"
        return self.chart.approval(asked, "denied" if denied else "missing")


def _speaks_of(record: Approval, asked: Iterable[RequiredApproval]) -> bool:
    return any(record.role == one.role and record.scope == one.scope for one in asked)


def _covers(record: Approval, payload: dict[str, Any]) -> bool:
    return record.values is None or all(same(lookup(payload, name), value) for name, value in record.values.items())


def _newest(approvals: Sequence[Approval], asked: RequiredApproval, payload: dict[str, Any]) -> Approval | None:
    """The record that decides (control.md, "Records")."""
    return next((one for one in reversed(approvals) if _speaks_of(one, (asked,)) and _covers(one, payload)), None)
