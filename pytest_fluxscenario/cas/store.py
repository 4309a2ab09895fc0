"""A store as a reader sees it: one state of the index, and the blobs (store.md)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.errors import DamageError, DocumentError, StoreError
from pytest_fluxscenario.base.names import Ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.index import INDEX_FILE, INDEX_LIMITS, Index, Kind, Resolved
from pytest_fluxscenario.documents.source import read_source

STORE_FOLDER: Final = "store"
BLOBS_FOLDER: Final = "blobs"


@dataclass(frozen=True, slots=True)
class Store:
    """A store with the index as it was when it was opened: a ref means the same as long as this value lives."""

    folder: str
    #: How the folder is shown.
    name: str
    index: Index
    #: What ``index`` was read from; another process opens the same state with them.
    index_bytes: bytes

    @property
    def blobs(self) -> Blobs:
        """The blobs."""
        return blobs_of(self.folder, self.name)

    def resolve(self, kind: Kind, ref: Ref) -> Resolved:
        """What ``ref`` means. Raises StoreError."""
        return self.index.resolve(kind, ref)

    def read(self, digest: str) -> bytes:
        """The blob of that hash, verified.

        Raises DamageError, also where it is gone and the index names it; StoreError.
        """
        try:
            return self.blobs.read(digest)
        except StoreError as error:
            named = (tags.values() for names in self.index.names.values() for tags in names.values())
            if error.problems[0].code == "store.missing-blob" and any(digest in hashes for hashes in named):
                raise DamageError(error.problems) from None
            raise


def blobs_of(folder: str, name: str = "") -> Blobs:
    """The blobs of the store in ``folder``, shown as ``name``."""
    return Blobs(os.path.join(folder, BLOBS_FOLDER), f"{name or folder}/{BLOBS_FOLDER}")


def open_store(
    folder: str, name: str = "", index_bytes: bytes | None = None, known: Store | None = None
) -> Store | None:
    """The store in ``folder``, shown as ``name``; None where there is neither an index nor a blob.

    ``index_bytes`` is used instead of the file where a session resolves against one fixed index. ``known`` is an
    earlier state of the same store: where its index is still the same, that is not read once more.
    Raises DamageError for an index that cannot be used, or that is missing while blobs exist: never an empty store.
    """
    name = name or folder
    file = f"{name}/{INDEX_FILE}"
    path = os.path.join(folder, INDEX_FILE)
    if index_bytes is None:
        if not os.path.lexists(path):
            # Looked at again: another process may have begun the store between the two.
            if has_blobs(folder) and not os.path.lexists(path):
                message = "the index is missing, but blobs exist"
                raise DamageError.of("store.index-missing", Place(file), message, "restore it from git or a copy")
            if not os.path.lexists(path):
                return None
        try:
            index_bytes = read_source(path, file, INDEX_LIMITS, root=folder).data
        except DocumentError as error:
            raise DamageError(error.problems) from error
    if known is not None and known.index_bytes == index_bytes:
        return known
    return Store(folder, name, Index.parse(index_bytes, file), index_bytes)


def no_store(folder: str, name: str, hint: str) -> StoreError:
    """The error for a folder that was named, and is no store."""
    there = os.path.isdir(folder)
    message = "there is no store in this folder" if there else "there is no such folder, and so no store"
    error: StoreError = StoreError.of("store.none", Place(name), message, hint)
    return error


def find_store(start: str, root: str | None = None) -> str | None:
    """The ``store`` folder of the nearest folder from ``start`` up to ``root`` that has one; None where none has.

    A store whose index is missing counts, so that opening it says so.
    """
    folder = os.path.abspath(start)
    top = os.path.abspath(root) if root is not None else None
    while True:
        store = os.path.join(folder, STORE_FOLDER)
        if os.path.lexists(os.path.join(store, INDEX_FILE)) or has_blobs(store):
            return store
        above = os.path.dirname(folder)
        if folder in (top, above):
            return None
        folder = above


def is_store(folder: str) -> bool:
    """Whether ``folder`` is laid out as a store, so that whoever walks a tree leaves it alone."""
    return os.path.isdir(os.path.join(folder, BLOBS_FOLDER)) and os.path.lexists(os.path.join(folder, INDEX_FILE))


def has_blobs(folder: str) -> bool:
    """Whether a blob lies below ``folder``."""
    try:
        with os.scandir(os.path.join(folder, BLOBS_FOLDER)) as shards:
            for shard in shards:
                if len(shard.name) == 2 and shard.is_dir(follow_symlinks=False) and os.listdir(shard.path):
                    return True
    except OSError:
        return False
    return False
