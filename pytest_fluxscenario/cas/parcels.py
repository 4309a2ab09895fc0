"""Parcels: content that was read and named, ready to be filed (store.md, "Import")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.names import name_fault, tag_fault
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.base.values import type_name
from pytest_fluxscenario.cas.contents import Content, Held, read_content
from pytest_fluxscenario.cas.declared import declared_name, declared_version
from pytest_fluxscenario.cas.gathering import GatheredTree
from pytest_fluxscenario.cas.index import Kind
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.trees import BuiltTree, is_tree
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import read_places
from pytest_fluxscenario.documents.source import Source


@dataclass(frozen=True, slots=True)
class Parcel:
    """One artifact, ready to be filed."""

    kind: Kind
    place: Place
    name: str
    #: The tag that was asked for; None where the store chooses.
    tag: str | None
    #: The tag of the declared version; None where none is declared, or one was asked for.
    declared_tag: str | None
    #: What the tag names is the last of these.
    blobs: Sequence[Content]
    #: The version that it declares, where a tag was asked for that says another.
    other_version: str | None = None
    #: To be left with ``with`` while the contents are read.
    opened: Callable[[], AbstractContextManager[object]] = nullcontext

    @property
    def hash(self) -> str:
        """64 hex digits of what the tag names."""
        return self.blobs[-1].digest


def document_parcel(
    kind: Kind,
    source: Source,
    stem: str | None,
    name: str | None = None,
    tag: str | None = None,
    limits: Limits = Limits(),
) -> Parcel:
    """The parcel of one document, its bytes as they are.

    The name is ``name``, else the one that the document gives itself, else ``stem`` (None: there is none, as for what
    came through a pipe). Raises DocumentError for what is no strict YAML or JSON, StoreError for an impossible name or
    tag.
    """
    if is_tree(source.data):
        # Filed as a document it would be taken for a pack.
        raise StoreError.of("store.is-tree", Place(source.name), "is a tree document of a store, not an artifact")
    elements = read_elements(source, limits, split=False)
    data = elements[0].data if len(elements) == 1 else None
    return _parcel(kind, source, data, stem, name, tag, (Held(source.data, source.digest),), limits)


def tree_parcel(
    tree: GatheredTree,
    where: str,
    stem: str,
    name: str | None = None,
    tag: str | None = None,
    limits: Limits = Limits(),
) -> Parcel:
    """The parcel of a process pack; name and version are those of its manifest, where they are not given.

    Messages show the pack as ``where``. Raises like ``document_parcel``, and StoreError where there is no manifest.
    """
    manifest = next((file for file in MANIFEST_FILES if file in tree.files), None)
    if manifest is None:
        deeper = next((path for path in tree.files if path.rpartition("/")[2] in MANIFEST_FILES), None)
        hint = f"there is one in {shown(deeper.rpartition('/')[0])}: import that folder" if deeper else ""
        message = f"there is no {MANIFEST_FILES[0]}, so this is no pack"
        raise StoreError.of("pack.no-manifest", Place(where), message, hint)
    with tree.opened():
        source = read_content(tree.files[manifest], f"{where}/{manifest}", limits.file_bytes)
    content = read_elements(source, limits, split=False)[0].data
    blobs = (*tree.files.values(), Held(tree.document, tree.hash))
    return replace(_parcel("profiles", source, content, stem, name, tag, blobs, limits), opened=tree.opened)


def suite_parcel(
    tree: BuiltTree,
    where: str,
    stem: str,
    name: str | None = None,
    tag: str | None = None,
    limits: Limits = Limits(),
) -> Parcel:
    """The parcel of a suite, a tree of scenario files; it has no version of its own.

    Messages show it as ``where``. Raises StoreError for an impossible name or tag.
    """
    document = tree.document
    files = [Held(data, tree.entries[path].hash) for path, data in tree.files.items()]
    blobs = (*files, Held(document, sha256(document)))
    return _parcel("scenarios", Source(where, b"", ""), None, stem, name, tag, blobs, limits)


def _parcel(
    kind: Kind,
    source: Source,
    data: Any,
    stem: str | None,
    name: str | None,
    tag: str | None,
    blobs: Sequence[Content],
    limits: Limits,
) -> Parcel:
    fault = None if tag is None else tag_fault(tag)
    if fault:
        raise StoreError.of("store.tag", Place(source.name), f"'{shown(tag, 80)}' cannot be a tag: {fault}")
    if name is None:
        name = _own_name(source, data, stem, limits)
    elif name_fault(name):
        raise _impossible(Place(source.name), name)
    version = declared_version(data)
    if tag is not None:
        written = None if version is None or not isinstance(version[1], str) else version[1]
        other = written if written is not None and written.removeprefix("v") != tag.removeprefix("v") else None
        return Parcel(kind, Place(source.name), name, tag, None, blobs, other)
    declared_tag = None if version is None else _tag_of(source, *version, limits)
    return Parcel(kind, Place(source.name), name, None, declared_tag, blobs)


def _own_name(source: Source, data: Any, stem: str | None, limits: Limits) -> str:
    declared = declared_name(data)
    if declared is None:
        if stem is None:
            raise StoreError.of("store.name", Place(source.name), "does not name itself", "give a name with --name")
        declared = (), stem
    pointer, value = declared
    name = _text(source, pointer, value, limits)
    if name_fault(name):
        raise _impossible(read_places(source, limits).at(0, pointer) if source.data else Place(source.name), name)
    return name


def _impossible(place: Place, name: str) -> StoreError:
    message = f"'{shown(name, 80)}' cannot be the name in the store: {name_fault(name)}"
    error: StoreError = StoreError.of("store.name", place, message, "give another with --name")
    return error


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
