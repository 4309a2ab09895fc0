"""Loading a pack: its files, through the stages of validation, to a value that decides. No code of the pack is run."""

from __future__ import annotations

from typing import Literal

from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.model.profile import profile_hash
from pytest_fluxscenario.packs.dialects import WrittenProfile, read_profile
from pytest_fluxscenario.packs.document import parse_document, read_document
from pytest_fluxscenario.packs.files import LoneProfile, PackFiles
from pytest_fluxscenario.packs.hooks import check_forbidden_outputs, check_hooks, code_of, read_hooks
from pytest_fluxscenario.packs.manifest import (
    WrittenManifest,
    check_manifest,
    check_versions,
    lone_manifest,
    read_manifest,
)
from pytest_fluxscenario.packs.pack import Pack, behaviour_hash
from pytest_fluxscenario.packs.schemas import load_schemas
from pytest_fluxscenario.packs.validate import (
    check_actions,
    check_agreement,
    check_artifact_types,
    check_gates,
    check_header,
    check_routes,
    check_scope_fields,
)

Origin = Literal["tree", "store"]


def load_pack(
    files: PackFiles, origin: Origin = "tree", store_ref: str | None = None, tree_hash: str | None = None
) -> Pack:
    """The pack in ``files``, usable; its warnings are in it.

    Raises ProfileError with all problems of the first stage that has any, DocumentError for a file that cannot be read,
    DamageError where a store gives other bytes than it promised.
    """
    problems = Problems()
    manifest = read_manifest(files, problems)
    check_manifest(manifest, files, problems)
    _stop(problems)
    check_versions(manifest, problems)
    _stop(problems)
    written = _profile(manifest, files, problems)
    check_profile(written, problems)
    path = manifest.manifest.process.hooks_path
    hooks = None if path is None else read_hooks(files, path, problems)
    check_hooks(hooks, written, files, problems)
    _stop(problems)
    check_forbidden_outputs(manifest, hooks, problems)
    _stop(problems)
    schemas = load_schemas(written, files, problems)
    _stop(problems)
    check_scope_fields(written, problems)
    _stop(problems)
    digest = profile_hash(written.profile)
    known = hooks.hooks if hooks else None
    return Pack(
        profile=written.profile,
        profile_hash=digest,
        manifest=manifest.manifest,
        hooks=known,
        schemas=schemas,
        where=files.where,
        origin=origin,
        store_ref=store_ref,
        tree_hash=tree_hash,
        behaviour_hash=behaviour_hash(digest, manifest.manifest, known, schemas, code_of(known, files)),
        warnings=problems.warnings,
        files=files,
    )


def load_lone_profile(
    files: LoneProfile, origin: Origin = "tree", store_ref: str | None = None, blob: str | None = None
) -> Pack:
    """A profile file without a pack around it, as a pack without hooks, whose manifest requires nothing.

    Raises like ``load_pack``; a gate that names a hook, or a type that names a schema, is a problem.
    """
    problems = Problems()
    written = read_profile(parse_document(files.source, files.limits))
    check_header(written, None, problems)
    _stop(problems)
    check_profile(written, problems)
    check_hooks(None, written, files, problems)
    _stop(problems)
    load_schemas(written, files, problems)
    _stop(problems)
    check_scope_fields(written, problems)
    _stop(problems)
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
        warnings=problems.warnings,
        files=files,
    )


def check_profile(written: WrittenProfile, problems: Problems) -> None:
    """The stages from actions to routes. Raises ProfileError at the end of the first that finds an error."""
    for check in (check_actions, check_artifact_types, check_gates, check_routes):
        check(written, problems)
        _stop(problems)


def _profile(manifest: WrittenManifest, files: PackFiles, problems: Problems) -> WrittenProfile:
    process = manifest.manifest.process
    written = read_profile(read_document(files, process.profile_path))
    if process.core_profile_path is not None:
        described, written = written, read_profile(read_document(files, process.core_profile_path))
        check_agreement(written, described, problems)
    check_header(written, manifest, problems)
    _stop(problems)
    return written


def _stop(problems: Problems) -> None:
    if problems.errors:
        raise ProfileError(problems.errors)
