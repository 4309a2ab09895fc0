"""The packs of one session, each loaded once, wherever it lies; no code of them is run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pytest_fluxscenario.base.errors import DamageError, FluxError, StoreError
from pytest_fluxscenario.base.names import Ref, TagRef, name_fault, tag_fault
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import read_source
from pytest_fluxscenario.packs.document import read_document
from pytest_fluxscenario.packs.files import FolderFiles, LoneProfile, PackFiles
from pytest_fluxscenario.packs.find import Tree
from pytest_fluxscenario.packs.load import load_lone_profile, load_pack
from pytest_fluxscenario.packs.manifest import manifest_path
from pytest_fluxscenario.packs.opening import Archive, open_pack, open_stored
from pytest_fluxscenario.packs.pack import Pack


class RefusedError(Exception):
    """No pack for a scenario: everything of the message but the scenario's place, which differs by scenario."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(code, message, hint)
        self.code, self.message, self.hint = code, message, hint


@dataclass(slots=True)
class LoadedPacks:
    """Loads packs of the working tree and of the store.

    Its methods raise FluxError for a pack that cannot be used, RefusedError where there is none, and DamageError.
    """

    tree: Tree
    store: Store | None
    limits: Limits
    _archives: dict[str, PackFiles] = field(default_factory=dict, init=False, repr=False)
    _loaded: dict[str, Pack | FluxError] = field(default_factory=dict, init=False, repr=False)

    def from_folder(self, folder: str) -> Pack:
        """The pack in a folder."""
        files = FolderFiles(folder, self.tree.shown(folder), self.limits)
        return self._once(folder, lambda: self._compared(load_pack(files)))

    def open_archive(self, archive: Archive) -> PackFiles:
        """The files of an archive, read once: its scenarios and its pack are of the same bytes. Raises FluxError."""
        if archive.path not in self._archives:
            self._archives[archive.path] = open_pack(archive.path, archive.where, self.limits)
        return self._archives[archive.path]

    def from_archive(self, archive: Archive) -> Pack:
        """The pack in an archive."""
        return self._once(archive.path, lambda: self._compared(load_pack(self.open_archive(archive))))

    def from_file(self, path: str) -> Pack:
        """The profile in a file of its own."""

        def load() -> Pack:
            name = self.tree.shown(path)
            source = read_source(path, name, self.limits, self.tree.root)
            return load_lone_profile(LoneProfile(source, os.path.dirname(name), self.limits))

        return self._once(path, load)

    def from_store(self, ref: Ref) -> Pack:
        """The pack, or the profile alone, that a ref names."""
        store = self.store
        if store is None:
            raise RefusedError("profile.no-store", f"'{ref}' is a ref, but there is no store to look it up in")
        try:
            found = store.resolve("profiles", ref)
        except DamageError:
            raise
        except StoreError as error:
            raise _refused(error) from error
        place = f"{found.name}/{found.tag}" if found.name else f"sha256/{found.hash[:12]}"
        return self._once(f"{store.name}/{place}", lambda: self._load_stored(store, found.hash, place, str(found)))

    def _load_stored(self, store: Store, digest: str, place: str, ref: str) -> Pack:
        where = f"{store.name}/{place}"
        store_ref = None if ref.startswith("sha256:") else ref
        try:
            files = open_stored(store, digest, where, self.limits)
            if not isinstance(files, LoneProfile):
                return load_pack(files, "store", store_ref, digest)
        except DamageError:
            raise
        except StoreError as error:
            raise _refused(error) from error
        return load_lone_profile(files, "store", store_ref, digest)

    def _once(self, key: str, load: Callable[[], Pack]) -> Pack:
        known = self._loaded.get(key)
        if known is None:
            try:
                known = load()
            except FluxError as error:
                known = error
            self._loaded[key] = known
        if isinstance(known, Pack):
            return known
        raise known

    def stored_hash(self, profile_id: str, version: str) -> str | None:
        """Hash of what the store has under that name and version."""
        if self.store is None or name_fault(profile_id) or tag_fault("v" + version):
            return None
        return self.store.index.names.get("profiles", {}).get(profile_id, {}).get("v" + version)

    def _compared(self, pack: Pack) -> Pack:
        """The pack, with a warning where the store has it under its version with another behaviour."""
        name, version = pack.profile.id, pack.profile.version
        if self.stored_hash(name, version) is None or pack.files is None:
            return pack
        try:
            stored = self.from_store(TagRef(name, "v" + version))
            if stored.behaviour_hash == pack.behaviour_hash:
                return pack
            what = f"the pack '{name}' changed, but its version is still {version}, which is in the store"
        except DamageError:
            raise
        except (FluxError, RefusedError):
            what = f"the store has the pack '{name}' {version} too, but as something that cannot be used"
        document = read_document(pack.files, manifest_path(pack.files))
        place = document.at(("process", "version"))
        hint = "give the pack a new version, or import the change under one"
        warning = Problem("pack.changed-without-version", place, what, hint, "warning")
        return replace(pack, warnings=(*pack.warnings, warning))


def _refused(error: StoreError) -> RefusedError:
    problem = error.problems[0]
    return RefusedError(problem.code, f"{problem.message}, in {problem.place}", problem.hint)
