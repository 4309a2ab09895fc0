"""The approvals that matter to a process, and what the specification says that they are worth (control.md, "Records").

Written from the text, and not with the engine's code: what is proved of the engine is held against this reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.values import ABSENT, lookup
from pytest_fluxscenario.model.profile import Action, Profile
from pytest_fluxscenario.model.request import Approval
from pytest_fluxscenario.model.response import RequiredApproval
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION

#: Before the moment at which every scenario stands.
_LONG_AGO: Final = "2000-01-01T00:00:00Z"
#: Scope values of one action that approvals may name.
_MOST_VALUES: Final = 2


@dataclass(frozen=True, slots=True)
class Need:
    """What an approval must be like to let one request pass: a gate's demand, or that of a ``real`` mode."""

    #: Any of these, each a role with a scope.
    asked: tuple[RequiredApproval, ...]
    payload: Mapping[str, Any]
    #: None for a gate. Of a ``real`` mode the values that an approval must name.
    scope: Mapping[str, Any] | None = None

    def says(self, approval: Approval, now: datetime) -> bool | None:
        """What one approval says about this request: yes, no, or None where it says nothing of it."""
        if not any(approval.role == one.role and approval.scope == one.scope for one in self.asked):
            return None
        approves = approval.decision == "approved" and not _expired(approval, now)
        if self.scope is not None and approval.decision == "approved":
            return approves if approval.values is not None and _equal(approval.values, self.scope) else None
        covers = all(_equal(lookup(self.payload, path), value) for path, value in (approval.values or {}).items())
        return approves if covers else None

    def met(self, approvals: Sequence[Approval], now: datetime) -> bool:
        """Whether the newest approval that says something says yes."""
        return next((said for one in reversed(approvals) if (said := self.says(one, now)) is not None), False)


def asked_of(profile: Profile, action: Action) -> tuple[RequiredApproval, ...]:
    """The approvals of which one has to cover an action that materializes for real (docs/adr/0003)."""
    gates = [gate for gate in profile.gates if gate.before_action == action.id and gate.type == "approval"]
    asked = [gate.required_approval for gate in gates if gate.required_approval is not None]
    return tuple(dict.fromkeys((*asked, RequiredApproval("approver", action.id))))


def grants_of(profile: Profile, scopes: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Approval, ...]:
    """Every approval that may change an answer: of each role and scope asked for, granted, denied, expired.

    ``scopes`` has the scope values that are sent for each action that materializes for real: its approvals come with
    them too.
    """
    valued: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for gate in profile.gates:
        if gate.required_approval is not None:
            valued.setdefault((gate.required_approval.role, gate.required_approval.scope), [])
    for action in profile.actions:
        if action.materialization_mode == "real":
            for one in asked_of(profile, action):
                valued.setdefault((one.role, one.scope), []).extend(scopes.get(action.id, ())[:_MOST_VALUES])
    grants: list[Approval] = []
    for (role, scope), values in valued.items():
        grants.append(Approval(role, scope))
        grants += [Approval(role, scope, values=dict(one)) for one in values]
        grants.append(Approval(role, scope, "denied"))
        grants += [Approval(role, scope, "denied", values=dict(one)) for one in values[:1]]
        grants.append(Approval(role, scope, expires_at=_LONG_AGO))
    return tuple({canonical(one): one for one in grants}.values())


def foreign_to(asked: RequiredApproval, values: Mapping[str, Any] | None) -> tuple[Approval, ...]:
    """Approvals that are none for what is asked: of another role, of another scope."""
    said = None if values is None else dict(values)
    role = "approver" if asked.role != "approver" else "system"
    return (
        Approval(role, asked.scope, values=said),
        Approval(asked.role, f"{asked.scope}.other", values=said),
        Approval(asked.role, CONTRACT_ACTION, values=said),
    )


def _expired(approval: Approval, now: datetime) -> bool:
    return approval.expires_at is not None and datetime.fromisoformat(approval.expires_at) <= now


def _equal(left: Any, right: Any) -> bool:
    """Equal as JSON: by canonical form, which knows true from 1, and 1 from no other 1.0."""
    return left is not ABSENT and right is not ABSENT and canonical(left) == canonical(right)
