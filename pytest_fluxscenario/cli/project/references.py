"""Refs on the command line of ``fluxrig scenario run``: what is one, and what it names (store.md, "Run by ref")."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.errors import StoreError, UsageError
from pytest_fluxscenario.base.names import HashRef, Ref, hash_fault, parse_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cas.active import read_active, write_active
from pytest_fluxscenario.cas.index import INDEX_FILE, Resolved
from pytest_fluxscenario.cas.store import Store, is_store
from pytest_fluxscenario.cli.project.selection import Chosen
from pytest_fluxscenario.model.evidence import RunRef
from pytest_fluxscenario.runner.stored import (
    SEPARATOR,
    StoredDocument,
    bare_name_hint,
    describe_found,
    find_stored,
    read_stored,
)

NOTHING_ACTIVE: Final = "no ref was run before, so nothing is run from the store"
#: Shortest part of a hash that may stand for it.
PREFIX: Final = 12


@dataclass(frozen=True, slots=True)
class RefTarget:
    """One argument that names something in the store."""

    argument: str
    #: The ref; empty for the last active one.
    ref: str
    #: What of it is asked for: the path of a file in a suite or pack, and the name of a scenario.
    parts: tuple[str, ...] = ()
    #: The index that the argument begins with, where it is the id of an item.
    index: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a ref of the command line resolved to."""

    asked: str
    found: Resolved
    #: Whether it was named as a ref, and not by the id of an item.
    named: bool

    def run_ref(self) -> RunRef:
        """What the manifest of the evidence says of it."""
        return RunRef(self.asked, str(self.found), self.found.kind, f"sha256:{self.found.hash}")

    def __str__(self) -> str:
        return describe_found(self.asked, self.found)


def split_targets(arguments: Sequence[str], start: str) -> tuple[list[str], list[RefTarget]]:
    """The paths among some arguments, and the refs: what is there, or has a slash, is a path, and what has no colon."""
    paths: list[str] = []
    refs: list[RefTarget] = []
    for argument in arguments:
        path, separator, rest = argument.partition(SEPARATOR)
        full = os.path.normpath(os.path.join(start, path))
        there = bool(path) and "\0" not in path and os.path.exists(full)
        parts = tuple(rest.split(SEPARATOR)) if separator else ()
        if there and parts and os.path.basename(full) == INDEX_FILE and is_store(os.path.dirname(full)):
            refs.append(RefTarget(argument, parts[0], parts[1:], full))
        elif not argument or (not there and "/" not in path and os.sep not in path and ":" in path):
            refs.append(RefTarget(argument, path, parts))
        else:
            paths.append(argument)
    return paths, refs


def take_refs(store: Store | None, targets: Iterable[RefTarget]) -> tuple[list[Chosen], list[Taken]]:
    """The documents that some arguments name, each once, and what they resolved to.

    An argument that asks for the last active ref gives nothing where there is none. Raises UsageError, StoreError,
    DamageError.
    """
    chosen: dict[str, Chosen] = {}
    taken: list[Taken] = []
    for target in targets:
        found = _find(store, target)
        if found is None or store is None:
            continue
        if all(one.found != found for one in taken):
            taken.append(Taken(target.ref, found, target.index is None))
        for one in _documents(store, found, target):
            known = chosen.setdefault(one.name, one)
            if known.wanted is not None and one.wanted is not None:
                known.wanted |= one.wanted
            else:
                known.wanted = None
    return list(chosen.values()), taken


def remember(store: Store | None, taken: Sequence[Taken], files: Sequence[Chosen], used: Collection[str]) -> None:
    """Remember the last ref that was named as the active one, when it gave a scenario to run.

    ``files`` is what was chosen, ``used`` the names of those that gave one.
    """
    ran = [file.loose.ref for file in files if isinstance(file.loose, StoredDocument) and file.name in used]
    found = next((one.found for one in reversed(taken) if one.named and one.found in ran), None)
    if store is not None and found is not None:
        write_active(store, found)


def read_ref(store: Store, text: str) -> Ref | str:
    """The ref that somebody wrote, or why it is none; a part of a hash is enough (store.md). Raises StoreError."""
    kind, _, part = text.partition(":")
    if kind == "sha256" and len(part) < 64 and not set(part) - set("0123456789abcdef"):
        return HashRef(_whole_hash(store, part))
    return parse_ref(text)


def _whole_hash(store: Store, part: str) -> str:
    if len(part) < PREFIX:
        message = f"'sha256:{part}' is too short to stand for a hash"
        raise StoreError.of("store.prefix", Place(store.name), message, f"give {PREFIX} digits or more")
    try:
        names = os.listdir(os.path.dirname(store.blobs.path(part)))
    except OSError:
        names = []
    found = [name for name in names if name.startswith(part) and not hash_fault(name)]
    if len(found) == 1:
        return found[0]
    message = f"{len(found) or 'no'} blobs have a hash that begins with {part}"
    raise StoreError.of("store.prefix", Place(store.name), message, "give more digits" if found else "")


def _find(store: Store | None, target: RefTarget) -> Resolved | None:
    if store is None:
        if not target.ref:
            return None
        hint = "import something: fluxrig scenario import PATH, or name a store with --store"
        raise UsageError.of(
            "target.no-store", Place(shown(target.argument)), "there is no store to look it up in", hint
        )
    if target.index is not None and not os.path.samefile(os.path.dirname(target.index), store.folder):
        hint = f"add --store {shown(os.path.relpath(os.path.dirname(target.index)))}"
        raise UsageError.of(
            "target.other-store", Place(shown(target.argument)), "is not in the store of this run", hint
        )
    if not target.ref:
        active = read_active(store)
        return None if active is None else find_stored(store, active)
    ref = read_ref(store, target.ref)
    if isinstance(ref, str):
        hint = bare_name_hint(store, target.ref.partition(":")[0]) or "a path has a slash in it"
        raise UsageError.of("target.ref", Place(shown(target.argument)), ref, hint)
    return find_stored(store, ref)


def _documents(store: Store, found: Resolved, target: RefTarget) -> list[Chosen]:
    """The documents of what was found, or the one that is asked for, with the scenario of it."""
    start = INDEX_FILE if store.name == "." else f"{store.name}/{INDEX_FILE}"
    documents = read_stored(store, found)
    names = target.parts
    if documents[0].path and names:
        paths = [document.path for document in documents]
        documents = tuple(document for document in documents if document.path == names[0])
        if not documents:
            message = f"has no file '{shown(names[0])}'"
            raise UsageError.of("target.unknown", Place(str(found)), message, did_you_mean(names[0], paths))
        names = names[1:]
    # As with a file, the rest is the name of a scenario.
    wanted = {SEPARATOR.join(names)} if names else None
    return [Chosen("", f"{start}{SEPARATOR}{one.id}", set(wanted) if wanted else None, one) for one in documents]
