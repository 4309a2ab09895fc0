"""A pack with its scenarios, for commands that try them on something: a folder, an archive, or a pack of the store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from pytest_fluxscenario.analysis.mutation.trials import Document, Trials, load_trials
from pytest_fluxscenario.base.errors import ProfileError, UsageError
from pytest_fluxscenario.base.names import Ref, parse_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.store import STORE_FOLDER, no_store
from pytest_fluxscenario.cli.project.ini import find_ini
from pytest_fluxscenario.cli.project.selection import choose, folders_of, read_targets
from pytest_fluxscenario.cli.project.settings import Asked, Settings, make_settings
from pytest_fluxscenario.cli.project.stores import open_run_store
from pytest_fluxscenario.cli.project.suites import make_suite
from pytest_fluxscenario.packs.files import FolderFiles, LoneProfile, PackFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.opening import Archive, folder_of, is_archive, open_stored
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.stages import Draft, read_pack
from pytest_fluxscenario.runner.archived import LooseDocument, read_archived
from pytest_fluxscenario.runner.stored import read_stored
from pytest_fluxscenario.runner.suite import Suite


@dataclass(frozen=True)
class PackSuite:
    """A pack, what it was read from, and its scenarios."""

    root: str
    pack: Pack
    #: Has the places of what the pack says.
    draft: Draft
    trials: Trials
    #: Ends what hooks have started; they may be called again.
    close: Callable[[], None]


@dataclass(frozen=True)
class _Taken:
    """A pack as it lies there, and its scenarios."""

    files: PackFiles
    documents: list[Document]
    #: Gives the pack, where its files are in order.
    load: Callable[[], Pack]


def open_suite(path: str, store: str | None, workers: int = 1, *, goals: bool = False) -> PackSuite:
    """The pack at ``path`` (its folder, manifest or archive, or a ref of the store) with the scenarios in it.

    They are run once, by so many processes; ``goals`` asks for the goals of coverage of each. Raises UsageError where
    there is no pack or no scenario, ProfileError for a pack that cannot be used, and what loading and running scenarios
    raises; StoreError for a store that was named and is none.
    """
    suite, taken = _taken(path, store)
    draft = read_pack(taken.files)
    if draft.errors:
        raise ProfileError(draft.errors)
    pack = taken.load()
    try:
        trials = load_trials(suite, pack, taken.documents, workers=workers, goals=goals)
    finally:
        suite.close()
    trials.check(pack.where)
    if not trials.passing:
        hint = "write some, or see them all: fluxrig scenario run " + shown(path)
        raise UsageError.of("mutate.none", Place(shown(path)), "no scenario of the pack runs on it", hint)
    return PackSuite(suite.root, pack, draft, trials, suite.close)


def _taken(path: str, store: str | None) -> tuple[Suite, _Taken]:
    """What the path or ref names, and what runs it. Raises UsageError, StoreError, DamageError, DocumentError."""
    start = os.getcwd()
    ref = None if os.path.lexists(path) or ":" not in path else _ref(path)
    if ref is not None:
        settings = make_settings(find_ini([start], start), Asked(store), start)
        suite = make_suite(settings, open_run_store(settings, start))
        return suite, _stored(suite, path, ref, settings)
    folder = os.path.join(start, path)
    if not is_archive(path) or not os.path.isfile(folder):
        folder = os.path.join(start, folder_of(path, shown(path)))
    targets = read_targets([folder], start)
    settings = make_settings(find_ini(folders_of(targets), start), Asked(store), start)
    suite = make_suite(settings, open_run_store(settings, start))
    whole = targets[0].path
    where = os.path.relpath(whole, settings.root).replace(os.sep, "/")
    packs = suite.resolver.packs
    if is_archive(whole) and os.path.isfile(whole):
        archive = Archive(whole, where)
        files = packs.open_archive(archive)
        documents = _loose((f"{archive}::{one.path}", one) for one in read_archived(archive, files))
        return suite, _Taken(files, documents, partial(packs.from_archive, archive))
    documents = [Document(one.name, partial(suite.read, one.path, one.name)) for one in choose(targets, settings)]
    tree = FolderFiles(whole, "" if where == "." else where, suite.limits)
    return suite, _Taken(tree, documents, partial(packs.from_folder, whole))


def _ref(text: str) -> Ref:
    ref = parse_ref(text)
    if isinstance(ref, str):
        raise UsageError.of("pack.none", Place(shown(text)), "there is no such pack", ref)
    return ref


def _stored(suite: Suite, text: str, ref: Ref, settings: Settings) -> _Taken:
    """The files of a pack of the store, and its scenarios. Raises StoreError, DamageError, UsageError."""
    store = suite.resolver.store
    if store is None:
        raise no_store(settings.store or STORE_FOLDER, settings.store or STORE_FOLDER, "name one: --store DIR")
    found = store.resolve("profiles", ref)
    files = open_stored(store, found.hash, f"{store.name}/{found}", suite.limits)
    if isinstance(files, LoneProfile):
        hint = "file the pack around it: fluxrig profile import PATH"
        raise UsageError.of("mutate.none", Place(shown(text)), "is a profile alone, without scenarios", hint)
    documents = _loose((one.id, one) for one in read_stored(store, found))
    return _Taken(files, documents, partial(load_pack, files, "store"))


def _loose(documents: Iterable[tuple[str, LooseDocument]]) -> list[Document]:
    return [Document(name, one.read, one) for name, one in documents]
