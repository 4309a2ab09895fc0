"""The coverage of profiles as lines for people: a table for each, and below it what is missing, with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.coverage_merge import Merged
from pytest_fluxscenario.evidence.coverage_score import Score, score_of
from pytest_fluxscenario.model.coverage import (
    KINDS,
    NOUNS,
    WAYS,
    CoverageGap,
    CoverageScore,
    Marks,
    ProfileCoverageReport,
)
from pytest_fluxscenario.model.evidence import ProfileRef

#: Missing things that are told of one profile; the rest are counted.
MOST_MISSING: Final = 40
#: Way to what is said of something that was not seen so.
_NEVER: Final[Mapping[str, str]] = {
    "held": "never held",
    "not_held": "always held",
    "missing": "never lacking",
    "ran": "no scenario ran",
}
_BOTH: Final = "never looked at"
_ALL_WAYS: Final = tuple(way for ways in WAYS.values() for way in ways)


class Line(NamedTuple):
    """A line, and its colour; empty for none."""

    text: str
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing, and the ways in which it was not seen."""

    kind: str
    name: str
    ways: tuple[str, ...]
    place: Place | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.said}" if self.place else self.said

    @property
    def where(self) -> str:
        """File and line, as far as they are known."""
        if self.place is None:
            return ""
        return f"{shown(self.place.file, 4096)}:{self.place.line}" if self.place.line else shown(self.place.file, 4096)

    @property
    def said(self) -> str:
        """What is missing, without the place."""
        return f"{NOUNS.get(self.kind, self.kind)} {shown(self.name, 160)}: {self.never}"

    @property
    def never(self) -> str:
        """What never happened."""
        if self.kind == "conditions" and len(self.ways) > 1:
            return _BOTH
        return ", ".join(_NEVER.get(way, f"never {way}") for way in self.ways)


def missing_of(marks: Marks, places: Mapping[tuple[str, str], Place]) -> tuple[Missing, ...]:
    """What was not seen and can be, in the order of its places; without a place, kind by kind."""
    found = [
        Missing(kind, name, lacking, places.get((kind, name)))
        for kind in KINDS
        for name, ways in marks.get(kind, {}).items()
        if (lacking := tuple(sorted((way for way, mark in ways.items() if mark is False), key=_way_order)))
    ]
    # Stable: what stands at one place, or at none, stays kind by kind.
    return tuple(sorted(found, key=_order))


def _way_order(way: str) -> int:
    return _ALL_WAYS.index(way) if way in _ALL_WAYS else len(_ALL_WAYS)


def _order(one: Missing) -> tuple[bool, str, int]:
    return (True, "", 0) if one.place is None else (False, one.place.file, one.place.line)


def table_lines(one: Merged) -> Iterator[Line]:
    """What was seen of one profile, kind by kind."""
    profile, marks = one.profile, one.marks
    where = shown(f"{profile.origin} {profile.source}")
    yield Line(f"{shown(profile.id, 80)} {shown(profile.version, 40)} ({shown(profile.hash[:19])}…, {where})", "bold")
    scores = [(kind, score_of(marks, kind)) for kind in KINDS]
    for kind, score in (*scores, ("total", score_of(marks))):
        if score.possible:
            yield Line(_row(kind, score), "green" if score.seen == score.possible else "yellow")


def missing_lines(
    missing: tuple[Missing, ...], most: int = MOST_MISSING, profile: ProfileRef | None = None
) -> Iterator[Line]:
    """What was not seen, the first ``most`` of it; and of a ``profile`` in the working tree what writes scenarios."""
    for one in missing[:most]:
        yield Line(str(one), "red")
    if len(missing) > most:
        yield Line(f"and {len(missing) - most} more", "red")
    # Which class a scenario is of is a person's word: no draft gives it one.
    draftable = any(one.kind != "classes" for one in missing)
    if draftable and profile is not None and profile.origin == "tree":
        yield Line(f"scenarios for it: fluxrig scenario draft {shown(profile.source)}")


def profile_report(one: Merged, missing: tuple[Missing, ...]) -> ProfileCoverageReport:
    """The same for programs."""
    profile = one.profile
    return ProfileCoverageReport(
        profile.id,
        profile.version,
        profile.hash,
        profile.origin,
        profile.source,
        one.runs,
        _plain(score_of(one.marks)),
        {kind: _plain(score_of(one.marks, kind)) for kind in one.marks},
        tuple(
            CoverageGap(
                lack.kind,
                lack.name,
                lack.ways,
                lack.place.file if lack.place else "",
                lack.place.line if lack.place else 0,
            )
            for lack in missing
        ),
        {kind: {name: dict(ways) for name, ways in names.items()} for kind, names in one.marks.items()},
    )


def _plain(score: Score) -> CoverageScore:
    return CoverageScore(score.seen, score.possible, score.percent)


def _row(kind: str, score: Score) -> str:
    return f"  {kind:<17}{score.seen:>5} of {score.possible:<5}{score!s:>7}"
