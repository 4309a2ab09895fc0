"""Scenarios in the store: what a ref names, and the documents in it (store.md, "Run by ref").

A ref names one document (a scenario, or several), a suite (a tree of scenario files) or a process pack, whose own
scenarios run on the pack as it is stored. Scenarios come first: a pack is meant where no scenario has the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.names import HashRef, Ref, TagRef
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cas.describing import document_name
from pytest_fluxscenario.cas.index import Resolved
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.scenarios import is_scenario_file
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.cas.trees import is_tree, read_tree
from pytest_fluxscenario.documents.source import Source

#: How a ref is written behind the store's index, in ids and on the command line.
SEPARATOR: Final = "::"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One document of scenarios in the store; what runs are the bytes that its hash says."""

    store: Store
    ref: Resolved
    #: The path in its suite or pack; empty for a document alone.
    path: str
    #: 64 hex digits of its bytes.
    hash: str
    #: How it is shown in places: below the store, as packs of the store are.
    name: str
    #: The stored pack that it is a part of.
    around: Ref | None = None

    @property
    def file(self) -> str:
        """What evidence calls it: the same wherever the store lies."""
        return f"{self.ref}/{self.path}" if self.path else str(self.ref)

    @property
    def id(self) -> str:
        """What ids call it, behind the store's index."""
        return f"{self.ref}{SEPARATOR}{self.path}" if self.path else str(self.ref)

    def read(self) -> Source:
        """Its bytes, verified. Raises StoreError, DamageError."""
        return Source(self.name, self.store.blobs.read_named(self.hash), self.hash)


def find_stored(store: Store, ref: Ref) -> Resolved:
    """What ``ref`` names: scenarios, or where none has the name a pack. What a hash names says itself what it is.

    Raises StoreError that says what there is instead, DamageError.
    """
    if isinstance(ref, HashRef):
        return store.resolve("profiles" if _is_pack(store, ref.hash) else "scenarios", ref)
    names = store.index.names
    if ref.name in names.get("scenarios", {}):
        return store.resolve("scenarios", ref)
    if ref.name in names.get("profiles", {}):
        return store.resolve("profiles", ref)
    hint = did_you_mean(ref.name, {*names.get("scenarios", {}), *names.get("profiles", {})})
    if ref.name in names.get("specs", {}):
        hint = "a spec of that name exists, but specs are not run"
    message = f"the store has no scenario and no profile '{shown(ref.name, 80)}'"
    raise StoreError.of(
        "store.unknown-name", Place(store.index.file), message, hint or "import one: fluxrig scenario import PATH"
    )


def bare_name_hint(store: Store, text: str) -> str:
    """What to write instead of something that is no ref: the newest version of that name, or of the nearest."""
    names = {*store.index.names.get("scenarios", {}), *store.index.names.get("profiles", {})}
    return f"for its newest version write {text}:latest" if text in names else did_you_mean(text, names)


def describe_found(asked: str, found: Resolved) -> str:
    """What a ref resolved to, for people; ``asked`` is what they wrote, empty for what was run last."""
    tagged = f"{found} (sha256:{found.hash[:12]}…)" if found.name else f"{str(found)[:19]}…"
    first = f"{shown(asked, 80)} is " if asked and found.name and asked != str(found) else ""
    return f"{first}{'pack' if found.kind == 'profiles' else 'scenarios'} {tagged}{'' if asked else ', run last'}"


def read_stored(store: Store, found: Resolved) -> tuple[StoredDocument, ...]:
    """The documents of what was found, in order of their paths: never none. Raises StoreError, DamageError."""
    place = f"{found.name}/{found.tag}" if found.name else f"sha256/{found.hash[:12]}"
    where = f"{store.name}/{place}"
    data = store.blobs.read_named(found.hash)
    if not is_tree(data):
        if found.kind == "profiles":
            hint = "import its pack, or scenarios that run on it"
            raise StoreError.of("store.no-scenarios", Place(where), "is a profile alone, without scenarios", hint)
        name = f"{where}/{document_name(data).replace('document', 'scenario')}"
        return (StoredDocument(store, found, "", found.hash, name),)
    entries = read_tree(store.blobs, found.hash).entries
    is_pack = found.kind == "profiles"
    # A suite holds nothing else.
    paths = [path for path in entries if is_scenario_file(path)] if is_pack else list(entries)
    if not paths:
        hint = "scenario files end in .scenario.json or .scenario.yaml, or lie in a folder named scenarios"
        raise StoreError.of("store.no-scenarios", Place(where), "holds no scenario file", hint)
    around = _ref_of(found) if is_pack else None
    return tuple(StoredDocument(store, found, path, entries[path].hash, f"{where}/{path}", around) for path in paths)


def _is_pack(store: Store, digest: str) -> bool:
    if not is_tree(store.read(digest)):
        return False
    return not read_tree(store.blobs, digest).entries.keys().isdisjoint(MANIFEST_FILES)


def _ref_of(found: Resolved) -> Ref:
    return TagRef(found.name, found.tag) if found.name and found.tag else HashRef(found.hash)
