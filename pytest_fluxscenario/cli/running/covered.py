"""Coverage as commands tell it: lines for people, or documents for programs (coverage.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pytest_fluxscenario.cli.console.render import Outputs, one_line
from pytest_fluxscenario.evidence.coverage_report import (
    Missing,
    missing_lines,
    missing_of,
    profile_report,
    table_lines,
)
from pytest_fluxscenario.model.coverage import ProfileCoverageReport
from pytest_fluxscenario.packs.point_places import places_of

if TYPE_CHECKING:
    from pytest_fluxscenario.evidence.coverage_merge import Merged
    from pytest_fluxscenario.packs.resolve import Resolver


def tell_coverage(
    merged: Sequence[Merged], resolver: Resolver | None, outputs: Outputs, clean: Callable[[str], str] = str
) -> None:
    """A table for each profile on standard output, and below it what is missing; ``clean`` takes out secrets."""
    for one in merged:
        for line in (*table_lines(one), *missing_lines(_missing(one, resolver), profile=one.profile)):
            outputs.out.line(one_line(clean(line.text)), line.colour)


def coverage_reports(merged: Sequence[Merged], resolver: Resolver | None) -> tuple[ProfileCoverageReport, ...]:
    """The same for programs."""
    return tuple(profile_report(one, _missing(one, resolver)) for one in merged)


def _missing(one: Merged, resolver: Resolver | None) -> tuple[Missing, ...]:
    return missing_of(one.marks, {} if resolver is None else places_of(one.profile, resolver))
