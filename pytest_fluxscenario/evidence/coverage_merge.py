"""The coverage of several runs as one: profiles are the same where their hashes are (coverage.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from msgspec import UNSET

from pytest_fluxscenario.evidence.coverage import merge_marks
from pytest_fluxscenario.model.coverage import KINDS, Marks, Point
from pytest_fluxscenario.model.evidence import ProfileCoverage, ProfileRef


@dataclass(frozen=True)
class Merged:
    """What runs have seen of one profile."""

    #: As the first of them names it.
    profile: ProfileRef
    runs: int
    marks: Marks


def merge(coverage: Iterable[ProfileCoverage]) -> tuple[Merged, ...]:
    """Each profile once, by its hash, in order of id, version and hash; each of ``coverage`` counts as a run."""
    refs: dict[str, list[ProfileRef]] = {}
    marks: dict[str, dict[Point, bool | None]] = {}
    for one in coverage:
        refs.setdefault(one.profile.hash, []).append(one.profile)
        merge_marks(marks.setdefault(one.profile.hash, {}), points_of(one))
    found = [Merged(min(names, key=_order), len(names), _nested(marks[digest])) for digest, names in refs.items()]
    return tuple(sorted(found, key=lambda one: _order(one.profile)))


def points_of(coverage: ProfileCoverage) -> dict[Point, bool | None]:
    """The points of one profile; of a manifest without them what it says in other words."""
    if coverage.points is not UNSET:
        return {
            Point(kind, name, way): mark
            for kind, names in coverage.points.items()
            for name, ways in names.items()
            for way, mark in ways.items()
        }
    said: Mapping[tuple[str, str], Mapping[str, bool]] = {
        ("actions", "requested"): coverage.actions,
        ("gates", "fired"): coverage.gates,
        ("routes", "returned"): coverage.routes,
        ("classes", "ran"): coverage.classes,
    }
    return {Point(kind, name, way): mark for (kind, way), names in said.items() for name, mark in names.items()}


def _nested(marks: Mapping[Point, bool | None]) -> Marks:
    nested: dict[str, dict[str, dict[str, bool | None]]] = {kind: {} for kind in KINDS}
    for point, mark in marks.items():
        # A kind that only another version knows is kept.
        nested.setdefault(point.kind, {}).setdefault(point.name, {})[point.way] = mark
    return nested


def _order(ref: ProfileRef) -> tuple[str, str, str, str, str]:
    return ref.id, ref.version, ref.hash, ref.origin, ref.source
