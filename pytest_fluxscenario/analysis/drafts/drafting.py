"""Drafts for targets, one after the other: each is read as a file is and run, before anybody is given it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.analysis.drafts.build import comments_of, scenario_id, scenario_of
from pytest_fluxscenario.analysis.drafts.search import DEPTH, Search
from pytest_fluxscenario.analysis.drafts.suite import Ran, Runner, Shown
from pytest_fluxscenario.analysis.drafts.targets import Target
from pytest_fluxscenario.analysis.drafts.yaml_text import scenario_text
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.model.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Draft:
    """A scenario that passes, and reaches what it was made for."""

    scenario: Scenario
    text: str
    target: Target
    #: What else it reaches of what is wanted.
    also: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """A target without a draft."""

    target: Target
    #: Why, without a full stop.
    why: str


@dataclass(frozen=True, slots=True)
class Sorted:
    """Targets by who shows them."""

    shown: tuple[Target, ...]
    #: Reached by drafts that nobody has reviewed.
    waiting: tuple[Target, ...]
    wanted: tuple[Target, ...]


def sort_out(targets: Sequence[Target], suite: Shown) -> Sorted:
    """Which targets the suite shows, which its drafts would, and which nothing does."""
    shown: list[Target] = []
    waiting: list[Target] = []
    wanted: list[Target] = []
    for target in targets:
        if any(target.shown_by(ran) for ran in suite.running):
            shown.append(target)
        elif any(target.shown_by(ran) for ran in suite.waiting):
            waiting.append(target)
        else:
            wanted.append(target)
    return Sorted(tuple(shown), tuple(waiting), tuple(wanted))


_NOT_FOUND: Final = "no request that differs in one or two things from one that is allowed shows it"


def drafts_for(wanted: Sequence[Target], search: Search, runner: Runner, where: str) -> Iterator[Draft | Missed]:
    """A draft for each target, in order, but for those that an earlier draft reaches; or why there is none.

    ``where`` is the file that drafts are shown as while they are tried.
    """
    pack = search.ground.pack
    comments = comments_of(pack.profile, pack.profile_hash)
    left = list(wanted)
    # All that differs in one thing before anything that differs in two: hooks are not called for ever.
    for depth in range(DEPTH + 1):
        searched: list[Target] = []
        while left:
            target = left.pop(0)
            found = search.first(target, depth)
            if found is None:
                searched.append(target)
                continue
            scenario = scenario_of(scenario_id(target.id), target.what, pack.profile, found)
            text = scenario_text(scenario, comments)
            ran, fault = _try(text, runner, where)
            if ran is None or not target.shown_by(ran):
                yield Missed(target, fault or "the scenario that was drafted does not show it when it runs")
                continue
            also = tuple(one for one in (*searched, *left) if one.shown_by(ran))
            searched, left = ([one for one in part if one not in also] for part in (searched, left))
            yield Draft(scenario, text, target, also)
        left = searched
    yield from (Missed(target, _NOT_FOUND) for target in left)


def _try(text: str, runner: Runner, where: str) -> tuple[Ran | None, str]:
    """What comes of a draft, or why it is none."""
    try:
        ran = runner.read(text, where)
    except DocumentError as error:
        return None, f"the scenario that was drafted cannot be read: {error.problems[0].message}"
    if ran.outcome.verdict != "passed":
        return None, f"the scenario that was drafted does not pass ({ran.outcome.verdict})"
    return ran, ""
