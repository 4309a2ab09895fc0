"""One thing to try on a process: what a run starts with, what is approved in it, and what is asked for then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pytest_fluxscenario.analysis.mutation.variations import AS_IT_IS, Variation
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.model.request import Actor, Approval, Environment, Given, GivenArtifact, Request
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.runner.run import RUN_ID
from pytest_fluxscenario.runtimes.faulted import FaultedHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime

#: Hook and kind of failure.
Faults = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, and the hooks whose calls fail while it is decided."""

    action: str
    role: str
    payload: dict[str, Any]
    key: str | None = None
    faults: Faults = ()

    @property
    def request(self) -> Request:
        """The request."""
        return Request(self.action, Actor(f"{self.role}-1", self.role), self.payload, RUN_ID, self.key)


@dataclass(frozen=True, slots=True)
class Probe:
    """Requests to one run."""

    asks: tuple[Ask, ...]
    given: tuple[GivenArtifact, ...] = ()
    #: Taken before the first request.
    approvals: tuple[Approval, ...] = ()
    #: What the environment offers; None for what the manifest requires.
    environment: Environment | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back."""

    #: One for each request.
    responses: tuple[Response, ...]
    #: What the hooks gave, request by request and call by call; None where a call gave no result.
    results: tuple[tuple[Mapping[str, Any] | None, ...], ...]
    #: The bits of the points that this shows, in the index of the pack's chart.
    mask: int = 0


def answer(
    probe: Probe, rules: Rules, environment: Environment, hooks: HookRuntime, variation: Variation = AS_IT_IS
) -> Answered | None:
    """What comes back for each request; None where the run cannot begin so, or no answer can be had."""
    listening = _Listening(hooks)
    control = variation.control(
        EngineControl(Engine(rules, probe.environment or environment, variation.hooks(listening)))
    )
    found: list[Response] = []
    results: list[tuple[Mapping[str, Any] | None, ...]] = []
    try:
        control.begin(RUN_ID, Given(probe.given, probe.approvals))
        for ask in probe.asks:
            listening.faults, listening.results = dict(ask.faults), []
            found.append(_response(control.decide(ask.request)))
            results.append(tuple(listening.results))
    except (FluxError, ValueError):
        return None
    return Answered(tuple(found), tuple(results))


def _response(answered: Response | Mapping[str, Any]) -> Response:
    return answered if isinstance(answered, Response) else msgspec.convert(answered, Response)


@dataclass(slots=True)
class _Listening:
    """The hooks of one probe: some calls fail, and what comes back is kept."""

    base: HookRuntime
    faults: Mapping[str, str] = field(default_factory=dict)
    results: list[Mapping[str, Any] | None] = field(default_factory=list)

    def call(self, call: HookCall) -> HookOutcome:
        outcome = FaultedHooks(self.base, self.faults).call(call)
        self.results.append(outcome.result)
        return outcome
