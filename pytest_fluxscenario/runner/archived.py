"""Scenarios in an archive of a pack: its own, which run on the pack in it (pack.md, "Archives")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.names import Ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.scenarios import is_scenario_file
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.packs.files import PackFiles
from pytest_fluxscenario.packs.opening import Archive


class LooseDocument(Protocol):
    """A document of scenarios that lies in no folder: it is in the store, or in an archive."""

    @property
    def name(self) -> str:
        """How it is shown in places."""
        ...

    @property
    def file(self) -> str:
        """What evidence calls it."""
        ...

    @property
    def around(self) -> Ref | Archive | None:
        """The pack that it is a part of."""
        ...

    def read(self) -> Source:
        """Its bytes, verified. Raises FluxError."""
        ...


@dataclass(frozen=True, slots=True)
class ArchivedDocument:
    """One document of scenarios in an archive; what runs are the bytes that were read with the archive."""

    around: Archive
    files: PackFiles
    path: str

    @property
    def name(self) -> str:
        """How it is shown in places: below the archive, as if that were a folder."""
        return f"{self.around.where}/{self.path}"

    @property
    def file(self) -> str:
        """What evidence calls it."""
        return self.name

    def read(self) -> Source:
        """Its bytes. Raises DocumentError."""
        return self.files.read(self.path)


def read_archived(archive: Archive, files: PackFiles) -> tuple[ArchivedDocument, ...]:
    """The documents of scenarios among the files of an archive, by path. Raises DocumentError where there are none."""
    found = tuple(ArchivedDocument(archive, files, path) for path in files.list() if is_scenario_file(path))
    if not found:
        hint = "scenario files end in .scenario.json or .scenario.yaml, or lie in a folder named scenarios"
        raise DocumentError.of("archive.no-scenarios", Place(archive.where), "holds no scenario file", hint)
    return found
