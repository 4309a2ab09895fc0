"""A pack, or a profile alone, as a command line names it: by its path, or by its ref in the store."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.cli.project.references import read_ref
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import read_source
from pytest_fluxscenario.documents.suffixes import SUFFIXES
from pytest_fluxscenario.packs.files import LoneProfile, PackFiles
from pytest_fluxscenario.packs.load import load_lone_profile, load_pack
from pytest_fluxscenario.packs.opening import open_pack, open_stored
from pytest_fluxscenario.packs.pack import Pack


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """What an argument names."""

    files: PackFiles
    #: ``name:tag`` and hash, of what is in the store.
    store_ref: str | None = None
    tree_hash: str | None = None

    def load(self) -> Pack:
        """The pack, usable. Raises ProfileError, StoreError, DamageError."""
        files, ref, digest = self.files, self.store_ref, self.tree_hash
        if isinstance(files, LoneProfile):
            return load_lone_profile(files, "tree" if digest is None else "store", ref, digest)
        return load_pack(files, "tree" if digest is None else "store", ref, digest)


def is_stored(argument: str) -> bool:
    """Whether an argument is a ref of the store, and no path: what is there is a path, and so is what has a slash."""
    path = os.path.normpath(argument)
    return not os.path.lexists(path) and "/" not in argument and os.sep not in argument and ":" in argument


def named_files(
    argument: str,
    store: Callable[[], Store],
    limits: Limits = Limits(),
    where: Callable[[str], str] = str,
    hint: Callable[..., str] = lambda *_: "",
) -> NamedFiles:
    """The files of a pack's folder, manifest or archive, of a profile alone, or of a ref of the store.

    ``store`` is called for a ref, and raises where there is none; ``where`` says how a path is shown, ``hint`` what
    else it may be that is not there. Raises UsageError where there is nothing, and what reading it raises.
    """
    if is_stored(argument):
        return _stored(argument, store(), limits)
    path = os.path.normpath(argument)
    named = "" if os.path.lexists(path) else hint(argument, "profiles")
    if named:
        raise UsageError.of("pack.none", Place(shown(argument)), "there is no such folder or archive", named)
    if os.path.isfile(path) and path.endswith(SUFFIXES) and os.path.basename(path) not in MANIFEST_FILES:
        beside = next(
            (name for name in MANIFEST_FILES if os.path.lexists(os.path.join(os.path.dirname(path), name))), None
        )
        if beside is None:
            name = where(path)
            return NamedFiles(LoneProfile(read_source(path, name, limits), os.path.dirname(name), limits))
        # The profile of a pack: what it relies on lies beside it.
        path = os.path.join(os.path.dirname(path), beside)
    name = where(path)
    return NamedFiles(open_pack(path, "" if name == "." else name, limits))


def _stored(argument: str, store: Store, limits: Limits) -> NamedFiles:
    ref = read_ref(store, argument)
    if isinstance(ref, str):
        raise UsageError.of("pack.none", Place(shown(argument)), "there is no such pack", ref)
    found = store.resolve("profiles", ref)
    named = f"{found.name}/{found.tag}" if found.name else f"sha256/{found.hash[:12]}"
    files = open_stored(store, found.hash, f"{store.name}/{named}", limits)
    return NamedFiles(files, str(found) if found.name else None, found.hash)
