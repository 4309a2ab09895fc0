"""The packs of a working tree: the one around a file, and all of them (scenario.md, "Which profile is under test")."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.cas.index import INDEX_FILE
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.store import BLOBS_FOLDER
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import read_places
from pytest_fluxscenario.documents.source import Root, read_source

#: Folders that hold no packs of the project, beside those whose name begins with a dot. What was built is a copy of
#: something, often an old one; pytest does not collect there either.
_PRUNED: Final = frozenset({"__pycache__", "build", "dist", "node_modules"})
_VENV_MARK: Final = "pyvenv.cfg"


@dataclass(frozen=True, slots=True)
class FoundPack:
    """A folder with a manifest, of which only id and version have been read."""

    folder: str
    #: The folder relative to the root; empty for the root itself.
    where: str
    #: None where the manifest does not say.
    id: str | None
    version: str | None
    #: Why the manifest cannot be read.
    problems: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        return f"{self.id or '?'} {self.version or '?'} ({self.where or '.'})"


@dataclass(slots=True)
class Tree:
    """The working tree below a root; what has been seen of it once is not looked at again."""

    root: str
    limits: Limits = Limits()
    _around: dict[str, FoundPack | None] = field(default_factory=dict, init=False, repr=False)
    _all: tuple[FoundPack, ...] | None = field(default=None, init=False, repr=False)
    _inside: Root = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.root = os.path.abspath(self.root)
        self._inside = Root(self.root)

    def nearest(self, folder: str) -> FoundPack | None:
        """The pack whose manifest lies in ``folder``, or nearest above it up to the root; None where there is none."""
        if folder in self._around:
            return self._around[folder]
        found = self._look(folder) if self._holds(folder) else None
        if found is None and folder != self.root and self._holds(folder):
            found = self.nearest(os.path.dirname(folder))
        self._around[folder] = found
        return found

    def packs(self) -> tuple[FoundPack, ...]:
        """All packs of the tree, by folder: one walk when it is first asked for, which follows no links.

        Left out: folders whose name begins with a dot, build, dist, node_modules, virtual environments, stores.
        """
        if self._all is None:
            self._all = tuple(self._walk())
        return self._all

    def shown(self, path: str) -> str:
        """``path`` relative to the root, with slashes; empty for the root itself, unchanged when it lies elsewhere."""
        if path == self.root:
            return ""
        return os.path.relpath(path, self.root).replace(os.sep, "/") if self._holds(path) else path

    def _holds(self, path: str) -> bool:
        return path == self.root or path.startswith(self.root.rstrip(os.sep) + os.sep)

    def _look(self, folder: str) -> FoundPack | None:
        for name in MANIFEST_FILES:
            path = os.path.join(folder, name)
            if os.path.lexists(path):
                return self._read(folder, path)
        return None

    def _read(self, folder: str, path: str) -> FoundPack:
        where = self.shown(folder)
        try:
            source = read_source(path, self.shown(path), self.limits, self._inside)
            data = read_elements(source, self.limits, split=False)[0].data
        except DocumentError as error:
            return FoundPack(folder, where, None, None, error.problems)
        process = data.get("process") if isinstance(data, dict) else None
        said = process if isinstance(process, dict) else {}
        name, version = said.get("id"), said.get("version")
        if isinstance(name, str) and isinstance(version, str):
            return FoundPack(folder, where, name, version)
        lacks = "version" if isinstance(name, str) else "id"
        place = read_places(source, self.limits).at(0, ("process", lacks))
        if type(said.get(lacks)) in (int, float):
            message = f"'{lacks}' must be a string, not a number"
            problem = Problem("pack.shape", place, message, "write it in quotes")
        else:
            problem = Problem("pack.shape", place, "the manifest needs process with an id and a version")
        return FoundPack(folder, where, name if isinstance(name, str) else None, None, (problem,))

    def _walk(self) -> list[FoundPack]:
        found: list[FoundPack] = []
        pending = [self.root]
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(folder) as entries:
                    names = {entry.name: entry for entry in entries}
            except OSError:
                continue  # what cannot be listed holds nothing that could be run
            if _VENV_MARK in names or (INDEX_FILE in names and BLOBS_FOLDER in names):
                continue
            if not names.keys().isdisjoint(MANIFEST_FILES):
                pack = self.nearest(folder)
                if pack is not None:
                    found.append(pack)
            pending.extend(
                entry.path
                for name, entry in names.items()
                if not name.startswith(".") and name not in _PRUNED and entry.is_dir(follow_symlinks=False)
            )
        return sorted(found, key=lambda pack: pack.where)
