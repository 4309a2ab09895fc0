"""A probe as a scenario: steps with names, and for each request the answer that came back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.analysis.drafts.observe import expectation_of, literal
from pytest_fluxscenario.analysis.drafts.search import Found
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.model.request import Approval, Given
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.scenario import DRAFTED, Approve, Scenario, Step

#: What the id of a draft begins with, and so its file: no scenario class does.
PREFIX: Final = "draft-"
_NO_ID: Final = re.compile(r"[^a-z0-9._]+")
_LONGEST: Final = 100


def scenario_id(target: str) -> str:
    """The id of the draft for a target."""
    return PREFIX + _NO_ID.sub("-", target.lower()).strip("-.")[:_LONGEST]


def scenario_of(name: str, description: str, profile: Profile, found: Found) -> Scenario:
    """The scenario that a probe is, waiting for its review."""
    probe = found.probe
    steps = [
        *(Step(f"{_by(one)} {_DOES[one.decision]} {one.scope}", approve=_literal(one)) for one in probe.approvals),
        *_requests(found),
    ]
    return Scenario(
        name,
        profile.id,
        profile.version,
        tuple(_named_apart(steps)),
        description=description,
        skip=DRAFTED,
        environment=probe.environment,
        given=Given(probe.given) if probe.given else None,
    )


def comments_of(profile: Profile, profile_hash: str) -> tuple[str, ...]:
    """What stands above a draft."""
    return (
        f"Drafted by fluxrig from the profile {profile.id} {profile.version} ({profile_hash}).",
        "It says what the rules do. Whether they should, only you can say: review each expectation, give the scenario",
        "a name of its own, and take out the line 'skip', without which it runs with the suite.",
    )


_DOES: Final = {"approved": "approves", "denied": "denies"}


def _by(approval: Approval) -> str:
    return approval.by or approval.role


def _literal(approval: Approval) -> Approve:
    return msgspec.convert(literal(msgspec.to_builtins(approval)), Approve)


def _requests(found: Found) -> Iterator[Step]:
    for at, (ask, response) in enumerate(zip(found.probe.asks, found.answered.responses, strict=True)):
        request = ask.request
        yield Step(
            f"{shown(ask.action, 80)} {_comes_to(response, first=at == 0)}",
            literal(ask.action),
            msgspec.convert(literal(msgspec.to_builtins(request.actor)), type(request.actor)),
            literal(ask.payload),
            ask.key,
            expectation_of(response),
            faults=dict(ask.faults) or None,
        )


def _comes_to(response: Response, *, first: bool) -> str:
    """What became of a request, in words."""
    if response.idempotent_replay:
        return "again is answered as before"
    if response.idempotency_conflict is True:
        return "with a key that was used is refused"
    if response.status == "ok":
        return "completes the run" if response.completion_report_exists and first else "is allowed"
    if response.gate_id is not UNSET:
        calls = response.hook_calls
        why = f", as {calls[-1].hook_id} fails" if calls and calls[-1].status != "ok" else ""
        return f"is stopped by {response.gate_id}{why}"
    return "is refused"


def _named_apart(steps: list[Any]) -> Iterator[Step]:
    """The steps, each with a name of its own: names tell them apart in reports."""
    seen: dict[str, int] = {}
    for step in steps:
        number = seen[step.name] = seen.get(step.name, 0) + 1
        yield step if number == 1 else msgspec.structs.replace(step, name=f"{step.name} ({number})")
