"""The whole proof: every state is visited once, and every property is checked there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pytest_fluxscenario.analysis.proof.approvals import Approvals
from pytest_fluxscenario.analysis.proof.deadends import check_dead_ends
from pytest_fluxscenario.analysis.proof.findings import PROPERTIES, Findings
from pytest_fluxscenario.analysis.proof.guarantees import Guarantee, guarantees_of
from pytest_fluxscenario.analysis.proof.reading import Reading
from pytest_fluxscenario.analysis.proof.replay import Replay
from pytest_fluxscenario.analysis.proof.safety import Safety
from pytest_fluxscenario.analysis.space.explore import Explorer
from pytest_fluxscenario.analysis.space.states import Outcome, Visit
from pytest_fluxscenario.base.text import shown

#: ``undecided``: nothing was found, and not everything was looked at. Never to be taken for a proof.
Verdict = Literal["proved", "refuted", "undecided"]


@dataclass(frozen=True)
class Proof:
    """What came of it."""

    explorer: Explorer
    findings: Findings
    #: Why this is no proof, where nothing was found: bounds that were met, and requests that could not be made.
    gaps: tuple[str, ...]
    guarantees: tuple[Guarantee, ...]
    #: Gates that no request meets, and actions that are never allowed; nothing is said where there are gaps.
    silent_gates: tuple[str, ...]
    closed_actions: tuple[str, ...]
    #: States, and requests in them.
    states: int
    requests: int

    def verdict_of(self, name: str) -> Verdict:
        """The verdict on one property."""
        if name in self.findings.found:
            return "refuted"
        return "undecided" if self.gaps else "proved"

    @property
    def verdict(self) -> Verdict:
        """Refuted where one property is; proved where all are."""
        verdicts = {self.verdict_of(name) for name in PROPERTIES}
        return "refuted" if "refuted" in verdicts else "undecided" if "undecided" in verdicts else "proved"


def prove(explorer: Explorer) -> Proof:
    """Check every property in every state of a space. Raises ProfileError where a schema takes too long to check."""
    findings = Findings()
    reading = Reading(explorer.space.rules)
    checks = (
        Safety(explorer, reading, findings),
        Approvals(explorer, reading, findings),
        Replay(explorer, findings),
    )
    visits: list[Visit] = []
    for visit in explorer.visits():
        visits.append(visit)
        for check in checks:
            check.check(visit)
    unsure = any(not one.admissible or not one.complete for one in explorer.space.payloads.values())
    aside = Findings() if unsure else findings
    # Where no request could be made of an action, that nothing leads on says nothing.
    check_dead_ends(explorer, visits, aside)
    findings.checked["dead-ends"] = aside.checked["dead-ends"]
    gaps = tuple(_gaps(explorer))
    return Proof(
        explorer,
        findings,
        gaps,
        () if explorer.stopped else guarantees_of(explorer, visits),
        # A request that was not made may be the one that meets the gate, or that the rules allow.
        () if gaps else _silent_gates(explorer, visits),
        () if gaps else _closed_actions(explorer, visits),
        len(visits),
        sum(len(outcomes) for visit in visits for outcomes in visit.outcomes.values()),
    )


def _gaps(explorer: Explorer) -> Iterable[str]:
    if explorer.stopped:
        yield f"stopped at {explorer.stopped}"
    for action, payloads in explorer.space.payloads.items():
        if not payloads.admissible:
            yield f"no payload was found that {shown(action, 80)} admits: add a scenario that sends one"
        elif not payloads.complete:
            yield f"not every combination of what the gates before {shown(action, 80)} look at was sent"
    for hook, why in sorted(explorer.space.decider.hooks.gaps.items()):
        yield f"the hook {shown(hook, 80)} {shown(why, 300)}"


def _silent_gates(explorer: Explorer, visits: Iterable[Visit]) -> tuple[str, ...]:
    fired = {one.response.gate_id for outcomes in _groups(visits) for one in outcomes}
    return tuple(gate.id for gate in explorer.space.profile.gates if gate.id not in fired)


def _closed_actions(explorer: Explorer, visits: Iterable[Visit]) -> tuple[str, ...]:
    open_ = {one.ask.request.action for outcomes in _groups(visits) for one in outcomes if one.response.status == "ok"}
    return tuple(action.id for action in explorer.space.profile.actions if action.id not in open_)


def _groups(visits: Iterable[Visit]) -> Iterable[tuple[Outcome, ...]]:
    """The groups of outcomes, each once."""
    return {id(outcomes): outcomes for visit in visits for outcomes in visit.outcomes.values()}.values()
