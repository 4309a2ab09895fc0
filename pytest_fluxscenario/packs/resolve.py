"""Which profile is under test (scenario.md, the section of that name).

1. The scenario's own ``profile``: a ref or a path. 2. The pack around the scenario's file (of one in the store or in an
archive: the pack that it is part of), when its id and version are the scenario's. 3. Another pack of the working tree
with that id and version. 4. The store. 5. An error that lists what exists, and where it was looked for.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.errors import DamageError, FluxError, ProfileError
from pytest_fluxscenario.base.names import Ref, TagRef, parse_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Root
from pytest_fluxscenario.packs.find import FoundPack, Tree
from pytest_fluxscenario.packs.loaded import LoadedPacks, RefusedError
from pytest_fluxscenario.packs.opening import Archive, is_archive
from pytest_fluxscenario.packs.pack import Pack

#: Folder of the scenario, id, version, what names the profile; of a scenario that lies in no folder the pack around it.
_Key = tuple[str | Ref | Archive | None, str, str, str | None]
_MOST_LISTED: Final = 8
_WAYS: Final = "put the file into the pack's folder, or file the pack: fluxrig profile import PATH"


@dataclass(slots=True)
class Resolver:
    """Finds the pack of each scenario of one session. Every pack is loaded once, and no code of it is run."""

    root: str
    #: None where the session has no store.
    store: Store | None = None
    limits: Limits = Limits()
    #: The warnings of all packs that were used, each pack's once.
    warnings: list[Problem] = field(default_factory=list, init=False)
    tree: Tree = field(init=False, repr=False)
    packs: LoadedPacks = field(init=False, repr=False)
    _warned: set[str] = field(default_factory=set, init=False, repr=False)
    _answers: dict[_Key, Pack | FluxError | RefusedError] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.root = os.path.abspath(self.root)
        self.tree = Tree(self.root, self.limits)
        self.packs = LoadedPacks(self.tree, self.store, self.limits)

    def resolve(self, profile_id: str, version: str, profile_ref: str | None, scenario_file: str, place: Place) -> Pack:
        """The pack under test for the scenario in ``scenario_file`` (absolute, or relative to the root).

        Raises ProfileError: at ``place`` where there is none, or with the pack's own problems where it cannot be used;
        DamageError where the store is damaged.
        """
        return self._once_for((scenario_file.rpartition(os.sep)[0], profile_id, version, profile_ref), place)

    def resolve_loose(
        self, profile_id: str, version: str, profile_ref: str | None, around: Ref | Archive | None, place: Place
    ) -> Pack:
        """The same for a scenario that lies in no folder, but in the store or in an archive.

        ``around`` is the pack there that it is part of. A path that names its profile leads nowhere. Raises like
        ``resolve``.
        """
        return self._once_for((around, profile_id, version, profile_ref), place)

    def _once_for(self, key: _Key, place: Place) -> Pack:
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._answer(key)
        if isinstance(answer, Pack):
            return answer
        raise _error(answer, place)

    def _answer(self, key: _Key) -> Pack | FluxError | RefusedError:
        start, profile_id, version, ref = key
        try:
            if ref is not None:
                pack = self._by_path(start, ref) if "/" in ref else self._by_ref(ref)
                _check_named(pack, profile_id, version, ref)
            else:
                # Also what the store holds under that name may say that it is another profile.
                ref = f"{profile_id}:v{version}"
                pack = self._by_id(start, profile_id, version)
                _check_named(pack, profile_id, version, ref)
        except (FluxError, RefusedError) as error:
            return error
        if pack.where not in self._warned:
            self._warned.add(pack.where)
            self.warnings.extend(pack.warnings)
        return pack

    # 1.

    def _by_path(self, start: str | Ref | Archive | None, ref: str) -> Pack:
        if not isinstance(start, str):
            kept = "an archive" if isinstance(start, Archive) else "the store"
            message = f"the profile '{shown(ref)}' is a path, but a scenario in {kept} lies in no folder"
            raise RefusedError("profile.loose-path", message, "name a profile of the store, as name:tag")
        folder = os.path.abspath(os.path.join(self.root, start))
        path = os.path.normpath(os.path.join(folder, ref))
        said = f"the profile '{shown(ref)}'"
        if not Root(self.root).holds(os.path.realpath(path)):
            raise RefusedError("profile.path", f"{said} leads out of the root", "name a pack that lies in the root")
        if os.path.basename(path) in MANIFEST_FILES:
            path = os.path.dirname(path)
        if os.path.isdir(path):
            return self.packs.from_folder(path)
        if not os.path.lexists(path):
            known = [os.path.relpath(pack.folder, folder).replace(os.sep, "/") for pack in self.tree.packs()]
            hint = did_you_mean(ref, known)
            raise RefusedError("profile.path", f"{said} is not there: it means {shown(self.tree.shown(path))}", hint)
        if is_archive(path):
            return self.packs.from_archive(Archive(path, self.tree.shown(path)))
        return self.packs.from_file(path)

    def _by_ref(self, text: str) -> Pack:
        ref = parse_ref(text)
        if isinstance(ref, str):
            raise RefusedError("profile.ref", ref, "or give a path, with a slash in it")
        return self.packs.from_store(ref)

    # 2. to 5.

    def _by_id(self, start: str | Ref | Archive | None, profile_id: str, version: str) -> Pack:
        around = None
        if isinstance(start, str):
            around = self.tree.nearest(os.path.abspath(os.path.join(self.root, start)))
        if around is not None and around.problems:
            raise ProfileError(around.problems)
        if around is not None and (around.id, around.version) == (profile_id, version):
            return self.packs.from_folder(around.folder)
        whole = None if isinstance(start, str) else start
        if whole is not None:
            pack = self.packs.from_archive(whole) if isinstance(whole, Archive) else self.packs.from_store(whole)
            if (pack.profile.id, pack.profile.version) == (profile_id, version):
                return pack
        alike = [pack for pack in self.tree.packs() if (pack.id, pack.version) == (profile_id, version)]
        if alike:
            packs = [self.packs.from_folder(pack.folder) for pack in alike]
            other = next((pack for pack in packs if pack.behaviour_hash != packs[0].behaviour_hash), None)
            if other is None:
                return packs[0]
            both = f"{packs[0].where or '.'} and {other.where or '.'}"
            message = f"two packs say that they are '{profile_id}' {version}, and differ: {both}"
            raise RefusedError("profile.ambiguous", message, "name one with 'profile', or give one another version")
        if self.packs.stored_hash(profile_id, version) is not None:
            return self.packs.from_store(TagRef(profile_id, "v" + version))
        raise self._nothing(around or whole, profile_id, version)

    def _nothing(self, around: FoundPack | Ref | Archive | None, profile_id: str, version: str) -> RefusedError:
        packs = self.tree.packs()
        index = self.store.index.names.get("profiles", {}) if self.store else {}
        there = [f"{pack} is the pack around the file" for pack in (around,) if pack]
        there = there or ["no pack lies around the file"]
        others = [str(pack) for pack in packs if not isinstance(around, FoundPack) or pack.folder != around.folder]
        there.append(f"the working tree has {_listed(others)}" if others else "the working tree has no other pack")
        if self.store is None:
            there.append("there is no store")
        else:
            filed = [f"{name}:{tag}" for name in index for tag in self.store.index.tags("profiles", name)]
            # Those of the same name first: they are what the reader looks for.
            filed.sort(key=lambda ref: not ref.startswith(profile_id + ":"))
            there.append(f"the store {self.store.name} has {_listed(filed) if filed else 'no profile'}")
        known = {pack.id for pack in packs if pack.id} | set(index)
        if profile_id in known:
            versions = [f"{pack.version} ({pack.where or '.'})" for pack in packs if pack.id == profile_id]
            tags = self.store.index.tags("profiles", profile_id) if self.store else ()
            versions += [f"{tag[1:]} (store)" for tag in tags]
            hint = f"'{shown(profile_id, 80)}' is there as " + _listed(versions)
        else:
            hint = did_you_mean(profile_id, known) or _WAYS
        what = f"there is no profile '{shown(profile_id, 80)}' {shown(version, 40)}"
        return RefusedError("profile.not-found", f"{what}: {'; '.join(there)}", hint)


def _check_named(pack: Pack, profile_id: str, version: str, ref: str) -> None:
    profile = pack.profile
    said = f"the profile '{shown(ref)}' is '{profile.id}' {profile.version}"
    if profile.id != profile_id:
        message = f"{said}, but the scenario's profile_id is '{shown(profile_id, 80)}'"
        raise RefusedError("profile.other-id", message, "correct one of them")
    # Whoever writes ``latest`` asks for a version that is not known yet.
    if profile.version != version and not ref.endswith(":latest"):
        message = f"{said}, but the scenario's profile_version is '{shown(version, 40)}'"
        raise RefusedError("profile.other-version", message, "correct one of them")


def _error(answer: FluxError | RefusedError, place: Place) -> FluxError:
    if isinstance(answer, RefusedError):
        return ProfileError.of(answer.code, place, answer.message, answer.hint)
    # A new one each time: an exception that is raised again grows a traceback.
    kind = type(answer) if isinstance(answer, DamageError) else ProfileError
    return kind(answer.problems)


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_LISTED
    listed = ", ".join(shown(name, 160) for name in names[:_MOST_LISTED])
    return f"{listed} and {more} more" if more > 0 else listed
