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
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.cas.active import ACTIVE_FILE
from pytest_fluxscenario.cas.draft import Draft
from pytest_fluxscenario.cas.gathering import gather_folder
from pytest_fluxscenario.cas.index import INDEX_FILE, Index, Kind, TagError
from pytest_fluxscenario.cas.lock import LOCK_FILE, PATIENCE, locked
from pytest_fluxscenario.cas.parcels import Parcel, document_parcel, tree_parcel
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.store import Store, blobs_of, open_store
from pytest_fluxscenario.cas.sums import SUM_FILE, Entry, add_to_sums
from pytest_fluxscenario.cas.writing import writing
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import read_source

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
    return tree_parcel(gather_folder(folder, folder), folder, stem, name, tag, limits)


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

    ``progress`` is told how many have been stored. Raises TagError with every tag that names other content, StoreError
    for a lock that is not free, DamageError for a damaged store, WriteError where the system refuses.
    """
    blobs = [content for parcel in parcels for content in parcel.blobs]
    # What cannot be filed is found before anything is written, and so is a store that cannot be used.
    begun = _begun(folder, patience)
    if any(parcel.tag or parcel.declared_tag for parcel in parcels):
        _place_all(begun.index, parcels)
    _write_blobs(folder, parcels, progress)
    with locked(folder, folder, patience):
        store = _begin(folder, begun)
        index, imported = _place_all(store.index, parcels)
        # Nobody waited while they were written: a collection may have taken them away.
        if not all(store.blobs.lies(content.digest) for content in blobs):
            _write_blobs(folder, parcels)
        filed = [Entry(one.kind, one.name, one.tag, one.hash) for one in imported]
        add_to_sums(folder, store.index, filed)
        if index is not store.index:
            replace_file(os.path.join(folder, INDEX_FILE), index.to_bytes(), lasts=False)
    # Whoever comes next need not wait for this: to write the index they have to sync the folder themselves.
    sync_folder(folder)
    return imported


def _write_blobs(folder: str, parcels: Sequence[Parcel], progress: Callable[[int], None] = lambda _: None) -> None:
    """Also where nothing is new: importing again repairs a blob that is damaged or gone."""
    with writing(blobs_of(folder)) as writer:
        for number, parcel in enumerate(parcels, 1):
            with parcel.opened():
                for content in parcel.blobs:
                    writer.add(content)
            progress(number)
        writer.settle()


def _place_all(index: Index, parcels: Sequence[Parcel]) -> tuple[Index, list[Imported]]:
    """The index with all of them, and what each is called in it. Raises TagError, StoreError."""
    draft = Draft(index)
    imported: list[Imported] = []
    taken: list[Problem] = []
    for parcel in parcels:
        kind, name, digest = parcel.kind, parcel.name, parcel.hash
        tag = parcel.tag or draft.choose(kind, name, parcel.declared_tag, digest, parcel.place)
        try:
            imported.append(Imported(kind, name, tag, digest, draft.put(kind, name, tag, digest)))
        except TagError as error:
            # Which of many inputs it is matters more than where the index lies.
            taken.extend(replace(problem, place=parcel.place) for problem in error.problems)
    if taken:
        raise TagError(taken)
    return draft.done(), imported


def _begun(folder: str, patience: float) -> Store:
    """The store, begun where there is none. Takes no lock where there is nothing to begin."""
    store = open_store(folder)
    if store is None or not all(os.path.lexists(os.path.join(folder, name)) for name in _GIT_FILES):
        make_folder(folder)
        with locked(folder, folder, patience):
            store = _begin(folder)
    return store


def _begin(folder: str, known: Store | None = None) -> Store:
    # A store that cannot be used is left as it is: opening it comes before any write.
    store = open_store(folder, known=known)
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
