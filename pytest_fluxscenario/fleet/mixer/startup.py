"""The startup reference (store.md): a path, a ref, or what was run last; and the scenarios that it means, packed up."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.names import parse_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.active import read_active, write_active
from pytest_fluxscenario.cas.index import Resolved
from pytest_fluxscenario.cas.scenarios import is_scenario_file
from pytest_fluxscenario.cas.store import Store, open_store
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.fleet.mixer.refusal import NotThere, refused
from pytest_fluxscenario.model.evidence import RunRef
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.remote.parcel import Parcel
from pytest_fluxscenario.runner.stored import StoredDocument, bare_name_hint, find_stored, read_stored
from pytest_fluxscenario.runner.suite import Suite

_MOST_FILES: Final = 10_000
#: What to do where there is none.
STORE_HINT: Final = "file something in the 'store' of its configuration: fluxrig profile import PATH --store DIR"


@dataclass(slots=True)
class Startup:
    """What a Mixer was started with."""

    #: The folder of the store.
    folder: str
    #: As it was when the Mixer started; None without one.
    store: Store | None
    #: As it was given; empty for what was run last.
    asked: str = ""
    #: What it means; empty where nothing was run before.
    text: str = ""
    limits: Limits = field(default_factory=Limits)

    def pack(self, store: Store | None, ref: str, gear: str = "") -> tuple[Parcel, str, tuple[RunRef, ...]]:
        """The scenarios of a ref, or of what the Mixer was started with; what they are called, and what of the store.

        They run against ``gear``; where it is empty, against what each pack names.

        Raises NotThere where there is nothing, and FluxError with what is wrong with them.
        """
        text = ref or self.text
        if not text:
            raise refused(NotThere, "run.nothing", "no scenario was named, and none was run before", "name one: ref")
        root = os.getcwd()
        suite = Suite(root, Resolver(root, store, self.limits), self.limits)
        try:
            if "/" in text and ref == "":
                return _pack_path(suite, text, Parcel(gear)), text, ()
            if store is None:
                raise refused(NotThere, "store.none", "the Mixer has no store", STORE_HINT)
            found = _find(store, text, "ref")
            parcel = _pack_stored(suite, store, found, Parcel(gear))
        finally:
            suite.close()
        write_active(store, found)
        if not self.asked:
            # As it would be found when the Mixer is started again.
            self.text = str(found)
        return parcel, str(found), (RunRef(ref, str(found), found.kind, f"sha256:{found.hash}"),)


def resolve_startup(folder: str, asked: str) -> Startup:
    """What ``asked`` means in the store in ``folder``: once, when the Mixer starts.

    Raises UsageError for what means nothing, StoreError and DamageError of the store.
    """
    store = open_store(folder)
    if "/" in asked:
        if not os.path.lexists(asked):
            raise UsageError.of("startup.path", Place("-s"), f"there is no '{shown(asked, 200)}'")
        return Startup(folder, store, asked, asked)
    if not asked:
        active = None if store is None else read_active(store)
        found = None if active is None or store is None else find_stored(store, active)
        return Startup(folder, store, asked, "" if found is None else str(found))
    if store is None:
        hint = f"import it: fluxrig scenario import PATH --store {shown(folder)}"
        raise UsageError.of("startup.store", Place("-s"), f"there is no store to look up '{shown(asked, 80)}' in", hint)
    return Startup(folder, store, asked, str(_find(store, asked, "-s")))


def _find(store: Store, text: str, place: str) -> Resolved:
    ref = parse_ref(text)
    if isinstance(ref, str):
        raise UsageError.of("startup.ref", Place(place), ref, bare_name_hint(store, text))
    return find_stored(store, ref)


def _pack_stored(suite: Suite, store: Store, found: Resolved, parcel: Parcel) -> Parcel:
    for document in read_stored(store, found):
        _add(suite, parcel, document)
    return parcel


def _add(suite: Suite, parcel: Parcel, document: StoredDocument) -> None:
    for loaded in suite.load(document.read()):
        subject, scenario = suite.subject(loaded, document.name, loose=document), loaded.scenario
        for row in loaded.rows:
            parcel.add(f"{document.id}::{row.name}", row, subject, document.file, scenario.skip, scenario.xfail)


def _pack_path(suite: Suite, path: str, parcel: Parcel) -> Parcel:
    for name in _files(path):
        for loaded in suite.load(suite.read(os.path.join(suite.root, name), name)):
            subject, scenario = suite.subject(loaded, name), loaded.scenario
            for row in loaded.rows:
                parcel.add(f"{name}::{row.name}", row, subject, name, scenario.skip, scenario.xfail)
    if not parcel.cases:
        raise refused(NotThere, "run.nothing", f"there is no scenario file in '{shown(path, 200)}'")
    return parcel


def _files(path: str) -> list[str]:
    """The scenario files of a path, relative to where the Mixer was started."""
    if not os.path.isdir(path):
        return [os.path.relpath(path)]
    found: list[str] = []
    for folder, folders, names in os.walk(path):
        folders.sort()
        below = [os.path.join(folder, name) for name in sorted(names)]
        found += [os.path.relpath(one) for one in below if is_scenario_file(os.path.relpath(one))]
        if len(found) > _MOST_FILES:
            raise refused(NotThere, "run.size", f"'{shown(path, 200)}' holds more than {_MOST_FILES} scenario files")
    return found
