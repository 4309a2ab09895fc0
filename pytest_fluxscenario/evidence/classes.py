"""Scenario classes that a run of a whole pack did not show (pack.md, "Scenario classes")."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.evidence import ProfileCoverage, ProfileRef
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.scenario_files import scenario_paths


def missing_classes(
    coverage: Iterable[ProfileCoverage], wanted: Collection[str] | None, root: str, files: Collection[str]
) -> list[tuple[ProfileRef, tuple[str, ...]]]:
    """The packs of the working tree that lack scenarios, with the classes that no scenario of the run is of.

    ``wanted`` are the classes that are asked for (None: all that the profile makes possible). ``files`` are the
    scenario files of the run, relative to ``root``: of a pack of which some are not among them nothing can be said.
    """
    found = []
    for one in coverage:
        lacking = tuple(name for name, ran in one.classes.items() if not ran and (wanted is None or name in wanted))
        if lacking and one.profile.origin == "tree" and is_whole(one.profile.source, root, files):
            found.append((one.profile, lacking))
    return found


def lacking(profile: ProfileRef, names: tuple[str, ...]) -> str:
    """What is told of a pack and the classes that it lacks."""
    plural = "classes" if len(names) > 1 else "class"
    name = f"{shown(profile.id, 80)} {shown(profile.version, 40)}"
    return f"{name} has no scenario of the {plural} {', '.join(names)} (fluxscenario_classes says which are asked for)"


def is_whole(source: str, root: str, files: Collection[str]) -> bool:
    """Whether all scenario files of the pack in the folder ``source``, below ``root``, are among ``files``."""
    folder = os.path.normpath(os.path.join(root, source))
    if not os.path.isdir(folder):
        return False
    above = "" if source == "." else f"{source}/"
    try:
        return all(above + path in files for path in scenario_paths(FolderFiles(folder, source)))
    except FluxError:
        return False
