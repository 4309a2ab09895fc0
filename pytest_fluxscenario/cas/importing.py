"""Importing: content becomes blobs, then a tag that names them (store.md, "Import").

The order of writes makes every moment a good one to die at: an index where there was none, the blobs, the index.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.fs import make_folder, replace_file
from pytest_fluxscenario.base.names import name_fault, tag_fault, tag_order
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.base.values import type_name
from pytest_fluxscenario.cas.declared import declared_name, declared_version
from pytest_fluxscenario.cas.index import INDEX_FILE, Index, Kind, highest
from pytest_fluxscenario.cas.lock import LOCK_FILE, PATIENCE, locked
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.store import Store, open_store
from pytest_fluxscenario.cas.trees import build_tree
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import read_places
from pytest_fluxscenario.documents.source import Source, read_source

FIRST_TAG: Final = "v0.1.0"
_MOST_NUMBER: Final = 999_999_999
#: Beside the index: git must change no line ending of a blob, and must not keep what a writer leaves behind.
_GIT_FILES: Final[Mapping[str, bytes]] = {
    ".gitattributes": b"* -text\n",
    ".gitignore": f"/{LOCK_FILE}\n.*.tmp\n".encode(),
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


@dataclass(frozen=True, slots=True)
class _Content:
    kind: Kind
    place: Place
    name: str
    #: The tag of the declared version; None where none is declared.
    declared_tag: str | None
    #: What the tag names is the last of these.
    blobs: Sequence[bytes]


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

    Raises DocumentError for what is no strict YAML or JSON, StoreError for an impossible name or tag, a tag that names
    other content or a lock that is not free, DamageError for a damaged store, WriteError where the system refuses.
    """
    source = read_source(path, path, limits)
    elements = read_elements(source, limits, split=False)
    data = elements[0].data if len(elements) == 1 else None
    stem = os.path.splitext(os.path.basename(path))[0]
    content = _content(kind, source, data, stem, name, tag, (source.data,), limits)
    return _file(store, content, tag, patience)


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
    manifest = next((file for file in MANIFEST_FILES if os.path.lexists(os.path.join(folder, file))), None)
    if manifest is None:
        raise StoreError.of("pack.no-manifest", Place(folder), f"there is no {MANIFEST_FILES[0]}, so this is no pack")
    tree = build_tree(folder, folder)
    data = tree.files.get(manifest, b"")
    source = Source(f"{folder}/{manifest}", data, sha256(data))
    elements = read_elements(source, limits, split=False)
    stem = os.path.basename(os.path.abspath(folder))
    blobs = (*tree.files.values(), tree.document)
    return _file(store, _content("profiles", source, elements[0].data, stem, name, tag, blobs, limits), tag, patience)


def _content(
    kind: Kind,
    source: Source,
    data: Any,
    stem: str,
    name: str | None,
    tag: str | None,
    blobs: Sequence[bytes],
    limits: Limits,
) -> _Content:
    if name is None:
        pointer, declared = declared_name(data) or ((), stem)
        name = _text(source, pointer, declared, limits)
        place = read_places(source, limits).at(0, pointer) if name_fault(name) else Place(source.name)
    else:
        place = Place(source.name)
    fault = name_fault(name)
    if fault:
        message = f"'{shown(name, 80)}' cannot be the name in the store: {fault}"
        raise StoreError.of("store.name", place, message, "give another with --name")
    version = None if tag is not None else declared_version(data)
    declared_tag = None if version is None else _tag_of(source, *version, limits)
    return _Content(kind, Place(source.name), name, declared_tag, blobs)


def _text(source: Source, pointer: Pointer, value: Any, limits: Limits) -> str:
    if isinstance(value, str):
        return value
    place = read_places(source, limits).at(0, pointer)
    raise StoreError.of("store.declared", place, f"must be a string, not {type_name(value)}", "put it in quotes")


def _tag_of(source: Source, pointer: Pointer, value: Any, limits: Limits) -> str:
    version = _text(source, pointer, value, limits)
    tag = version if version.startswith("v") else "v" + version
    fault = tag_fault(tag)
    if fault:
        place = read_places(source, limits).at(0, pointer)
        message = f"the version '{shown(version, 80)}' cannot be a tag: {fault}"
        raise StoreError.of("store.tag", place, message, "correct it, or give a tag with --tag")
    return tag


def _file(folder: str, content: _Content, tag: str | None, patience: float) -> Imported:
    fault = None if tag is None else tag_fault(tag)
    if fault:
        raise StoreError.of("store.tag", content.place, f"'{shown(tag, 80)}' cannot be a tag: {fault}")
    digest = sha256(content.blobs[-1])
    make_folder(folder)
    with locked(folder, folder, patience):
        store = _open_or_begin(folder)
        chosen = _choose(store.index, content, tag, digest)
        index = store.index.with_entry(content.kind, content.name, chosen, digest)
        # Also where nothing is new: importing again repairs a blob that is damaged or gone.
        for blob in content.blobs:
            store.blobs.write(blob)
        if index is not store.index:
            replace_file(os.path.join(folder, INDEX_FILE), index.to_bytes())
    return Imported(content.kind, content.name, chosen, digest, index is not store.index)


def _open_or_begin(folder: str) -> Store:
    # A store that cannot be used is left as it is: opening it comes before any write.
    store = open_store(folder)
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


def _choose(index: Index, content: _Content, tag: str | None, digest: str) -> str:
    if tag is not None:
        return tag
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
