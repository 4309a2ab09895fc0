"""Approvals: what counts as one (control.md, "Records").

They enter by the trusted surface only. The newest record that speaks of the request decides: when it denies or has
expired, an older one does not bring the approval back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pytest_fluxscenario.base.values import same
from pytest_fluxscenario.control.state import ApprovalRecord, Run
from pytest_fluxscenario.model.request import Approval
from pytest_fluxscenario.model.response import RequiredApproval

#: What ``created_via`` says of an approval.
TRUSTED_SURFACE = "fst.approval"


def approval_record(run: Run, approval: Approval, now: datetime) -> ApprovalRecord:
    """The record of one call of the trusted surface.

    Raises ValueError for an ``expires_at`` that is no RFC 3339 time with an offset.
    """
    return ApprovalRecord(
        artifact_id=f"approval_record-{run.written + 1}",
        run_id=run.run_id,
        profile_version=run.profile_version,
        created_by=approval.by or approval.role,
        created_via=TRUSTED_SURFACE,
        created_at=now,
        role=approval.role,
        scope=approval.scope,
        decision=approval.decision,
        expires_at=None if approval.expires_at is None else _moment(approval.expires_at),
        values=approval.values,
    )


def approved(run: Run, asked: RequiredApproval, payload: dict[str, Any], now: datetime) -> bool:
    """Whether an approval gate is satisfied for a request with this payload."""
    for record in reversed(run.approvals):
        if _speaks_of(record, run, asked) and record.covers(payload):
            return record.approves(now)
    return False


def covers_materialization(
    run: Run, asked: tuple[RequiredApproval, ...], payload: dict[str, Any], scope: dict[str, Any], now: datetime
) -> bool:
    """Whether a record approves to materialize for real with exactly these scope values (control.md, 10).

    An approval must name all the values; a denial need not, and then denies whatever it does not tell apart.
    """
    for record in reversed(run.approvals):
        if not any(_speaks_of(record, run, one) for one in asked):
            continue
        if record.decision == "approved":
            if same(record.values, scope):
                return record.approves(now)
        elif record.covers(payload):
            return False
    return False


def _speaks_of(record: ApprovalRecord, run: Run, asked: RequiredApproval) -> bool:
    return (
        record.role == asked.role
        and record.scope == asked.scope
        and record.run_id == run.run_id
        and record.profile_version == run.profile_version
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"'{text}' names no offset from UTC")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"'{text}' lies beyond the years 1 to 9999 of UTC") from error
