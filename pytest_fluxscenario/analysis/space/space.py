"""Everything that can be done to a run of one process, as far as its rules can tell it apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pytest_fluxscenario.analysis.space.answers import AnyHooks, Decider, Hooks, RealHooks
from pytest_fluxscenario.analysis.space.approvals import grants_of
from pytest_fluxscenario.analysis.space.examples import Examples
from pytest_fluxscenario.analysis.space.payloads import ActionPayloads, payloads_of
from pytest_fluxscenario.analysis.space.watched import RUN_ID
from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.base.values import ABSENT, lookup
from pytest_fluxscenario.control.approvals import approval_record
from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.control.state import ApprovalRecord, Run
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.model.request import Actor, Approval, Environment, Request
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION
from pytest_fluxscenario.runtimes.port import HookRuntime

#: A role and an action that no process has.
STRANGER: Final = "stranger"
UNKNOWN_ACTION: Final = "no.such.action"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that the rules can tell from the others."""

    number: int
    request: Request


@dataclass(frozen=True)
class Space:
    """The moves of a process: requests, action by action, and approvals by the trusted surface.

    The environment is fixed as the manifest's, and the clock stands still.
    """

    rules: Rules
    decider: Decider
    now: datetime
    #: Action to its requests; the contract and an action that nobody declares are among them.
    asks: Mapping[str, tuple[Ask, ...]]
    grants: tuple[Approval, ...]
    #: The grants as records.
    records: tuple[ApprovalRecord, ...]
    #: What was found to send for each action.
    payloads: Mapping[str, ActionPayloads]
    #: The types that a gate or the completion asks for: of the others nothing is ever read.
    types: tuple[str, ...]

    @property
    def profile(self) -> Profile:
        """The profile that is explored."""
        return self.rules.profile

    def with_hooks(self, runtime: HookRuntime) -> Space:
        """The same moves, with hooks that are called for real."""
        return replace(self, decider=replace(self.decider, hooks=RealHooks(runtime)))


def space_of(
    rules: Rules,
    examples: Examples | None = None,
    schemas: Mapping[str, dict[str, Any]] | None = None,
    hooks: Hooks | None = None,
    until: float = math.inf,
) -> Space:
    """The space of a process with its rules made ready; hooks may say anything unless others are given.

    ``examples`` are payloads of its suite, ``schemas`` those of its artifact types. Of what is not made by ``until``
    (``base.clock.seconds``) each action has an example at least. Raises ProfileError where a schema
    takes too long to check.
    """
    examples = examples or Examples()
    requires = rules.manifest.requires
    payloads = {
        name: payloads_of(rules, rule, examples.of(name), schemas or {}, until) for name, rule in rules.actions.items()
    }
    numbers: Iterator[int] = iter(range(1 << 60))
    asks = {
        name: tuple(Ask(next(numbers), request) for request in _requests(rules, name, payloads[name]))
        for name in rules.actions
    }
    for name in (CONTRACT_ACTION, UNKNOWN_ACTION):
        asks[name] = tuple(Ask(next(numbers), _request(name, role, {})) for role in _senders(rules)[:1])
    now = StandingClock().now()
    grants = grants_of(rules.profile, {name: _scopes(one) for name, one in payloads.items()})
    empty = Run(RUN_ID, rules.profile.id, rules.profile.version, rules.profile_hash)
    return Space(
        rules,
        Decider(rules, Environment(requires.capabilities, requires.connectors), hooks or AnyHooks.of(rules)),
        now,
        asks,
        grants,
        tuple(approval_record(empty, one, now) for one in grants),
        payloads,
        _types(rules.profile),
    )


def _senders(rules: Rules) -> list[str]:
    return [role for role in rules.profile.roles if role != "approver"]


def _requests(rules: Rules, action: str, payloads: ActionPayloads) -> Iterator[Request]:
    """Every payload from each role that may ask; from the others, which are refused before it is looked at, one."""
    allowed = rules.actions[action].roles
    ordinary = payloads.payloads[0] if payloads.payloads else {}
    for role in _senders(rules):
        for payload in payloads.payloads if role in allowed else (ordinary,):
            yield _request(action, role, payload)
    for role in ("approver", STRANGER):
        yield _request(action, role, ordinary)


def _request(action: str, role: str, payload: dict[str, Any]) -> Request:
    return Request(action, Actor(f"{role}-1", role), payload, RUN_ID)


def _scopes(payloads: ActionPayloads) -> list[dict[str, Any]]:
    """The scope values that are sent, without those that lack one; the most ordinary first."""
    found: dict[bytes, dict[str, Any]] = {}
    for payload in payloads.payloads:
        scope = {path: lookup(payload, path) for path in payloads.scope}
        if scope and not any(value in (ABSENT, None, "", [], {}) for value in scope.values()):
            found.setdefault(canonical(scope), scope)
    return list(found.values())


def _types(profile: Profile) -> tuple[str, ...]:
    asked = {name for gate in profile.gates for name in gate.required_artifacts}
    asked.update(profile.completion_report.required)
    return tuple(kind.id for kind in profile.artifact_types if kind.id in asked)
