"""The state of one run (control.md, "Records")."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytest_fluxscenario.base.values import lookup, same
from pytest_fluxscenario.model.response import Response


@dataclass(frozen=True, slots=True)
class ArtifactRecord:
    """One artifact that a run holds."""

    artifact_id: str
    type: str
    run_id: str
    profile_version: str
    created_by: str
    #: ``fst.control``, or the name of the trusted surface.
    created_via: str
    source: str
    created_at: datetime
    payload: dict[str, Any]
    expires_at: datetime | None = None
    valid: bool = True

    def counts(self, now: datetime) -> bool:
        """Whether the record is valid and has not expired."""
        return self.valid and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class ApprovalRecord:
    """One approval that the trusted surface took."""

    artifact_id: str
    run_id: str
    profile_version: str
    created_by: str
    created_via: str
    created_at: datetime
    role: str
    scope: str
    decision: str
    expires_at: datetime | None = None
    #: Scope field to value; None where the approval names none.
    values: dict[str, Any] | None = None

    def approves(self, now: datetime) -> bool:
        """Whether the record says yes, and still does."""
        return self.decision == "approved" and (self.expires_at is None or now < self.expires_at)

    def covers(self, payload: dict[str, Any]) -> bool:
        """Whether a request with this payload is one that the record speaks of."""
        return self.values is None or all(same(lookup(payload, name), value) for name, value in self.values.items())


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The decision made under an idempotency key."""

    #: Hash of the canonical JSON of action, actor and payload.
    fingerprint: str
    response: Response


@dataclass(frozen=True, slots=True)
class Effects:
    """What one decision changes in its run."""

    records: tuple[ArtifactRecord, ...] = ()
    completes: bool = False
    #: The decision is written, and numbered.
    decides: bool = True
    key: str | None = None
    stored: StoredAnswer | None = None


NO_EFFECTS = Effects(decides=False)


@dataclass(slots=True)
class Run:
    """One run, bound to a profile at its first request."""

    run_id: str
    profile_id: str
    profile_version: str
    profile_hash: str
    #: Newest record of each type: a later one supersedes the earlier.
    artifacts: dict[str, ArtifactRecord] = field(default_factory=dict)
    #: Oldest first.
    approvals: list[ApprovalRecord] = field(default_factory=list)
    answers: dict[str, StoredAnswer] = field(default_factory=dict)
    #: Records written so far, for their ids.
    written: int = 0
    decisions: int = 0
    completed: bool = False

    def holds(self, artifact_type: str, now: datetime) -> bool:
        """Whether the run has a record of that type which counts for a gate."""
        record = self.artifacts.get(artifact_type)
        return record is not None and record.profile_version == self.profile_version and record.counts(now)

    def apply(self, effects: Effects) -> None:
        """Take over what a decision changes."""
        if effects.decides:
            self.decisions += 1
        for record in effects.records:
            self.artifacts[record.type] = record
        self.written += len(effects.records)
        if effects.completes:
            self.completed = True
        if effects.key is not None and effects.stored is not None:
            self.answers[effects.key] = effects.stored
