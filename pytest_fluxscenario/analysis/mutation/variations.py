"""What a mutant does otherwise that no profile can say: keys, approvals and failures of hooks that count for less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import msgspec

from pytest_fluxscenario.base.values import ABSENT, lookup
from pytest_fluxscenario.control.idempotency import fingerprint
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.control.state import ApprovalRecord
from pytest_fluxscenario.model.request import Approval, Given, Request
from pytest_fluxscenario.model.response import RequiredApproval, Response
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime

#: What of an idempotency key means nothing: all of it, that the same request gives the same answer, or that another
#: request is a conflict.
KeyPart = Literal["keys", "replays", "conflicts"]
#: What of an approval record is not looked at.
ApprovalPart = Literal["role", "scope", "values", "expiry", "decision"]


class Variation(Protocol):
    """Puts itself around the control that a scenario runs against, or around its hooks."""

    def control(self, control: EngineControl) -> Control:
        """What the scenario runs against."""
        ...

    def hooks(self, hooks: HookRuntime) -> HookRuntime:
        """What the control calls."""
        ...


@dataclass(frozen=True, slots=True)
class AsItIs:
    """No variation."""

    def control(self, control: EngineControl) -> Control:
        """The control."""
        return control

    def hooks(self, hooks: HookRuntime) -> HookRuntime:
        """The hooks."""
        return hooks


@dataclass(frozen=True, slots=True)
class KeysIgnored(AsItIs):
    """Idempotency keys mean nothing, or less (control.md, 3)."""

    part: KeyPart = "keys"

    def control(self, control: EngineControl) -> Control:
        """A control that does not see some keys."""
        return _WithoutKeys(control, self.part)


@dataclass(frozen=True, slots=True)
class ApprovalLoosened(AsItIs):
    """One thing of the approvals that are asked for is not looked at (control.md, "Records")."""

    part: ApprovalPart
    asked: RequiredApproval

    def control(self, control: EngineControl) -> Control:
        """A control for which more approvals count."""
        return _Lenient(control, self)

    def counts_as(self, record: ApprovalRecord, request: Request) -> ApprovalRecord | None:
        """The record as it counts for a request; None for one that has still nothing to do with what is asked for."""
        changes: dict[str, Any] = {}
        if self.part == "role":
            changes["role"] = self.asked.role
        elif self.part == "scope":
            changes["scope"] = self.asked.scope
        elif self.part == "expiry":
            changes["expires_at"] = None
        elif self.part == "decision":
            changes["decision"] = "approved"
        elif record.values is not None and record.decision == "approved":
            found = {name: lookup(request.payload, name) for name in record.values}
            changes["values"] = {name: value for name, value in found.items() if value is not ABSENT}
        changed = replace(record, **changes)
        return changed if (changed.role, changed.scope) == (self.asked.role, self.asked.scope) else None


@dataclass(frozen=True, slots=True)
class FailureIgnored(AsItIs):
    """A hook that fails is taken for one that finds nothing wrong (control.md, "Hooks")."""

    hook: str
    #: What it then says, beside its status.
    says: Mapping[str, Any]

    def hooks(self, hooks: HookRuntime) -> HookRuntime:
        """Hooks of which one never fails."""
        return _Forgiving(hooks, self)


AS_IT_IS = AsItIs()


@dataclass(frozen=True, slots=True)
class _Around:
    """A control around the engine's."""

    inner: EngineControl

    def begin(self, run_id: str, given: Given) -> None:
        self.inner.begin(run_id, given)

    def approve(self, run_id: str, approval: Approval) -> None:
        self.inner.approve(run_id, approval)


@dataclass(frozen=True, slots=True)
class _WithoutKeys(_Around):
    part: KeyPart

    def decide(self, request: Request) -> Response:
        key = request.idempotency_key
        stored = None if key is None else self.inner.run(request.run_id or "").answers.get(key)
        same = stored is not None and stored.fingerprint == fingerprint(request)
        if self.part == "keys" or (stored is not None and same == (self.part == "replays")):
            request = msgspec.structs.replace(request, idempotency_key=None)
        return self.inner.decide(request)


@dataclass(frozen=True, slots=True)
class _Lenient(_Around):
    loosened: ApprovalLoosened

    def decide(self, request: Request) -> Response:
        run = self.inner.run(request.run_id or "")
        kept = run.approvals
        # Behind the records as they are, in their order: the newest that speaks of the request decides.
        more = (self.loosened.counts_as(record, request) for record in kept)
        run.approvals = [*kept, *(record for record in more if record is not None)]
        try:
            return self.inner.decide(request)
        finally:
            run.approvals = kept


@dataclass(frozen=True, slots=True)
class _Forgiving:
    inner: HookRuntime
    ignored: FailureIgnored

    def call(self, call: HookCall) -> HookOutcome:
        outcome = self.inner.call(call)
        failed = outcome.status != "ok" or outcome.result is None or outcome.result.get("status") != "ok"
        if call.hook_id != self.ignored.hook or not failed:
            return outcome
        return replace(outcome, status="ok", result={"status": "ok", **self.ignored.says}, diagnostics=())
