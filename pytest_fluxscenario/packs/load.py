"""Loading a pack: its files, through the stages of validation, to a value that decides. No code of the pack is run."""

from __future__ import annotations

from typing import Literal

from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.model.profile import profile_hash
from pytest_fluxscenario.packs.files import LoneProfile, PackFiles
from pytest_fluxscenario.packs.hooks import code_of
from pytest_fluxscenario.packs.manifest import lone_manifest
from pytest_fluxscenario.packs.pack import Pack, behaviour_hash
from pytest_fluxscenario.packs.stages import read_lone_profile, read_pack

Origin = Literal["tree", "store"]


def load_pack(
    files: PackFiles, origin: Origin = "tree", store_ref: str | None = None, tree_hash: str | None = None
) -> Pack:
    """The pack in ``files``, usable; its warnings are in it.

    Raises ProfileError with all errors of all stages, StoreError and DamageError where a store does not give what it
    promised.
    """
    draft = read_pack(files)
    manifest, written = draft.manifest, draft.profile
    if draft.errors or manifest is None or written is None:
        raise ProfileError(draft.errors)
    digest = profile_hash(written.profile)
    known = draft.hooks.hooks if draft.hooks else None
    code = code_of(known, files)
    return Pack(
        profile=written.profile,
        profile_hash=digest,
        manifest=manifest.manifest,
        hooks=known,
        schemas=draft.schemas,
        where=files.where,
        origin=origin,
        store_ref=store_ref,
        tree_hash=tree_hash,
        behaviour_hash=behaviour_hash(digest, manifest.manifest, known, draft.schemas, code),
        code=code,
        warnings=draft.warnings,
        files=files,
    )


def load_lone_profile(
    files: LoneProfile, origin: Origin = "tree", store_ref: str | None = None, blob: str | None = None
) -> Pack:
    """A profile file without a pack around it, as a pack without hooks, whose manifest requires nothing.

    Raises like ``load_pack``; a gate that names a hook, or a type that names a schema, is a problem.
    """
    draft = read_lone_profile(files)
    written = draft.profile
    if draft.errors or written is None:
        raise ProfileError(draft.errors)
    digest = profile_hash(written.profile)
    manifest = lone_manifest(written.profile.id, written.profile.version, files.path)
    return Pack(
        profile=written.profile,
        profile_hash=digest,
        manifest=manifest,
        hooks=None,
        schemas={},
        where=files.source.name,
        origin=origin,
        store_ref=store_ref,
        tree_hash=blob,
        behaviour_hash=behaviour_hash(digest, manifest, None, {}, {}),
        warnings=draft.warnings,
        files=files,
    )
