"""A pack by its path, which is its folder, its manifest or an archive of it, or by its hash in a store (pack.md)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.errors import FluxError, UsageError
from pytest_fluxscenario.base.near import near_path
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.paths import ARCHIVE_SUFFIX, MANIFEST_FILES
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.cas.trees import is_tree, read_tree
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.packs.files import FolderFiles, LoneProfile, PackFiles, TreeFiles

_FOLDER: Final = "give a pack's folder, or its manifest"
_ANY: Final = f"give a pack's folder, its manifest, or its archive (*{ARCHIVE_SUFFIX})"


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive of a pack in the working tree."""

    #: Absolute.
    path: str
    #: How it is shown: relative to the root.
    where: str

    def __str__(self) -> str:
        return self.where


def is_archive(path: str) -> bool:
    """Whether ``path`` names an archive of a pack: by the end of its name, in any case, and nothing else."""
    return path.lower().endswith(ARCHIVE_SUFFIX)


def open_pack(path: str, where: str, limits: Limits = Limits()) -> PackFiles:
    """The files of the pack at ``path``, which messages show as ``where`` (empty: relative to the pack itself).

    ``path`` is the pack's folder, its manifest, or an archive, which is judged whole and read into memory. Raises
    UsageError where it is none of them; DocumentError and StoreError for an archive that cannot be used.
    """
    if is_archive(path) and not os.path.isdir(path):
        if not os.path.lexists(path):
            raise _none(path, where, _ANY)
        from pytest_fluxscenario.cas.archive import read_archive

        return TreeFiles(read_archive(path, where or path), where, limits)
    folder = folder_of(path, where, _ANY)
    return FolderFiles(folder, where if folder == path else os.path.dirname(where), limits)


def open_stored(store: Store, digest: str, where: str, limits: Limits = Limits()) -> PackFiles:
    """The files of the pack, or the profile alone, that a store has under a hash. Raises StoreError, DamageError."""
    data = store.read(digest)
    if is_tree(data):
        return TreeFiles(read_tree(store.blobs, digest), where, limits)
    # The store keeps no file names. Strict JSON that begins like this is no YAML that anybody writes by hand.
    name = "profile.json" if data.lstrip()[:1] == b"{" else "profile.yaml"
    return LoneProfile(Source(f"{where}/{name}", data, digest), where, limits)


def folder_of(path: str, where: str, hint: str = _FOLDER) -> str:
    """The folder of the pack at ``path``, which is that folder or its manifest. Raises UsageError."""
    if os.path.isdir(path):
        return os.path.normpath(path)
    if os.path.basename(path) in MANIFEST_FILES and os.path.isdir(os.path.dirname(path) or "."):
        return os.path.normpath(os.path.dirname(path))
    raise _none(path, where, hint)


def _none(path: str, where: str, hint: str) -> FluxError:
    place = Place(shown(where or path))
    if os.path.lexists(path):
        return UsageError.of("pack.none", place, "is no pack", hint)
    return UsageError.of("pack.none", place, "there is no such folder or archive", near_path(path))
