"""What must be behind an answer of a control (coverage.md), by the order of decision (control.md).

Gates before the one that fired have let the request through, an allowed action has passed all of its gates, and whether
an operator held is what it says of the payload, or of the facts that the hook gave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec import UNSET

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.values import lookup, same
from pytest_fluxscenario.control.artifacts import CONTROLLER, candidate_fault
from pytest_fluxscenario.control.conditions import Condition
from pytest_fluxscenario.control.rules import ActionRule, Rules
from pytest_fluxscenario.evidence.coverage_index import Index, failed_last
from pytest_fluxscenario.model.coverage import WAYS, approval_name
from pytest_fluxscenario.model.request import Approval, Environment, Request
from pytest_fluxscenario.model.response import RequiredApproval, Response

#: What the hooks of one step gave, call by call; None where a call gave no result.
Results = Sequence[Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a condition, and the bits of how it was."""

    condition: Condition
    #: Of an operator that looks at the payload.
    test: Callable[[dict[str, Any]], bool]
    held: int
    not_held: int


@dataclass(frozen=True, slots=True)
class GateBits:
    """One gate, and the bits of what it can show."""

    passed: int
    of_payload: tuple[Operator, ...]
    of_facts: tuple[Operator, ...]
    asked: RequiredApproval | None
    #: What it may show when it lets a request through, and when it stops one; answers show the rest.
    when_passed: int
    when_stopped: int


@dataclass(frozen=True)
class Bits:
    """The rules of one pack, and the bits of what only they tell."""

    rules: Rules
    index: Index

    @cached_property
    def _refused(self) -> Mapping[str, int]:
        return self.index.by_name("artifacts", "refused")

    @cached_property
    def _approvals(self) -> Mapping[str, Mapping[str, int]]:
        return {way: self.index.by_name("approvals", way) for way in WAYS["approvals"]}

    @cached_property
    def _positions(self) -> Mapping[str, int]:
        return {one.gate.id: at for rule in self.rules.actions.values() for at, one in enumerate(rule.gates)}

    def refused(self, artifact_type: str) -> int:
        """The bit of a candidate that was refused."""
        return self._refused.get(artifact_type, 0)

    def approval(self, asked: RequiredApproval, way: str) -> int:
        """The bit of an approval that was seen so."""
        return self._approvals[way].get(approval_name(asked.role, asked.scope), 0)

    def position(self, gate_id: str) -> int | None:
        """Where a gate stands among those before its action; None for one that is not of the profile."""
        return self._positions.get(gate_id)


@dataclass(slots=True)
class Behind:
    """What is behind one answer."""

    bits: Bits
    rule: ActionRule
    gates: tuple[GateBits, ...]
    request: Request
    response: Response
    approvals: Sequence[Approval]
    #: None where only the answer is known.
    results: Results | None
    environment: Environment
    #: The bits of what was behind earlier answers, which is not looked at again.
    known: int
    #: Calls of hooks that are accounted for.
    calls: int = 0

    def seen(self) -> int:
        """The bits of it, as far as they are not known."""
        response, gates = self.response, self.gates
        if response.status == "ok":
            return self._passed(gates) | self._planned()
        if response.gate_id is not UNSET:
            at = self.bits.position(response.gate_id)
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
            and role in self.bits.rules.roles
            and role in self.rule.roles
        )

    def _passed(self, gates: Iterable[GateBits]) -> int:
        mask, known = 0, self.known
        for gate in gates:
            if not gate.of_facts and not gate.when_passed & ~known:
                continue
            mask |= gate.passed
            held, bits = self._operators(gate)
            mask |= bits
            if held and gate.asked is not None:
                mask |= self.bits.approval(gate.asked, "given")
        return mask

    def _stopped(self, gate: GateBits) -> int:
        held, mask = self._operators(gate, fired=not failed_last(self.response))
        if held and gate.asked is not None:
            mask |= self._lacking(gate.asked, _newest(self.approvals, gate.asked, self.request.payload))
        return mask

    def _operators(self, gate: GateBits, *, fired: bool = False) -> tuple[bool | None, int]:
        """Whether the whole condition held (None: not known), and the bits of its operators."""
        held, mask = True, 0
        for one in gate.of_payload:
            if one.test(self.request.payload):
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
        action, offered, rules = self.rule.action, self.environment, self.bits.rules
        if not (
            set(action.required_capabilities) <= set(offered.capabilities)
            and set(action.required_connectors) <= set(offered.connectors)
        ):
            return 0
        source = CONTROLLER if self.rule.source_is_controller else self.request.actor.role
        for kind in self.rule.produces:
            try:
                if candidate_fault(rules, kind, self.request.payload, source) is not None:
                    return self.bits.refused(kind.id)
            except FluxError:
                # A schema that took too long, which it did not when the request was decided.
                return 0
            for _ in rules.validators.get(kind.id, ()):
                if not self._valid():
                    return self.bits.refused(kind.id)
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
                return self.bits.approval(RequiredApproval(record.role, record.scope), "given")
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
        return self.bits.approval(asked, "denied" if denied else "missing")


def _speaks_of(record: Approval, asked: Iterable[RequiredApproval]) -> bool:
    return any(record.role == one.role and record.scope == one.scope for one in asked)


def _covers(record: Approval, payload: dict[str, Any]) -> bool:
    return record.values is None or all(same(lookup(payload, name), value) for name, value in record.values.items())


def _newest(approvals: Sequence[Approval], asked: RequiredApproval, payload: dict[str, Any]) -> Approval | None:
    """The record that decides (control.md, "Records")."""
    return next((one for one in reversed(approvals) if _speaks_of(one, (asked,)) and _covers(one, payload)), None)
