"""Idempotency keys: what was decided under one comes back the same, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec

from pytest_fluxscenario.analysis.proof.findings import Finding, Findings
from pytest_fluxscenario.analysis.proof.untried import Untried
from pytest_fluxscenario.analysis.space.answers import UndecidedError
from pytest_fluxscenario.analysis.space.explore import Explorer
from pytest_fluxscenario.analysis.space.states import Outcome, Visit
from pytest_fluxscenario.analysis.space.watched import Reads, watch
from pytest_fluxscenario.control.state import Effects, Run
from pytest_fluxscenario.model.response import replayed

KEY = "key-1"
#: What the payload has more in the request that is a conflict.
OTHER_KEY = "sent_under_the_same_key"


@dataclass(slots=True)
class Replay:
    """Sends each distinct decision under a key, again, and something else under the same key.

    A replay may depend on nothing but the answer that is stored; that it reads nothing else of the run is checked, so
    that one state stands for all in which the answer is given.
    """

    explorer: Explorer
    findings: Findings
    _untried: Untried = field(init=False)

    def __post_init__(self) -> None:
        self._untried = Untried(self.explorer)

    def check(self, visit: Visit) -> None:
        """Try the decisions of one state that were not tried before."""
        for outcome in self._untried.of(visit):
            message = self._fault(self.explorer.run(visit.node), outcome)
            if message and self.findings.open("replay"):
                moves = self.explorer.path(visit.node, outcome)
                self.findings.add(Finding("replay", message, moves, keyed=True))

    def _fault(self, run: Run, outcome: Outcome) -> str:
        """What is wrong with the replay of one decision; empty where nothing is."""
        space = self.explorer.space
        request = msgspec.structs.replace(outcome.ask.request, idempotency_key=KEY)
        action, role = request.action, request.actor.role
        if role == "approver" or role not in space.profile.roles:
            # Refused before the key is looked at: such a request must not use it up (control.md, 2).
            return ""
        first = space.decider.with_said(outcome.said).decide(run, request, space.now)
        if first.response.status == "error":
            return ""
        self.findings.count("replay")
        run.apply(first.effects)
        reads = Reads()
        silent = space.decider.with_said(())
        try:
            again = silent.decide(watch(run, reads), request, space.now)
        except UndecidedError:
            return f"{action}, sent again under its key, calls a hook again"
        if again.response != replayed(first.response):
            return f"{action}, sent again under its key, is answered otherwise"
        if _after(run, again.effects) != run:
            return f"{action}, sent again under its key, changes the run again"
        if reads.types or reads.every_type or reads.approvals:
            return f"{action}, sent again under its key, is decided again: it looks at what the run holds"
        payload = {**request.payload, OTHER_KEY: True}
        other = msgspec.structs.replace(request, payload=payload)
        try:
            conflict = silent.decide(run, other, space.now)
        except UndecidedError:
            return f"another payload of {action} under the same key calls a hook"
        answer = conflict.response
        if answer.status != "nok" or answer.route != "Blocked" or answer.idempotency_conflict is not True:
            return f"another payload of {action} under the same key is no conflict"
        if conflict.effects.records or conflict.effects.completes or conflict.effects.key is not None:
            return f"a conflict over the key of {action} changes the run"
        return ""


def _after(run: Run, effects: Effects) -> Run:
    """A copy of a run to which that was done."""
    copy = replace(run, artifacts=dict(run.artifacts), approvals=list(run.approvals), answers=dict(run.answers))
    copy.apply(effects)
    return copy
