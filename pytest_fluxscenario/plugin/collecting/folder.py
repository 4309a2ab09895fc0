"""Folders named ``scenarios``: their files are collected together.

pytest asks every plugin about each file, and makes a report for each collector; for one small file after another that
is most of its own cost. Where nobody but pytest would answer, and nothing on the command line or in a conftest.py
leaves files out or picks items out of them, the answers are known, and a good file gives its items at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import cast

import pluggy
import pytest

from pytest_fluxscenario.documents.suffixes import SUFFIXES
from pytest_fluxscenario.plugin.collecting.collect import ScenarioFile
from pytest_fluxscenario.plugin.configuration.options import OPTIONS
from pytest_fluxscenario.plugin.process.record_session import session_of
from pytest_fluxscenario.plugin.process.watched import is_watched

#: What looks at single files, or picks items out of them.
_PICKING = ("lf", "failedfirst", "ignore", "ignore_glob", "keepduplicates", "doctestglob")
_COLLECTING = (
    "pytest_ignore_collect",
    "pytest_collect_file",
    "pytest_collectstart",
    "pytest_make_collect_report",
    "pytest_collectreport",
)
_IGNORING = ("collect_ignore", "collect_ignore_glob")


class ScenarioFolder(pytest.Directory):
    """A folder whose good scenario files give their items at once."""

    _hooks: pluggy.HookRelay | None = None

    @property
    def ihook(self) -> pluggy.HookRelay:
        """The hooks that apply to this folder, asked for once it is collected."""
        return self._hooks or super().ihook

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """What the folder holds, in pytest's order; a file with faults stands for itself, and tells them then."""
        self._hooks = super().ihook
        if _is_plain(self.config):
            return self._together()
        return chain(pytest.Dir.collect(cast("pytest.Dir", self)), self._not_files())

    def _together(self) -> Iterator[pytest.Item | pytest.Collector]:
        flux = session_of(self.config)
        yield from self._not_files()
        for entry in sorted(os.scandir(self.path), key=lambda entry: entry.name):
            path = Path(entry.path)
            if entry.name.endswith(SUFFIXES) and entry.is_file():
                file = ScenarioFile.from_parent(self, path=path, name=entry.name, flux=flux)
                items = file.try_items()
                if items is None:
                    yield file
                else:
                    yield from items
            elif entry.is_dir():
                yield from self._folder(path)
            elif entry.is_file() and not self.ihook.pytest_ignore_collect(collection_path=path, config=self.config):
                yield from self.ihook.pytest_collect_file(file_path=path, parent=self)

    def _not_files(self) -> Iterator[pytest.Collector]:
        """Links that lead nowhere, pipes and the like, which pytest passes over: a scenario that is gone is told of."""
        for entry in sorted(os.scandir(self.path), key=lambda entry: entry.name):
            if (
                entry.name.endswith(SUFFIXES)
                # Editors leave links that lead nowhere beside a file that is being edited.
                and not entry.name.startswith(".")
                and not (entry.is_file() or entry.is_dir())
                and not self.ihook.pytest_ignore_collect(collection_path=Path(entry.path), config=self.config)
            ):
                yield from self.ihook.pytest_collect_file(file_path=Path(entry.path), parent=self)

    def _folder(self, path: Path) -> Iterator[pytest.Collector]:
        if self.session.isinitpath(path, with_parents=True) or not self.ihook.pytest_ignore_collect(
            collection_path=path, config=self.config
        ):
            collector = self.ihook.pytest_collect_directory(path=path, parent=self)
            if collector is not None:
                yield collector


def _is_plain(config: pytest.Config) -> bool:
    """Whether what the hooks would say of a scenario file is known without asking."""
    return (
        not config.stash[OPTIONS].files
        and not any("::" in str(argument) for argument in config.args)
        and not any(config.getoption(name, None) for name in _PICKING)
        and not is_watched(config, _COLLECTING)
        and not any(hasattr(plugin, name) for plugin in config.pluginmanager.get_plugins() for name in _IGNORING)
    )
