"""What the scenarios of a run showed of the rules, and what not: coverage, with its places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from pytest_fluxscenario.analysis.review.rules import spot
from pytest_fluxscenario.model.evidence import ProfileCoverage
from pytest_fluxscenario.model.review import CoverageView, MissingView
from pytest_fluxscenario.packs.stages import Draft


def coverage_of(draft: Draft, seen: Iterable[ProfileCoverage]) -> tuple[CoverageView, ...]:
    """The coverage of the pack's profile, all parts of the evidence together."""
    marks: dict[str, dict[str, bool]] = {}
    for one in seen:
        for kind, names in msgspec.to_builtins(one).items():
            if kind != "profile":
                known = marks.setdefault(kind, {})
                for name, shown in names.items():
                    known[name] = known.get(name, False) or shown
    places = _places(draft)
    return tuple(
        CoverageView(
            kind,
            sum(names.values()),
            len(names),
            tuple(MissingView(name, places.get((kind, name), "")) for name, shown in names.items() if not shown),
        )
        for kind, names in marks.items()
        if names
    )


def _places(draft: Draft) -> Mapping[tuple[str, str], str]:
    """Kind and name of what the profile declares to where it does."""
    written = draft.profile
    if written is None:
        return {}
    found: dict[tuple[str, str], str] = {}
    for at, action in enumerate(written.profile.actions):
        found["actions", action.id] = spot(written.at("actions", at))
    for at, gate in enumerate(written.profile.gates):
        found["gates", gate.id] = spot(written.at("gates", at))
    return found
