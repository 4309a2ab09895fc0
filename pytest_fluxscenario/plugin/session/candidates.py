"""Which files hold scenarios: told by their names, or by who names them (scenario.md).

Every file of a project is asked about, so that nothing is opened that no one has named.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from pytest_fluxscenario.plugin.configuration.options import OPTIONS
from pytest_fluxscenario.plugin.session.keys import ASKED_INDEX

#: Ends of names of documents that may hold scenarios.
SUFFIXES = (".json", ".yaml", ".yml")
#: The folder all of whose documents do.
FOLDER = "scenarios"
_MARKED = tuple(f".scenario{suffix}" for suffix in SUFFIXES)
_ARCHIVE = ".fstpack"


def is_asked_index(config: pytest.Config, path: Path) -> bool:
    """Whether a file is the index of a store that scenarios are run from."""
    return config.stash.get(ASKED_INDEX, None) == path


def is_asked_archive(config: pytest.Config, path: Path) -> bool:
    """Whether a file is an archive that the command line or the configuration names; others only lie there."""
    return path.name.lower().endswith(_ARCHIVE) and (_is_matched(config, path) or _is_named(config, path))


def is_scenario_file(config: pytest.Config, path: Path) -> bool:
    """Whether a JSON or YAML file holds scenarios: by its name (scenario.md), or it was named and looks like one.

    The index of a store that scenarios are run from counts as one.
    """
    if is_asked_index(config, path):
        return True
    if config.stash[OPTIONS].files:
        matched = _is_matched(config, path)
    else:
        matched = path.name.endswith(_MARKED) or path.parent.name == FOLDER
    return matched or _is_named_scenario(config, path)


def _is_matched(config: pytest.Config, path: Path) -> bool:
    """Whether a pattern of the configuration names the file."""
    relative = path.relative_to(config.rootpath).as_posix() if path.is_relative_to(config.rootpath) else path.name
    return any(fnmatch(relative, one) or fnmatch(path.name, one) for one in config.stash[OPTIONS].files)


def _is_named(config: pytest.Config, path: Path) -> bool:
    """Whether the command line names this very file."""
    if not any(str(argument).split("::")[0].endswith(path.name) for argument in config.args):
        return False
    folder = config.invocation_params.dir
    return path.resolve() in {(folder / str(argument).split("::")[0]).resolve() for argument in config.args}


def _is_named_scenario(config: pytest.Config, path: Path) -> bool:
    """Whether the command line names this very file, and it looks like a scenario."""
    if not _is_named(config, path):
        return False
    try:
        with path.open("rb") as file:
            return b"profile_id" in file.read(1 << 16)
    except OSError:
        return False
