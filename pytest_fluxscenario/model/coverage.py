"""What a run can show of a profile: the kinds of things in it, and the ways in which each is seen (coverage.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

#: Kind to its ways, both in the order in which they are told.
WAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "actions": ("requested", "allowed"),
    "gates": ("fired", "passed"),
    "conditions": ("held", "not_held"),
    "routes": ("returned",),
    "artifacts": ("created", "refused"),
    "approvals": ("given", "denied", "missing"),
    "hooks": ("answered", "failed"),
    "materializations": ("planned",),
    "roles": ("acted",),
    "classes": ("ran",),
}
KINDS: Final = tuple(WAYS)
#: Kind to what one thing of it is called.
NOUNS: Final[Mapping[str, str]] = {
    "actions": "action",
    "gates": "gate",
    "conditions": "condition",
    "routes": "route",
    "artifacts": "artifact",
    "approvals": "approval",
    "hooks": "hook",
    "materializations": "materialization",
    "roles": "role",
    "classes": "class",
}

#: Kind, name, way: True where it was seen, False where it was not, None where nothing can show it.
Marks = Mapping[str, Mapping[str, Mapping[str, bool | None]]]


class Point(NamedTuple):
    """One thing of a profile, in one way in which a run can show it."""

    kind: str
    name: str
    way: str


def condition_name(gate: str, operator: str) -> str:
    """What coverage calls one operator of a gate's condition."""
    return f"{gate}.{operator}"


def approval_name(role: str, scope: str) -> str:
    """What coverage calls an approval: who gives it, and for what."""
    return f"{role}/{scope}"
