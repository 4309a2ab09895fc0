"""What lies below ``blobs/`` of a store, and what names it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.fs import is_temporary
from pytest_fluxscenario.base.names import hash_fault
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.trees import decode_tree, is_tree

#: ``stray`` is whatever is neither a blob nor left behind by a writer that died.
Role = Literal["blob", "temporary", "stray"]


@dataclass(frozen=True, slots=True)
class Holding:
    """One name in the ``blobs`` folder or in one of its folders."""

    role: Role
    #: The hash, where it is a blob.
    name: str
    #: The folder it lies in, and that as it is shown.
    folder: str
    folder_shown: str

    @property
    def path(self) -> str:
        """Where it lies."""
        return os.path.join(self.folder, self.name)

    @property
    def shown(self) -> str:
        """The path as it is shown."""
        return f"{self.folder_shown}/{self.name}"


def holdings(blobs: Blobs) -> Iterator[Holding]:
    """Everything that lies below the ``blobs`` folder, sorted; nothing where there is no such folder.

    Raises StoreError for a folder that cannot be read.
    """
    for shard in _names(blobs.folder, blobs.name):
        path, name = os.path.join(blobs.folder, shard), f"{blobs.name}/{shard}"
        if len(shard) != 2 or os.path.islink(path) or not os.path.isdir(path):
            yield Holding(_other(shard), shard, blobs.folder, blobs.name)
            continue
        for entry in _names(path, name):
            is_blob = entry[:2] == shard and not hash_fault(entry)
            role: Role = "blob" if is_blob else _other(entry)
            yield Holding(role, entry, path, name)


def _other(name: str) -> Role:
    return "temporary" if is_temporary(name) else "stray"


def _names(folder: str, name: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        said = shown(error.strerror or type(error).__name__)
        raise StoreError.of("store.unreadable", Place(name), f"the folder cannot be read: {said}") from error


@dataclass(slots=True)
class Named:
    """The blobs that some hashes of an index lead to: what they name, and the files of the trees among them."""

    #: Hash to what names it, for messages: the first that did.
    by: dict[str, str] = field(default_factory=dict)
    #: A tree that cannot be read, so that nobody knows which files it names.
    faults: list[StoreError] = field(default_factory=list)

    @classmethod
    def follow(cls, blobs: Blobs, roots: Mapping[str, str], trees: Iterable[str]) -> Named:
        """What ``roots`` (hash to what names it) lead to; ``trees`` are those of them that may be tree documents."""
        named = cls(dict(roots))
        for digest in trees:
            place = Place(f"{blobs.name}/{digest[:2]}/{digest}")
            try:
                data = blobs.read(digest)
                files = decode_tree(data, place) if is_tree(data) else {}
            except StoreError as error:
                named.faults.append(error)
                continue
            for path, entry in files.items():
                named.by.setdefault(entry.hash, f"{roots[digest]}, {shown(path)}")
        return named
