"""The files of a pack that loading it looks at: all that is needed to load it once more elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.packs.files import PackFiles
from pytest_fluxscenario.packs.load import load_pack


@dataclass(frozen=True, slots=True)
class _Watched:
    """The same files, and which of them were asked for."""

    files: PackFiles
    asked: set[str] = field(default_factory=set)

    @property
    def where(self) -> str:
        return self.files.where

    @property
    def limits(self) -> Limits:
        return self.files.limits

    def fault(self, path: str) -> str | None:
        self.asked.add(path)
        return self.files.fault(path)

    def exists(self, path: str) -> bool:
        self.asked.add(path)
        return self.files.exists(path)

    def read(self, path: str) -> Source:
        self.asked.add(path)
        return self.files.read(path)

    def digest(self, path: str) -> str:
        self.asked.add(path)
        return self.files.digest(path)

    def content(self, path: str) -> bytes:
        self.asked.add(path)
        return self.files.content(path)

    def may_run(self, path: str) -> bool:
        self.asked.add(path)
        return self.files.may_run(path)

    def list(self, under: str = "") -> tuple[str, ...]:
        found = self.files.list(under)
        self.asked.update(found)
        return found


def touched_files(files: PackFiles) -> tuple[str, ...]:
    """The paths that a pack is loaded from, sorted: its documents and the code of its hooks, and not its scenarios.

    Raises like ``load_pack``.
    """
    watched = _Watched(files)
    load_pack(watched)
    return tuple(sorted(path for path in watched.asked if files.exists(path)))
