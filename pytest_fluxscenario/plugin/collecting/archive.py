"""Archives of packs as collectors: the archive, and below it the scenario files that it holds.

Their ids can be pasted and run again: ``pack.fstpack::scenarios/happy_path.scenario.yaml::happy_path``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_fluxscenario.packs.opening import Archive
from pytest_fluxscenario.plugin.collecting.loose import LooseSource
from pytest_fluxscenario.plugin.item.source import Collecting
from pytest_fluxscenario.plugin.session.session import Session
from pytest_fluxscenario.runner.archived import ArchivedDocument, read_archived


class ArchiveFile(Collecting, pytest.File):
    """An archive that was named, or that the project's configuration names."""

    def __init__(self, *, flux: Session, **more: Any) -> None:
        super().__init__(**more)
        self.flux = flux
        self._hooks = more["parent"].ihook
        self.shown = self.nodeid

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """A collector for each scenario file. Raises CollectError where the archive cannot be used, or has none."""
        for document in self.told(self._documents):
            file = LooseSource.from_parent(self, name=document.path, flux=self.flux)
            file.take(document)
            yield file

    def _documents(self) -> tuple[ArchivedDocument, ...]:
        archive = Archive(str(self.path), self.shown)
        return read_archived(archive, self.flux.suite.resolver.packs.open_archive(archive))
