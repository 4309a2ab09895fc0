"""What a run can show of a profile: the kinds of things in it, and the ways in which each is seen (coverage.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Struct

COVERAGE_SCHEMA: Final = "flux.coverage.report.v1"
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


class CoverageScore(Struct, frozen=True, forbid_unknown_fields=True):
    """Points that were seen, of those that can be."""

    seen: int
    possible: int
    #: With one digit, never rounded up.
    percent: float


class CoverageGap(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing, and the ways in which it was not seen."""

    kind: str
    name: str
    ways: tuple[str, ...]
    #: Empty, and 0, where the profile is not there any more as it was.
    file: str
    line: int


class ProfileCoverageReport(Struct, frozen=True, forbid_unknown_fields=True):
    """What runs have seen of one profile."""

    id: str
    version: str
    #: ``sha256:`` of the canonical core form.
    hash: str
    #: ``tree`` or ``store``, and the folder or ref, as the first run names it.
    origin: str
    source: str
    runs: int
    total: CoverageScore
    kinds: dict[str, CoverageScore]
    missing: tuple[CoverageGap, ...]
    #: Kind, name, way: true where it was seen, false where not, null where nothing can show it.
    points: dict[str, dict[str, dict[str, bool | None]]]


class CoverageReport(Struct, frozen=True, forbid_unknown_fields=True):
    """``fluxrig coverage --json``: the coverage of one or several runs."""

    #: Whether every profile reaches what ``fail_under`` asks for.
    fits: bool
    #: As it was asked for; empty where nothing was.
    fail_under: str
    profiles: tuple[ProfileCoverageReport, ...]
    schema: str = COVERAGE_SCHEMA
