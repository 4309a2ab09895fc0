"""The approval that counts is the newest that speaks of the request; nothing else is one.

The states tell apart what approvals are worth by the specification's words. Whether the engine sees them so is tried
here: where a request is allowed, one and two more approvals of every kind are recorded, and it is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from pytest_fluxscenario.analysis.proof.findings import Finding, Findings
from pytest_fluxscenario.analysis.proof.reading import Reading
from pytest_fluxscenario.analysis.space.answers import UndecidedError
from pytest_fluxscenario.analysis.space.approvals import Need, foreign_to
from pytest_fluxscenario.analysis.space.explore import Explorer, Granted, Outcome, Visit
from pytest_fluxscenario.control.approvals import approval_record
from pytest_fluxscenario.model.request import Approval


@dataclass(slots=True)
class Approvals:
    """Tries each request that needs approvals, where it is allowed for the first time."""

    explorer: Explorer
    reading: Reading
    findings: Findings
    _tried: set[int] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)

    def check(self, visit: Visit) -> None:
        """Try the requests of one state that were not tried before."""
        for outcomes in visit.outcomes.values():
            if id(outcomes) in self._seen:
                continue
            self._seen.add(id(outcomes))
            for outcome in outcomes:
                if outcome.response.status == "ok" and id(outcome) not in self._tried:
                    self._tried.add(id(outcome))
                    self._try(visit, outcome)

    def _try(self, visit: Visit, outcome: Outcome) -> None:
        explorer, space = self.explorer, self.explorer.space
        needs = [
            explorer.needs.of(outcome.ask.number, None if one.source == "materialization" else one.approval)
            for one in self.reading.demands(outcome)
            if one.approval is not None
        ]
        if not needs:
            return
        given = [space.grants[number] for number in visit.node.grants]
        engine = space.decider.with_said(outcome.said)
        run = explorer.run(visit.node)
        before = run.approvals
        for more in _histories(needs, space.grants):
            run.approvals = [*before, *(approval_record(run, one, space.now) for one in more)]
            try:
                response = engine.decide(run, outcome.ask.request, space.now).response
            except UndecidedError:
                # It asks for a hook that was not asked before: another question, with other answers.
                continue
            self.findings.count("approvals")
            met = all(need.met([*given, *more], space.now) for need in needs)
            if (response.status == "ok") != met:
                self._add(visit, outcome, more, met=met)

    def _add(self, visit: Visit, outcome: Outcome, more: tuple[Approval, ...], *, met: bool) -> None:
        if not self.findings.open("approvals"):
            return
        action = outcome.ask.request.action
        newest = more[-1]
        what = f"'{newest.scope}' by '{newest.role}', {newest.decision}{', expired' if newest.expires_at else ''}"
        message = (
            f"{action} waits for an approval that it has (the newest: {what})"
            if met
            else f"{action} is allowed, although the newest approval that speaks of it is none (recorded last: {what})"
        )
        granted = [Granted(-1, one) for one in more]
        moves = (*self.explorer.path(visit.node), *granted, outcome)
        self.findings.add(Finding("approvals", message, moves))


def _histories(needs: list[Need], grants: tuple[Approval, ...]) -> Iterator[tuple[Approval, ...]]:
    """One more approval of each kind, then two."""
    asked = {(one.role, one.scope): one for need in needs for one in need.asked}
    own = [one for one in grants if (one.role, one.scope) in asked]
    values = [need.scope for need in needs if need.scope is not None]
    foreign = [one for need in asked.values() for one in foreign_to(need, values[0] if values else None)]
    kinds = (*own, *foreign)
    yield from ((one,) for one in kinds)
    yield from product(kinds, repeat=2)
