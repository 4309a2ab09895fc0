"""The engine with its runs in memory: the control that a scenario runs against unless a fixture gives another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pytest_fluxscenario.base.canonical import canonical, plain
from pytest_fluxscenario.base.clock import Clock, StandingClock
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.control.answers import no_answer
from pytest_fluxscenario.control.approvals import approval_record
from pytest_fluxscenario.control.artifacts import candidate_fault, record_of
from pytest_fluxscenario.control.engine import Engine, new_run
from pytest_fluxscenario.control.state import Run
from pytest_fluxscenario.model.request import Actor, Approval, Given, Request
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.shapes import make_ready
from pytest_fluxscenario.model.vocabulary import CONTROL_PROTOCOL

#: What ``created_via`` and ``created_by`` say of a record that a scenario starts with.
GIVEN = "scenario.given"


class GivenError(FluxError):
    """A run cannot start with what the scenario gives it."""


@dataclass(slots=True)
class EngineControl:
    """Answers requests for any number of runs, each bound to the profile at its first request."""

    engine: Engine
    clock: Clock = field(default_factory=StandingClock)
    runs: dict[str, Run] = field(default_factory=dict)

    def begin(self, run_id: str, given: Given) -> None:
        """Open a run with the artifacts and approvals given.

        Raises GivenError for what the profile would never admit.
        """
        run = self.run(run_id)
        rules = self.engine.rules
        now = self.clock.now()
        for number, artifact in enumerate(given.artifacts):
            kind = rules.artifact_types.get(artifact.type)
            if kind is None:
                hint = did_you_mean(artifact.type, rules.artifact_types)
                raise _given_error(number, f"the profile has no artifact type '{shown(artifact.type, 80)}'", hint)
            fault = candidate_fault(rules, kind, artifact.payload, artifact.source)
            if fault is not None:
                raise _given_error(number, fault.rstrip("."), "give what a run could really hold")
            run.artifacts[kind.id] = record_of(
                kind, run, artifact.payload, artifact.source, GIVEN, GIVEN, run.written + 1, now
            )
            run.written += 1
        for approval in given.approvals:
            self.approve(run_id, approval)

    def decide(self, request: Request | Mapping[str, Any]) -> Response:
        """Answer one request; one that has not the shape of the envelope gets an ``error``."""
        if type(request) is Request and _typed(request):
            asked = request
        else:
            try:
                asked = _read(request)
            except (msgspec.ValidationError, ValueError, TypeError, OverflowError, RecursionError) as error:
                reason = f"The request has not the shape of {CONTROL_PROTOCOL}: {shown(error)}."
                return self._malformed(reason, _run_id(request))
        if asked.protocol_version != CONTROL_PROTOCOL:
            reason = f"The protocol version '{shown(asked.protocol_version, 80)}' is not known."
            return self._malformed(reason, asked.run_id or "")
        run = self.run(asked.run_id or self._free_id())
        decision = self.engine.decide(run, asked, self.clock.now())
        run.apply(decision.effects)
        return decision.response

    def approve(self, run_id: str, approval: Approval) -> None:
        """Take one approval for a run. Raises ValueError for a time that cannot be read."""
        run = self.run(run_id)
        run.approvals.append(approval_record(run, approval, self.clock.now()))
        run.written += 1

    def run(self, run_id: str) -> Run:
        """The run of that id, begun now where there is none."""
        run = self.runs.get(run_id)
        if run is None:
            run = self.runs[run_id] = new_run(self.engine.rules, run_id)
        return run

    def _free_id(self) -> str:
        """An id for the run of a request that names none; never that of another run."""
        number = len(self.runs) + 1
        while f"run-{number}" in self.runs:
            number += 1
        return f"run-{number}"

    def _malformed(self, reason: str, run_id: str) -> Response:
        rules = self.engine.rules
        instruction = f"Send protocol_version '{CONTROL_PROTOCOL}', action, actor {{id, role}} and a payload object."
        return no_answer(
            reason, instruction, run_id, rules.profile.id, rules.profile.version, rules.profile_hash
        ).response


def _read(request: Any) -> Request:
    """A request that came as plain data, or as a struct that was built in code and checked by nobody.

    Raises ValidationError for another shape, and for no JSON ValueError, TypeError, OverflowError or RecursionError.
    """
    # Only what has a canonical form can be compared, hashed and written down.
    if isinstance(request, Mapping):
        if "protocol_version" not in request:
            raise msgspec.ValidationError("Object missing required field `protocol_version`")
        request = dict(request)
    canonical(request)
    make_ready(Request)
    return msgspec.convert(plain(request), Request)


def _run_id(request: Any) -> str:
    """What a malformed request says of its run, as far as that can be read."""
    named = request.get("run_id") if isinstance(request, Mapping) else getattr(request, "run_id", None)
    return named if isinstance(named, str) else ""


def _typed(request: Request) -> bool:
    actor = request.actor
    return (
        type(actor) is Actor
        and type(request.action) is str
        and type(request.payload) is dict
        and type(actor.id) is str
        and type(actor.role) is str
        and type(request.run_id) in (str, type(None))
        and type(request.idempotency_key) in (str, type(None))
        and type(request.protocol_version) is str
    )


def _given_error(number: int, message: str, hint: str) -> GivenError:
    place = Place("", pointer=("given", "artifacts", number))
    return GivenError.of("scenario.given", place, f"given.artifacts[{number}]: {message}", hint)
