"""Whatever is allowed was allowed rightly: each answer in each state, held against what the profile's text demands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_fluxscenario.analysis.proof.findings import Finding, Findings
from pytest_fluxscenario.analysis.proof.reading import Demand, Reading
from pytest_fluxscenario.analysis.space.explore import Explorer
from pytest_fluxscenario.analysis.space.states import Outcome, Visit
from pytest_fluxscenario.base.text import shown

#: What a demand is of, to the property that it belongs to.
_PROPERTY = {
    "gate": "gates",
    "role": "gates",
    "environment": "gates",
    "admission": "admission",
    "completion": "completion",
    "materialization": "materialization",
}


@dataclass(frozen=True, slots=True)
class _Allowed:
    """One allowed request, with what it demands of the state as masks."""

    outcome: Outcome
    types: int
    needs: int
    #: What no state can give; None where there is no such demand.
    never: Demand | None


@dataclass(slots=True)
class Safety:
    """Checks the answers of every state."""

    explorer: Explorer
    reading: Reading
    findings: Findings
    #: By the identity of a group of outcomes, which is shared by all states that cannot differ: what it allows.
    _allowed: dict[int, tuple[_Allowed, ...]] = field(default_factory=dict)

    def check(self, visit: Visit) -> None:
        """Check all answers of one state."""
        node = visit.node
        for outcomes in visit.outcomes.values():
            known = self._allowed.get(id(outcomes))
            if known is None:
                known = self._allowed[id(outcomes)] = self._first(visit, outcomes)
            for one in known:
                self._count(one.outcome)
                if one.never is not None or node.held & one.types != one.types or node.met & one.needs != one.needs:
                    self._refute(visit, one)

    def _first(self, visit: Visit, outcomes: tuple[Outcome, ...]) -> tuple[_Allowed, ...]:
        """What is the same in every state with these answers, checked once; and what has to be checked in each."""
        found: dict[tuple[int, int, str], _Allowed] = {}
        for outcome in outcomes:
            self._check_role(visit, outcome)
            self._check_effects(visit, outcome)
            if visit.node.completed:
                self._check_completed(visit, outcome)
            elif outcome.response.status == "ok" and outcome.ask.request.action in self.explorer.space.rules.actions:
                one = self._demanded(outcome)
                # The routes that matter most are kept apart: what is said of them must not hide behind another.
                key = one.types, one.needs, f"{one.never} {outcome.response.route}"
                found.setdefault(key, one)
        return tuple(found.values())

    def _demanded(self, outcome: Outcome) -> _Allowed:
        types = needs = 0
        never: Demand | None = None
        for demand in self.reading.demands(outcome):
            types |= self.explorer.mask(demand.types)
            if demand.approval is not None:
                needs |= 1 << self._need(outcome, demand)
            if demand.never and never is None:
                never = demand
        return _Allowed(outcome, types, needs, never)

    def _need(self, outcome: Outcome, demand: Demand) -> int:
        gate = None if demand.approval == "real" and demand.source == "materialization" else demand.approval
        return self.explorer.needs.bits[outcome.ask.number, gate]

    def _count(self, outcome: Outcome) -> None:
        self.findings.count("gates")
        if outcome.response.route == "Complete":
            self.findings.count("completion")
        if outcome.response.route == "MaterializeAllowed":
            self.findings.count("materialization")

    def _refute(self, visit: Visit, one: _Allowed) -> None:
        """Say which demand is not met, as a finding against its property, and against that of the route."""
        held = self.explorer.held(visit.node)
        for demand in self.reading.demands(one.outcome):
            lacking = sorted(demand.types - held)
            unmet = demand.approval is not None and not visit.node.met >> self._need(one.outcome, demand) & 1
            if not (demand.never or lacking or unmet):
                continue
            for name in self._properties(demand, one.outcome):
                self._add(name, visit, one.outcome, _said(demand, lacking, one.outcome))

    def _properties(self, demand: Demand, outcome: Outcome) -> Iterator[str]:
        yield _PROPERTY[demand.source]
        if demand.source == "gate" and outcome.response.route == "Complete":
            yield "completion"
        if outcome.response.route == "MaterializeAllowed":
            yield "materialization"

    def _check_role(self, visit: Visit, outcome: Outcome) -> None:
        role, response = outcome.ask.request.actor.role, outcome.response
        if role != "approver" and role in self.explorer.space.profile.roles:
            return
        self.findings.count("roles")
        if response.status != "nok" or response.route != "Blocked":
            self._add(
                "roles", visit, outcome, f"a request of the role '{shown(role, 80)}' is answered {_seen(outcome)}"
            )

    def _check_effects(self, visit: Visit, outcome: Outcome) -> None:
        effects, response = outcome.decision.effects, outcome.response
        kinds = tuple(record.type for record in effects.records)
        if response.status != "ok":
            self.findings.count("refusals")
            if kinds or effects.completes:
                what = f"records {', '.join(kinds)}" if kinds else "completes the run"
                self._add("refusals", visit, outcome, f"a request that is answered {_seen(outcome)} {what}")
            return
        self.findings.count("admission")
        rule = self.explorer.space.rules.actions.get(outcome.ask.request.action)
        action = rule.action if rule is not None else None
        produces = action.produces_artifacts if action is not None else ()
        if kinds != produces or (response.created_artifact_types or ()) != kinds:
            said = ", ".join(kinds) or "nothing"
            self._add("admission", visit, outcome, f"{outcome.ask.request.action} records {said}")
        completes = action is not None and action.completes_run
        if effects.completes != completes or (response.route == "Complete") != completes:
            self._add("completion", visit, outcome, f"{outcome.ask.request.action} is answered {_seen(outcome)}")
        real = action is not None and action.materialization_mode == "real" and not completes
        if (response.route == "MaterializeAllowed") != real:
            self._add("materialization", visit, outcome, f"{outcome.ask.request.action} is answered {_seen(outcome)}")

    def _check_completed(self, visit: Visit, outcome: Outcome) -> None:
        self.findings.count("completed")
        response = outcome.response
        if response.status != "nok" or response.route != "Blocked" or outcome.decision.effects.records:
            message = f"after completion {outcome.ask.request.action} is answered {_seen(outcome)}"
            self._add("completed", visit, outcome, message)

    def _add(self, name: str, visit: Visit, outcome: Outcome, message: str) -> None:
        if self.findings.open(name):
            self.findings.add(Finding(name, message, self.explorer.path(visit.node, outcome)))


def _said(demand: Demand, lacking: list[str], outcome: Outcome) -> str:
    allowed = f"{outcome.ask.request.action} is allowed ({_seen(outcome)})"
    if demand.never:
        return f"{allowed}, although {demand.never}"
    by = "the completion report" if demand.source == "completion" else f"the gate '{demand.name}'"
    if lacking:
        return f"{allowed} without {', '.join(lacking)}, which {by} requires"
    if demand.source == "materialization":
        return f"{allowed} without an approval of exactly these scope values"
    return f"{allowed} without the approval that {by} requires"


def _seen(outcome: Outcome) -> str:
    response = outcome.response
    return f"{response.status} {response.route}" if response.route else response.status
