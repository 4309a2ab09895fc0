"""The scenario files of a pack: their own faults, and what they expect that the pack can never answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.analysis.expected_names import check_names
from pytest_fluxscenario.base.errors import DocumentError, ProfileError
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.documents.suffixes import FOLDER
from pytest_fluxscenario.model.pack import Hooks
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.model.vocabulary import MATCHERS
from pytest_fluxscenario.packs.classes import classes_of
from pytest_fluxscenario.packs.files import PackFiles, file_place
from pytest_fluxscenario.packs.scenario_files import scenario_paths
from pytest_fluxscenario.runner.prepare import load_file

#: Files with faults of which all is told; the rest of a pack that is all broken says nothing new.
_MOST_BROKEN: Final = 20


@dataclass(frozen=True, slots=True)
class PackScenarios:
    """What the scenario files of a pack hold."""

    #: Paths in the pack.
    files: tuple[str, ...]
    #: Class to how many scenarios are of it. A file that could not be read counts by its name.
    classes: dict[str, int]
    #: Scenarios that could be read.
    count: int


def check_scenarios(
    files: PackFiles, profile: Profile | None, hooks: Hooks | None, problems: Problems
) -> PackScenarios:
    """Every scenario file of a pack, its shape and rules; with ``profile`` also the names that it expects.

    Raises ProfileError where the files of the pack cannot be listed.
    """
    paths = scenario_paths(files)
    counts: dict[str, int] = {}
    total = broken = 0
    for path in paths:
        try:
            loaded = load_file(files.read(path), files.limits, _MATCHERS)
        except (DocumentError, ProfileError) as error:
            broken += 1
            if broken <= _MOST_BROKEN:
                problems.found.extend(error.problems)
            _count(classes_of("", (), path), counts)
            continue
        for one in loaded:
            total += 1
            problems.found.extend(one.warnings)
            if profile is None or check_names(one, profile, hooks, problems):
                _count(classes_of(one.scenario.id, one.scenario.classes, path), counts)
    if broken > _MOST_BROKEN:
        message = f"{broken - _MOST_BROKEN} more scenario files have faults, which are not told here"
        problems.add("pack.more", file_place(files, FOLDER), message, "repair those above first")
    return PackScenarios(paths, counts, total)


def _count(names: Iterable[str], counts: dict[str, int]) -> None:
    for name in names:
        counts[name] = counts.get(name, 0) + 1


class AnyMatcher(Collection[str]):
    """The known matchers, and every one that a plugin may have (``x-…``): only a session knows those."""

    def __contains__(self, name: object) -> bool:
        return name in MATCHERS or (isinstance(name, str) and name.startswith("x-"))

    def __iter__(self) -> Iterator[str]:
        return iter(MATCHERS)

    def __len__(self) -> int:
        return len(MATCHERS)


_MATCHERS: Final = AnyMatcher()
