"""The scenario files of a pack (scenario.md, "Which files")."""

from __future__ import annotations

from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.scenarios import is_scenario_file
from pytest_fluxscenario.packs.files import PackFiles


def scenario_paths(files: PackFiles) -> tuple[str, ...]:
    """The scenario files of a pack, as pytest would collect them, without those of packs inside it.

    Raises ProfileError for what cannot be in a pack.
    """
    every = files.list()
    inner = tuple(path.rpartition("/")[0] + "/" for path in every if "/" in path and _name(path) in MANIFEST_FILES)
    return tuple(path for path in every if is_scenario_file(path) and not path.startswith(inner))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
