"""Which store a command means: ``--store``, ``FLUXRIG_STORE``, else the one that is found upward (cli.md)."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.errors import FluxError, UsageError
from pytest_fluxscenario.base.names import name_fault
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.index import Kind
from pytest_fluxscenario.cas.store import STORE_FOLDER, Store, find_store, no_store, open_store
from pytest_fluxscenario.cli.project.paths import seen_from

if TYPE_CHECKING:
    from pytest_fluxscenario.cli.project.settings import Settings

_UPWARD: Final = "FLUXRIG_STORE, else store/ of the nearest folder upward that has one"


def add_store(parser: argparse.ArgumentParser, what: str = "the store", more: str = "") -> None:
    """Add ``--store`` to a command: it names ``what``, and ``more`` is what it is where there is none."""
    parser.add_argument("--store", metavar="DIR", help=f"{what} (default: {_UPWARD}{more})")


def store_folder(options: argparse.Namespace) -> str:
    """The folder of the store that is meant."""
    given = options.store or os.environ.get("FLUXRIG_STORE")
    if given:
        return str(given)
    found = find_store(os.getcwd())
    return os.path.relpath(found) if found else STORE_FOLDER


def asked_store(options: argparse.Namespace) -> Store:
    """The store in which the argument ``options.pack`` is a ref. Raises UsageError where there is none, DamageError."""
    folder = store_folder(options)
    store = open_store(folder, shown(folder))
    if store is None:
        message = f"there is no store in {shown(folder)}, and no such file"
        raise UsageError.of("pack.none", Place(shown(options.pack)), message)
    return store


def newest_hint(options: argparse.Namespace, text: str, *kinds: Kind) -> str:
    """What to write instead of a bare name that the store knows: its newest version; empty where it does not.

    ``kinds`` are those that a ref may mean here; of any other the noun is named.
    """
    folder = store_folder(options)
    try:
        store = None if name_fault(text) else open_store(folder, shown(folder))
    except FluxError:
        return ""
    names = {} if store is None else store.index.names
    if any(text in names.get(kind, {}) for kind in kinds):
        return f"for its newest version in the store write {text}:latest"
    other = next((kind for kind in names if text in names[kind]), None)
    return f"a {other[:-1]} of the store has this name: fluxrig {other[:-1]}" if other else ""


def open_run_store(settings: Settings, start: str) -> Store | None:
    """The store that scenarios are run with, shown as seen from the root; None where none is named and none found.

    Raises StoreError for a folder that was named and is no store, DamageError for one that cannot be read.
    """
    folder = settings.store or find_store(start)
    if folder is None:
        return None
    name = seen_from(settings.root, folder)
    store = open_store(folder, name)
    if store is None and settings.store:
        raise no_store(settings.store, shown(name), "name a folder with an index.json")
    return store
