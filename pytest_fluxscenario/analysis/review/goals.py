"""What the scenarios of a run showed of the rules, and what not: coverage, with its places."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_fluxscenario.evidence.coverage_merge import merge
from pytest_fluxscenario.evidence.coverage_report import missing_of
from pytest_fluxscenario.evidence.coverage_score import score_of
from pytest_fluxscenario.model.evidence import ProfileCoverage
from pytest_fluxscenario.model.review import CoverageView, MissingView
from pytest_fluxscenario.packs.point_places import places_in
from pytest_fluxscenario.packs.stages import Draft


def coverage_of(draft: Draft, seen: Iterable[ProfileCoverage]) -> tuple[CoverageView, ...]:
    """The coverage of the pack's profile, all parts of the evidence together."""
    places = places_in(draft)
    views: list[CoverageView] = []
    for one in merge(seen):
        missing = missing_of(one.marks, places)
        for kind in one.marks:
            score = score_of(one.marks, kind)
            lacks = tuple(
                MissingView(f"{lack.name}: {lack.never}", lack.where) for lack in missing if lack.kind == kind
            )
            if score.possible:
                views.append(CoverageView(kind, score.seen, score.possible, lacks))
    return tuple(views)
