"""The files of a pack, wherever they lie: in a folder, in the store, in an archive; or one profile alone."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import Protocol

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError, ProfileError, StoreError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import MOST_BYTES
from pytest_fluxscenario.cas.paths import path_fault
from pytest_fluxscenario.cas.scan import scan_folder
from pytest_fluxscenario.cas.trees import FileTree
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Root, Source, read_source


class PackFiles(Protocol):
    """What a pack is read from. Paths are POSIX and relative to the pack; none leads out of it."""

    @property
    def where(self) -> str:
        """How the pack is shown."""
        ...

    @property
    def limits(self) -> Limits:
        """How large its documents may be."""
        ...

    def fault(self, path: str) -> str | None:
        """Why there is no such file to read; None where there is one."""
        ...

    def exists(self, path: str) -> bool:
        """Whether the file can be read."""
        ...

    def read(self, path: str) -> Source:
        """One document. Raises FluxError where it cannot be read."""
        ...

    def digest(self, path: str) -> str:
        """SHA-256 of one file, 64 hex digits. Raises FluxError where it cannot be read."""
        ...

    def content(self, path: str) -> bytes:
        """The bytes of one file of any kind. Raises FluxError where it cannot be read."""
        ...

    def may_run(self, path: str) -> bool:
        """Whether the file is marked as one that its owner may execute."""
        ...

    def list(self, under: str = "") -> tuple[str, ...]:
        """The paths of all files, or of those below the folder ``under``, sorted.

        Raises FluxError for what cannot be in a pack.
        """
        ...


def file_place(files: PackFiles, path: str) -> Place:
    """The place of a file of a pack, as a message shows it."""
    return Place(f"{files.where}/{shown(path)}" if files.where else shown(path))


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """A pack in the working tree."""

    folder: str
    #: The folder relative to the root; empty for the root itself.
    where: str
    limits: Limits = Limits()
    _root: Root = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_root", Root(self.folder))

    def fault(self, path: str) -> str | None:
        """Why there is no such file to read; links that stay in the pack are followed."""
        fault = path_fault(path)
        if fault:
            return fault
        real = os.path.realpath(self._real(path))
        if not self._root.holds(real):
            return "it is a link that leaves the pack"
        try:
            mode = os.stat(real).st_mode
        except FileNotFoundError:
            return "there is no such file"
        except OSError as error:
            return f"it cannot be read: {shown(error.strerror or type(error).__name__)}"
        return None if stat.S_ISREG(mode) else "it is not a file"

    def exists(self, path: str) -> bool:
        """Whether the file can be read."""
        return self.fault(path) is None

    def read(self, path: str) -> Source:
        """One document. Raises DocumentError, ProfileError for an impossible path."""
        return self._read(path, self.limits)

    def digest(self, path: str) -> str:
        """SHA-256 of one file. Raises DocumentError, ProfileError for an impossible path."""
        return self._read(path, Limits(file_bytes=MOST_BYTES)).digest

    def content(self, path: str) -> bytes:
        """The bytes of one file. Raises DocumentError, ProfileError for an impossible path."""
        return self._read(path, Limits(file_bytes=MOST_BYTES)).data

    def may_run(self, path: str) -> bool:
        """Whether the file is marked so in the working tree."""
        return os.access(self._real(path), os.F_OK) and bool(os.stat(self._real(path)).st_mode & stat.S_IXUSR)

    def list(self, under: str = "") -> tuple[str, ...]:
        """The files that an import would take. Raises ProfileError for what cannot be in a pack."""
        if under and not os.path.isdir(self._real(under)):
            return ()
        try:
            return tuple(file.path for file in scan_folder(self.folder, self.where, under))
        except StoreError as error:
            raise ProfileError(error.problems) from error

    def _read(self, path: str, limits: Limits) -> Source:
        place = file_place(self, path)
        fault = path_fault(path)
        if fault:
            raise ProfileError.of("pack.path", place, fault, "write it relative to the pack")
        return read_source(self._real(path), place.file, limits, self._root)

    def _real(self, path: str) -> str:
        return os.path.join(self.folder, *path.split("/"))


@dataclass(frozen=True, slots=True)
class TreeFiles:
    """A pack in the store, or in an archive that was read into memory."""

    tree: FileTree
    where: str
    limits: Limits = Limits()

    def fault(self, path: str) -> str | None:
        """Why there is no such file."""
        return path_fault(path) or (None if path in self.tree.entries else "there is no such file")

    def exists(self, path: str) -> bool:
        """Whether the tree names the file."""
        return path in self.tree.entries

    def read(self, path: str) -> Source:
        """One document, verified. Raises DocumentError where there is none, StoreError and DamageError of the store."""
        data = self.tree[path] if self._known(path) else b""
        return Source(file_place(self, path).file, data, sha256(data))

    def digest(self, path: str) -> str:
        """SHA-256 of one file, as the tree names it. Raises DocumentError where there is none."""
        return self.tree.entries[path].hash if self._known(path) else ""

    def content(self, path: str) -> bytes:
        """The bytes of one file, verified. Raises like ``read``."""
        return self.read(path).data

    def may_run(self, path: str) -> bool:
        """Whether the tree says so."""
        return path in self.tree.entries and self.tree.entries[path].mode == "755"

    def list(self, under: str = "") -> tuple[str, ...]:
        """The paths of the tree."""
        return tuple(path for path in self.tree.entries if not under or path.startswith(under + "/"))

    def _known(self, path: str) -> bool:
        if path not in self.tree.entries:
            raise DocumentError.of("document.unreadable", file_place(self, path), "there is no such file in the pack")
        return True


@dataclass(frozen=True, slots=True)
class LoneProfile:
    """A profile without a pack around it: one document, no hooks, no schemas."""

    source: Source
    where: str
    limits: Limits = Limits()

    @property
    def path(self) -> str:
        """The only path there is."""
        return self.source.name.rpartition("/")[2]

    def fault(self, path: str) -> str | None:
        """A lone profile has no other file."""
        return None if path == self.path else "a profile without a pack has no files beside it"

    def exists(self, path: str) -> bool:
        """Whether it is the profile itself."""
        return path == self.path

    def read(self, path: str) -> Source:
        """The profile. Raises StoreError for anything else."""
        fault = self.fault(path)
        if fault:
            raise StoreError.of("pack.path", file_place(self, path), fault)
        return self.source

    def digest(self, path: str) -> str:
        """Hash of the profile. Raises StoreError for anything else."""
        return self.read(path).digest

    def content(self, path: str) -> bytes:
        """The bytes of the profile. Raises StoreError for anything else."""
        return self.read(path).data

    def may_run(self, path: str) -> bool:  # noqa: ARG002 - the port's signature
        """A profile is no program."""
        return False

    def list(self, under: str = "") -> tuple[str, ...]:
        """The profile."""
        return () if under else (self.path,)
