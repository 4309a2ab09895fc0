"""Idempotency keys (control.md, 3): the same request gives the stored answer again, another one is a conflict."""

from __future__ import annotations

from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.control.answers import Decision, refuse
from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.control.state import NO_EFFECTS, Effects, Run, StoredAnswer
from pytest_fluxscenario.model.request import Request
from pytest_fluxscenario.model.response import replayed


def fingerprint(request: Request) -> str:
    """The hash of the canonical JSON of what the request asks: action, actor, payload."""
    return canonical_ref({"action": request.action, "actor": request.actor, "payload": request.payload})


def earlier_answer(rules: Rules, run: Run, request: Request) -> Decision | None:
    """The stored answer or the conflict; None where the key is new, or there is none."""
    key = request.idempotency_key
    if key is None or key not in run.answers:
        return None
    stored = run.answers[key]
    if stored.fingerprint == fingerprint(request):
        return Decision(replayed(stored.response), NO_EFFECTS)
    reason = "The idempotency key was used before in this run, for another request."
    instruction = "Send the first request unchanged to see its answer again, or use a new key."
    return refuse(rules, run, "Blocked", reason, instruction, idempotency_conflict=True)


def remember(decision: Decision, request: Request) -> Decision:
    """The decision with the order to store it under the request's key; an ``error`` is not stored."""
    key = request.idempotency_key
    if key is None or decision.response.status == "error":
        return decision
    effects = decision.effects
    stored = StoredAnswer(fingerprint(request), decision.response)
    return Decision(
        decision.response, Effects(effects.records, effects.completes, effects.decides, key=key, stored=stored)
    )
