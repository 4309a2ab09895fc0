"""What a scenario shows of the rules that it ran on (coverage.md): its answers, and what must be behind them.

Records say what was asked and answered. What the engine looked at on its way follows from the order of decision
(control.md): gates before the one that fired have let the request through, an allowed action has passed all of its
gates, and whether an operator held is what it says of the payload, or of the facts that the hook gave. Nothing here
asks the engine, so nothing here can change what it decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from msgspec import UNSET

from pytest_fluxscenario.control.conditions import compile_condition
from pytest_fluxscenario.control.rules import ActionRule, GateRule, Rules
from pytest_fluxscenario.evidence.coverage_behind import Behind, Bits, GateBits, Operator, Results
from pytest_fluxscenario.evidence.coverage_index import Index, Observed, decided
from pytest_fluxscenario.model.coverage import condition_name
from pytest_fluxscenario.model.evidence import StepResult
from pytest_fluxscenario.model.request import Approval, Environment
from pytest_fluxscenario.model.response import RequiredApproval, Response
from pytest_fluxscenario.packs.conditions import FACT_OPERATORS
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.points import points_of


@dataclass(frozen=True, slots=True)
class _Action:
    rule: ActionRule
    gates: tuple[GateBits, ...]
    #: What may be behind an answer that allows it, behind one that each gate stops, and behind any other.
    when_allowed: int
    when_stopped: tuple[int, ...]
    otherwise: int


class Chart:
    """The points of one pack, and how its rules show them.

    Where it is for ``sums``, what is behind answers is looked at only until it was seen once, and told with each
    scenario from then on: what all scenarios show together is the same, and costs less.
    """

    def __init__(self, index: Index, rules: Rules, *, sums: bool = False) -> None:
        self._sums = sums
        self.index = index
        self._observed = Observed(index)
        self._classes = index.by_name("classes", "ran")
        self._bits = Bits(rules, index)
        held, not_held = index.by_name("conditions", "held"), index.by_name("conditions", "not_held")
        passed = index.by_name("gates", "passed")

        def operator(gate: str, name: str, operand: Any) -> Operator:
            condition, called = compile_condition({name: operand}), condition_name(gate, name)
            test = condition.payload_tests[0] if condition.payload_tests else condition.payload_holds
            return Operator(condition, test, held.get(called, 0), not_held.get(called, 0))

        def gate(one: GateRule) -> GateBits:
            given = [(name, operand) for name, operand in one.gate.condition.items() if name != "always"]
            of_payload = tuple(operator(one.gate.id, *part) for part in given if part[0] not in FACT_OPERATORS)
            of_facts = tuple(operator(one.gate.id, *part) for part in given if part[0] in FACT_OPERATORS)
            asked, parts = one.gate.required_approval if one.gate.type == "approval" else None, (*of_payload, *of_facts)
            hold, leave = _either(one.held for one in parts), _either(one.not_held for one in parts)
            may = self._ways(asked)
            # Of a single operator it is known how it must be for the gate to let a request through.
            sure = one.gate.type == "decision" and not one.gate.required_artifacts and len(parts) == 1
            when_passed = passed.get(one.gate.id, 0) | may[0] | leave | (0 if sure else hold)
            return GateBits(
                passed.get(one.gate.id, 0),
                of_payload,
                of_facts,
                asked,
                when_passed & ~index.impossible,
                (hold | leave | may[1]) & ~index.impossible,
            )

        self._actions = {name: self._action(rule, tuple(map(gate, rule.gates))) for name, rule in rules.actions.items()}
        #: What is behind the answers so far.
        self.behind = 0

    @classmethod
    def of(cls, pack: Pack, rules: Rules, *, sums: bool = False) -> Chart:
        """The chart of a pack that is ready to decide."""
        return cls(Index.of(points_of(pack.profile, pack.hooks, pack.manifest, pack.schemas)), rules, sums=sums)

    @property
    def rules(self) -> Rules:
        """What decides."""
        return self._bits.rules

    def _action(self, rule: ActionRule, gates: tuple[GateBits, ...]) -> _Action:
        passed, stopped = 0, []
        for gate in gates:
            stopped.append(passed | gate.when_stopped)
            passed |= gate.when_passed
        ways = [self._ways(approval) for approval in rule.approvals or ()]
        possible = ~self.index.impossible
        given, lacking = _either(one for one, _ in ways) & possible, _either(one for _, one in ways) & possible
        refused = _either(self._bits.refused(kind.id) for kind in rule.produces) & possible
        return _Action(rule, gates, passed | given, tuple(stopped), passed | lacking | refused)

    def _ways(self, asked: RequiredApproval | None) -> tuple[int, int]:
        """The bits of an approval that is there, and of one that is lacking."""
        if asked is None:
            return 0, 0
        return self._bits.approval(asked, "given"), self._bits.approval(asked, "denied") | self._bits.approval(
            asked, "missing"
        )

    def seen(
        self,
        steps: Sequence[StepResult],
        environment: Environment,
        approvals: Iterable[Approval] = (),
        classes: Iterable[str] = (),
        results: Mapping[int, Results] | None = None,
    ) -> int:
        """The bits of what one scenario shows; for sums also what was behind the answers of those before it.

        The run began with ``approvals``. ``results`` has for the index of each step what its hooks gave; None where a
        control of the team's own decided, of which only the answers are known.
        """
        mask, taken = 0, list(approvals)
        if not self._sums:
            self.behind = 0
        for name in classes:
            mask |= self._classes.get(name, 0)
        for step in steps:
            request, response = step.request, step.response
            if request is UNSET:
                mask |= self._observed.steps((step,))
                if step.approval is not UNSET and step.verdict == "passed":
                    taken.append(step.approval)
                continue
            mask |= self._observed.answer(request, response)
            action = self._actions.get(request.action)
            if action is not None and response is not UNSET and self._may_show(action, response):
                gave = None if results is None else results.get(step.index, ())
                step_bits = self._bits, action.rule, action.gates, request, response
                behind = Behind(*step_bits, taken, gave, environment, self.behind).seen()
                self.behind |= behind
        return mask | self.behind

    def _may_show(self, action: _Action, response: Response) -> bool:
        """Whether something may be behind an answer that this process has not seen yet."""
        if response.status == "ok":
            may = action.when_allowed
        elif response.gate_id is UNSET:
            may = action.otherwise
        else:
            at = self._bits.position(response.gate_id)
            may = action.when_stopped[at] if at is not None and at < len(action.gates) else 0
        return bool(may & ~self.behind) and decided(response)


def _either(bits: Iterable[int]) -> int:
    return reduce(or_, bits, 0)
