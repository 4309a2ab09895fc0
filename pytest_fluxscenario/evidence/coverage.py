"""What a run exercised of each profile, for the manifest (evidence.md; coverage.md)."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_fluxscenario.evidence.coverage_index import STOPS, Index
from pytest_fluxscenario.model.coverage import KINDS, Point
from pytest_fluxscenario.model.evidence import ProfileCoverage, ProfileRef


@dataclass(slots=True)
class Coverage:
    """Adds up what scenarios exercised."""

    #: Profile, and the key of an index: two processes may have seen the files of a pack before and after a change.
    _seen: dict[tuple[ProfileRef, str], int] = field(default_factory=dict)
    _indexes: dict[str, Index] = field(default_factory=dict)

    def declare(self, ref: ProfileRef, index: Index) -> str:
        """Begin with a profile, again is the same; gives the key that ``add`` asks for."""
        self._indexes.setdefault(index.key, index)
        self._seen.setdefault((ref, index.key), 0)
        return index.key

    def add(self, ref: ProfileRef, key: str, mask: int) -> None:
        """Count what one scenario showed."""
        self._seen[ref, key] |= mask

    def profiles(self) -> tuple[ProfileCoverage, ...]:
        """The coverage of each profile, in order of id, version and hash."""
        merged: dict[ProfileRef, dict[Point, bool | None]] = {}
        for (ref, key), mask in self._seen.items():
            merge_marks(merged.setdefault(ref, {}), marks_of(self._indexes[key], mask))
        ordered = sorted(merged.items(), key=lambda one: (one[0].id, one[0].version, one[0].hash, one[0].source))
        return tuple(profile_coverage(ref, marks) for ref, marks in ordered)


def marks_of(index: Index, mask: int) -> dict[Point, bool | None]:
    """Each point with whether it was seen; None where nothing can show it, and nothing did."""
    return {
        point: True if mask >> at & 1 else None if index.impossible >> at & 1 else False
        for at, point in enumerate(index.points)
    }


def merge_marks(marks: dict[Point, bool | None], more: dict[Point, bool | None]) -> None:
    """Add what another run has seen: seen in one is seen, possible in one is possible."""
    for point, mark in more.items():
        known = marks.get(point)
        marks[point] = True if mark or known else known if mark is None else mark


def profile_coverage(ref: ProfileRef, marks: dict[Point, bool | None]) -> ProfileCoverage:
    """The coverage of one profile as the manifest says it."""
    points: dict[str, dict[str, dict[str, bool | None]]] = {kind: {} for kind in KINDS}
    for point, mark in marks.items():
        if point.kind != STOPS:
            points[point.kind].setdefault(point.name, {})[point.way] = mark

    def seen(kind: str, way: str) -> dict[str, bool]:
        return {one.name: bool(mark) for one, mark in marks.items() if (one.kind, one.way) == (kind, way)}

    return ProfileCoverage(
        ref,
        actions=seen("actions", "requested"),
        gates=seen(STOPS, "named"),
        routes=seen("routes", "returned"),
        classes=seen("classes", "ran"),
        points=points,
    )
