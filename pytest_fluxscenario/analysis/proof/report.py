"""A proof as a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pytest_fluxscenario.analysis.proof.counterexample import Counterexample, Sent
from pytest_fluxscenario.analysis.proof.findings import PROPERTIES
from pytest_fluxscenario.analysis.proof.guarantees import Guarantee
from pytest_fluxscenario.analysis.proof.prove import Proof
from pytest_fluxscenario.analysis.space.answers import RealHooks
from pytest_fluxscenario.model.proof import (
    CounterexampleReport,
    GuaranteeReport,
    ProofReport,
    ProofStep,
    PropertyReport,
)
from pytest_fluxscenario.model.request import Approval
from pytest_fluxscenario.model.response import RequiredApproval


def report_of(
    proof: Proof,
    counterexamples: Mapping[str, Counterexample],
    files: Mapping[str, str],
    unread: tuple[str, ...] = (),
) -> ProofReport:
    """The report; ``counterexamples`` and the ``files`` that they were written to are by property."""
    explorer = proof.explorer
    space, bounds = explorer.space, explorer.bounds
    return ProofReport(
        process_id=space.profile.id,
        process_version=space.profile.version,
        profile_hash=space.rules.profile_hash,
        verdict=proof.verdict,
        gaps=proof.gaps,
        states=proof.states,
        requests=proof.requests,
        decided=explorer.decided,
        max_states=bounds.states,
        max_seconds=bounds.seconds,
        max_depth=bounds.depth,
        hooks="real" if isinstance(space.decider.hooks, RealHooks) else "any",
        properties=tuple(
            PropertyReport(
                name,
                says,
                proof.verdict_of(name),
                proof.findings.checked[name],
                _counterexample(counterexamples[name], files.get(name, "")) if name in counterexamples else None,
            )
            for name, says in PROPERTIES.items()
        ),
        guarantees=tuple(_guarantee(one) for one in proof.guarantees),
        silent_gates=proof.silent_gates,
        closed_actions=proof.closed_actions,
        unread=unread,
    )


def approval_name(asked: RequiredApproval) -> str:
    """An approval that is asked for, as reports name it."""
    return f"{asked.role}/{asked.scope}"


def _counterexample(one: Counterexample, file: str) -> CounterexampleReport:
    steps = tuple(_step(sent) for sent in one.sent)
    return CounterexampleReport(one.finding.message, steps, one.runs, one.assumed, file)


def _step(sent: Sent) -> ProofStep:
    what = sent.what
    if isinstance(what, Approval):
        said: dict[str, Any] = msgspec.to_builtins(what)
        return ProofStep("approve", what.role, approval={"decision": what.decision, **said})
    response = sent.response
    hooks = {one.hook: "fails" if one.failed else one.outcome.result for one in sent.said}
    return ProofStep(
        what.action,
        what.actor.role,
        payload=what.payload,
        hooks=hooks,
        status=response.status if response is not None else "",
        route=(response.route or "") if response is not None else "",
        gate_id=(response.gate_id or "") if response is not None else "",
    )


def _guarantee(one: Guarantee) -> GuaranteeReport:
    return GuaranteeReport(
        one.action,
        one.route,
        tuple(approval_name(asked) for asked in one.always),
        tuple(approval_name(asked) for asked in one.sometimes),
        one.artifacts,
    )
