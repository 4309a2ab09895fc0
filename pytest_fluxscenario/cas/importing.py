"""Importing: content becomes blobs, then a tag that names them (store.md, "Import").

The order of writes makes every moment a good one to die at: an index where there was none, the blobs, the line that
the index is checked by, the index.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.fs import make_folder, replace_file, sync_folder
from pytest_fluxscenario.base.names import tag_order
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.cas.active import ACTIVE_FILE
from pytest_fluxscenario.cas.index import INDEX_FILE, Index, Kind, TagError, highest
from pytest_fluxscenario.cas.lock import LOCK_FILE, PATIENCE, locked
from pytest_fluxscenario.cas.parcels import Parcel, document_parcel, tree_parcel
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.store import Store, open_store
from pytest_fluxscenario.cas.sums import SUM_FILE, Entry, add_to_sums
from pytest_fluxscenario.cas.trees import build_tree
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import read_source

FIRST_TAG: Final = "v0.1.0"
_MOST_NUMBER: Final = 999_999_999
#: Beside the index: git must change no line ending of a blob, and must not keep what a writer leaves behind.
_GIT_FILES: Final[Mapping[str, bytes]] = {
    ".gitattributes": f"* -text\n{INDEX_FILE} merge=fluxrig-store\n{SUM_FILE} merge=union\n".encode(),
    ".gitignore": f"/{LOCK_FILE}\n/{ACTIVE_FILE}\n.*.tmp\n".encode(),
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import filed, or found filed already."""

    kind: Kind
    name: str
    tag: str
    #: 64 hex digits; of the tree document where a pack was imported.
    hash: str
    #: False where the store held it under that tag before.
    new: bool

    def __str__(self) -> str:
        return f"{self.name}:{self.tag} sha256:{self.hash}"


def import_file(
    store: str,
    kind: Kind,
    path: str,
    name: str | None = None,
    tag: str | None = None,
    *,
    limits: Limits = Limits(),
    patience: float = PATIENCE,
) -> Imported:
    """File the document at ``path``, its bytes as they are, under ``name`` and ``tag`` (or what it declares).

    Raises DocumentError for what is no strict YAML or JSON, StoreError for an impossible name or tag or a lock that is
    not free, TagError for a tag that names other content, DamageError for a damaged store, WriteError where the system
    refuses.
    """
    return file_all(store, (read_file(kind, path, name, tag, limits),), patience)[0]


def import_tree(
    store: str,
    folder: str,
    name: str | None = None,
    tag: str | None = None,
    *,
    limits: Limits = Limits(),
    patience: float = PATIENCE,
) -> Imported:
    """File the process pack in ``folder`` as a whole, as a profile: each file a blob, and a tree that names them.

    Name and version are those of its manifest, where they are not given. Nothing of the pack is run, and nothing but
    its form is checked. Raises like ``import_file``, and StoreError for what cannot be in a pack.
    """
    return file_all(store, (read_folder(folder, name, tag, limits),), patience)[0]


def read_file(
    kind: Kind, path: str, name: str | None = None, tag: str | None = None, limits: Limits = Limits()
) -> Parcel:
    """The document at ``path``, ready to be filed. Raises DocumentError, StoreError."""
    return document_parcel(kind, read_source(path, path, limits), stem_of(path), name, tag, limits)


def read_folder(folder: str, name: str | None = None, tag: str | None = None, limits: Limits = Limits()) -> Parcel:
    """The process pack in ``folder``, ready to be filed. Raises DocumentError, StoreError."""
    if not any(os.path.lexists(os.path.join(folder, file)) for file in MANIFEST_FILES):
        raise StoreError.of("pack.no-manifest", Place(folder), f"there is no {MANIFEST_FILES[0]}, so this is no pack")
    stem = os.path.basename(os.path.abspath(folder))
    return tree_parcel(build_tree(folder, folder), folder, stem, name, tag, limits)


def stem_of(path: str) -> str:
    """What a file is called where nothing else names it."""
    return os.path.splitext(os.path.basename(path))[0]


def file_all(
    folder: str,
    parcels: Sequence[Parcel],
    patience: float = PATIENCE,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Imported]:
    """File all of them or, where one cannot be filed, none: under one lock, with one write of the index.

    ``progress`` is told how many have been stored. Raises TagError with every tag that names other content, StoreError,
    DamageError and WriteError like ``import_file``.
    """
    make_folder(folder)
    with locked(folder, folder, patience):
        store = _open_or_begin(folder)
        index, imported = _place_all(store.index, parcels)
        # Also where nothing is new: importing again repairs a blob that is damaged or gone.
        for number, parcel in enumerate(parcels, 1):
            for blob in parcel.blobs:
                store.blobs.write(blob)
            progress(number)
        filed = [Entry(one.kind, one.name, one.tag, one.hash) for one in imported]
        add_to_sums(folder, store.index, filed)
        if index is not store.index:
            replace_file(os.path.join(folder, INDEX_FILE), index.to_bytes())
    return imported


def _place_all(index: Index, parcels: Sequence[Parcel]) -> tuple[Index, list[Imported]]:
    """The index with all of them, and what each is called in it. Raises TagError, StoreError."""
    imported: list[Imported] = []
    taken: list[Problem] = []
    for parcel in parcels:
        digest = parcel.hash
        chosen = _choose(index, parcel, digest)
        try:
            after = index.with_entry(parcel.kind, parcel.name, chosen, digest)
        except TagError as error:
            # Which of many inputs it is matters more than where the index lies.
            taken.extend(replace(problem, place=parcel.place) for problem in error.problems)
            continue
        imported.append(Imported(parcel.kind, parcel.name, chosen, digest, after is not index))
        index = after
    if taken:
        raise TagError(taken)
    return index, imported


def _open_or_begin(folder: str) -> Store:
    # A store that cannot be used is left as it is: opening it comes before any write.
    store = open_store(folder)
    if store is None:
        # Whoever made the folder may have died before this.
        sync_folder(os.path.dirname(os.path.abspath(folder)))
    for name, data in _GIT_FILES.items():
        path = os.path.join(folder, name)
        if not os.path.lexists(path):
            replace_file(path, data)
    if store is None:
        # Before the first blob an index, so that a death before the first tag leaves no blobs without one.
        empty = Index()
        replace_file(os.path.join(folder, INDEX_FILE), empty.to_bytes())
        store = Store(folder, folder, empty, empty.to_bytes())
    return store


def _choose(index: Index, content: Parcel, digest: str) -> str:
    if content.tag is not None:
        return content.tag
    held = index.names.get(content.kind, {}).get(content.name, {})
    if content.declared_tag is not None and held.get(content.declared_tag) == digest:
        return content.declared_tag
    same = [known for known, filed in held.items() if filed == digest]
    if same:
        return highest(same)
    if content.declared_tag is not None:
        return content.declared_tag
    return _next_minor(highest(held), content.place) if held else FIRST_TAG


def _next_minor(highest: str, place: Place) -> str:
    version = tag_order(highest)
    if version.minor >= _MOST_NUMBER:
        raise StoreError.of("store.tag", place, f"there is no minor version after {highest}", "give a tag with --tag")
    return f"v{version.major}.{version.minor + 1}.0"
