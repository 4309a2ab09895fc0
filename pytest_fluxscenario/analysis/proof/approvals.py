"""The approval that counts is the newest that speaks of the request; nothing else is one.

The states tell apart what approvals are worth by the specification's words. Whether the engine sees them so is tried
here. Where a request waits for an approval, one of every kind is recorded, and it is asked again; where it is allowed,
two are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from msgspec import UNSET

from pytest_fluxscenario.analysis.proof.findings import Finding, Findings
from pytest_fluxscenario.analysis.proof.reading import Reading
from pytest_fluxscenario.analysis.proof.untried import Untried
from pytest_fluxscenario.analysis.space.answers import UndecidedError
from pytest_fluxscenario.analysis.space.approvals import Need, foreign_to
from pytest_fluxscenario.analysis.space.explore import Explorer
from pytest_fluxscenario.analysis.space.states import Granted, Outcome, Visit
from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.control.approvals import approval_record
from pytest_fluxscenario.model.request import Approval
from pytest_fluxscenario.model.response import Response


@dataclass(slots=True)
class Approvals:
    """Tries each request that needs approvals where it is first allowed, and where it first waits for each of them."""

    explorer: Explorer
    reading: Reading
    findings: Findings
    _untried: Untried = field(init=False)

    def __post_init__(self) -> None:
        self._untried = Untried(self.explorer)

    def check(self, visit: Visit) -> None:
        """Try the requests of one state that were not tried before."""
        for outcome in self._untried.of(visit, _asks):
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
        for more in _histories(needs, space.grants, 2 if outcome.response.status == "ok" else 1):
            run.approvals = [*before, *(approval_record(run, one, space.now) for one in more)]
            try:
                response = engine.decide(run, outcome.ask.request, space.now).response
            except UndecidedError:
                # It asks for a hook that was not asked before: another question, with other answers.
                continue
            self.findings.count("approvals")
            met = all(need.met([*given, *more], space.now) for need in needs)
            # One that waited may be stopped by something else, once it has its approval.
            waits = response.required_approval is not UNSET or outcome.response.status == "ok"
            if (response.status == "ok" and not met) or (response.status != "ok" and met and waits):
                self._add(visit, outcome, response, more)

    def _add(self, visit: Visit, outcome: Outcome, response: Response, more: tuple[Approval, ...]) -> None:
        newest = more[-1]
        what = f"'{newest.scope}' by '{newest.role}', {newest.decision}{', expired' if newest.expires_at else ''}"
        what += ", for no values" if newest.values is None else f", for {shown(canonical(newest.values).decode(), 200)}"
        moves = (*self.explorer.path(visit.node), *(Granted(-1, one) for one in more), outcome)
        action = outcome.ask.request.action
        if response.status != "ok":
            message = f"{action} waits for an approval that it has (recorded last: {what})"
            self.findings.add(Finding("approvals", message, moves))
            return
        message = f"{action} is allowed, although the newest approval that speaks of it is none (recorded last: {what})"
        of_route = {"Complete": "completion", "MaterializeAllowed": "materialization"}.get(response.route or "")
        for name in ("approvals", of_route):
            if name is not None:
                self.findings.add(Finding(name, message, moves))


def _histories(needs: list[Need], grants: tuple[Approval, ...], most: int) -> Iterator[tuple[Approval, ...]]:
    """One more approval of each kind, then as many as ``most``."""
    asked = {(one.role, one.scope): one for need in needs for one in need.asked}
    own = [one for one in grants if (one.role, one.scope) in asked]
    values = [need.scope for need in needs if need.scope is not None]
    foreign = [one for need in asked.values() for one in foreign_to(need, values[0] if values else None)]
    kinds = (*own, *foreign)
    for count in range(1, most + 1):
        yield from product(kinds, repeat=count)


def _asks(outcome: Outcome) -> bool:
    return outcome.response.status == "ok" or outcome.response.required_approval is not UNSET
