"""Where in the files of a pack each thing that coverage counts is written; read when there is something to say."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.names import parse_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.model.coverage import approval_name, condition_name
from pytest_fluxscenario.model.evidence import ProfileRef
from pytest_fluxscenario.model.profile import profile_hash
from pytest_fluxscenario.packs.classes import KNOWN
from pytest_fluxscenario.packs.dialects import WrittenProfile
from pytest_fluxscenario.packs.files import LoneProfile, file_place
from pytest_fluxscenario.packs.loaded import RefusedError
from pytest_fluxscenario.packs.opening import Archive, is_archive
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.packs.stages import Draft, read_lone_profile, read_pack

#: Kind and name of a thing to its place.
PointPlaces = dict[tuple[str, str], Place]


def places_of(ref: ProfileRef, resolver: Resolver) -> PointPlaces:
    """The place of each thing of the profile that ``ref`` names.

    Empty where the profile is not there any more, or is another one by now.
    """
    try:
        pack = _pack_of(ref, resolver)
        if pack is None or pack.files is None or pack.profile_hash != ref.hash:
            return {}
        draft = read_lone_profile(pack.files) if isinstance(pack.files, LoneProfile) else read_pack(pack.files)
    except (FluxError, RefusedError):
        return {}
    if draft.profile is None or profile_hash(draft.profile.profile) != ref.hash:
        return {}
    return places_in(draft)


def places_in(draft: Draft) -> PointPlaces:
    """The place of each thing of a pack that was read; empty where its profile could not be."""
    places: PointPlaces = {}
    if draft.profile is not None:
        for kind, name, place in _places(draft, draft.profile):
            places.setdefault((kind, name), place)
    return places


def _pack_of(ref: ProfileRef, resolver: Resolver) -> Pack | None:
    packs = resolver.packs
    if ref.origin == "store":
        found = parse_ref(ref.source)
        return None if isinstance(found, str) else packs.from_store(found)
    path = os.path.normpath(os.path.join(resolver.root, ref.source))
    if os.path.isdir(path):
        return packs.from_folder(path)
    if is_archive(path):
        return packs.from_archive(Archive(path, ref.source))
    return packs.from_file(path)


def _places(draft: Draft, written: WrittenProfile) -> Iterator[tuple[str, str, Place]]:
    profile, at = written.profile, written.at
    yield from (("actions", one.id, at("actions", number, "id")) for number, one in enumerate(profile.actions))
    yield from _gate_places(written)
    for number, action in enumerate(profile.actions):
        mode = action.materialization_mode
        if mode is not None:
            yield "materializations", mode, at("actions", number, "materialization_mode")
            yield "approvals", approval_name("approver", action.id), at("actions", number, "materialization_mode")
    yield from (("routes", one, at("routes", number)) for number, one in enumerate(profile.routes))
    yield from (("routes", gate.route, at("gates", number, "route")) for number, gate in enumerate(profile.gates))
    for number, kind in enumerate(profile.artifact_types):
        yield "artifacts", kind.id, at("artifact_types", number, "id")
    yield from (("roles", one, at("roles", number)) for number, one in enumerate(profile.roles))
    hooks = draft.hooks
    if hooks is not None:
        for number, hook in enumerate(hooks.hooks.hooks):
            yield "hooks", hook.id, hooks.document.at(("hooks", number, "id"))
    yield from (("classes", name, file_place(draft.files, "scenarios")) for name in KNOWN)


def _gate_places(written: WrittenProfile) -> Iterator[tuple[str, str, Place]]:
    for number, gate in enumerate(written.profile.gates):
        yield "gates", gate.id, written.at("gates", number, "id")
        for operator in gate.condition:
            yield "conditions", condition_name(gate.id, operator), written.at("gates", number, "condition", operator)
        if gate.required_approval is not None:
            name = approval_name(gate.required_approval.role, gate.required_approval.scope)
            yield "approvals", name, written.at("gates", number, "required_approval")
