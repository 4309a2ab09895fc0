"""``process.manifest.yaml``: the first stages of validation, its shape, its paths, its API versions (pack.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.base.names import tag_fault, word_fault
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cas.paths import MANIFEST_FILES, path_fault
from pytest_fluxscenario.model.pack import Manifest, Process
from pytest_fluxscenario.packs.document import PackDocument, read_document
from pytest_fluxscenario.packs.files import PackFiles, file_place

PROFILE_API: Final = "fst.profile.v1"
LOGIC_API: Final = "fst.process_logic.v1"
_PACKAGE_KINDS: Final = ("directory", "archive")
#: pack.md: ids of processes, artifacts and gates.
_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ACTION_ID: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9][a-z0-9_]*)*")
_LONGEST_ACTION: Final = 128
#: Fields that name a file that must be there.
_PATHS: Final = ("profile_path", "core_profile_path", "hooks_path", "skill_path")


@dataclass(frozen=True)
class WrittenManifest:
    """A manifest, and where its file says what."""

    manifest: Manifest
    document: PackDocument


def manifest_path(files: PackFiles) -> str:
    """The path of the pack's manifest. Raises ProfileError where there is none, or more than one."""
    found = [path for path in MANIFEST_FILES if files.exists(path)]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"there is another manifest, {found[1]}"
        raise ProfileError.of("pack.two-manifests", file_place(files, found[0]), message, "keep one of them")
    path = MANIFEST_FILES[0]
    fault = files.fault(path) or ""
    raise ProfileError.of("pack.no-manifest", file_place(files, path), f"the pack has no manifest: {fault}")


def read_manifest(files: PackFiles, problems: Problems) -> WrittenManifest:
    """The manifest of a pack; unknown fields become warnings in ``problems``.

    Raises ProfileError with every fault of its shape; DocumentError where it cannot be read.
    """
    document = read_document(files, manifest_path(files))
    return WrittenManifest(document.decode_open(Manifest, problems), document)


def check_manifest(written: WrittenManifest, files: PackFiles, problems: Problems) -> None:
    """The stage "manifest shape and paths"."""
    document, process = written.document, written.manifest.process
    if fault := id_fault(process.id):
        problems.add("pack.id", document.at(("process", "id")), f"'{shown(process.id, 80)}' {fault}")
    if version := version_fault(process.version):
        problems.add("pack.version", document.at(("process", "version")), *version)
    for name in _PATHS:
        path = getattr(process, name)
        fault = None if path is None else files.fault(path)
        if fault:
            message = f"{name} '{shown(path, 80)}' cannot be used: {fault}"
            hint = "paths are relative to the pack and stay in it"
            problems.add("pack.path", document.at(("process", name)), message, hint)
    if written.manifest.gear and (fault := word_fault(written.manifest.gear)):
        message = f"'{shown(written.manifest.gear, 80)}' cannot name a gear: {fault}"
        hint = "a pack names a gear, and whoever runs it says what the name means"
        problems.add("pack.gear", document.at(("gear",)), message, hint)
    package = written.manifest.package
    if package.kind not in _PACKAGE_KINDS:
        message = f"'{shown(package.kind, 80)}' is no kind of package"
        place = document.at(("package", "kind"))
        problems.add("pack.package-kind", place, message, did_you_mean(package.kind, _PACKAGE_KINDS))
    if package.output_archive is not None and (fault := path_fault(package.output_archive)):
        message = f"output_archive '{shown(package.output_archive, 80)}' cannot be used: {fault}"
        problems.add("pack.path", document.at(("package", "output_archive")), message)


def check_versions(written: WrittenManifest, problems: Problems) -> None:
    """The stage "API versions"."""
    process = written.manifest.process
    for name, known in (("profile_api", PROFILE_API), ("logic_api", LOGIC_API)):
        said = getattr(process, name)
        if said != known:
            message = f"the {name} '{shown(said, 80)}' is not one that this version knows"
            problems.add("pack.api-version", written.document.at(("process", name)), message, f"known: {known}")


def id_fault(name: str) -> str | None:
    """Why ``name`` cannot be the id of a process, an artifact type or a gate; None where it can."""
    if _ID.fullmatch(name):
        return None
    return "is no id: 1 to 64 of a-z, 0-9 and '_', with a letter first"


def action_id_fault(name: str) -> str | None:
    """Why ``name`` cannot be the id of an action; None where it can."""
    if len(name) <= _LONGEST_ACTION and _ACTION_ID.fullmatch(name):
        return None
    return "is no action id: lowercase words of a-z, 0-9 and '_', separated by dots"


def version_fault(version: str) -> tuple[str, str] | None:
    """Why ``version`` cannot be a pack's, and a hint; None where it can."""
    if tag_fault("v" + version) is None:
        return None
    hint = f"leave out the 'v': {version[1:]}" if tag_fault(version) is None else "write it like 1.0.0 or 2.1.0-rc.1"
    return f"'{shown(version, 80)}' is no SemVer version", hint


def lone_manifest(profile_id: str, version: str, path: str) -> Manifest:
    """The manifest of a profile that stands alone."""
    return Manifest(Process(profile_id, version, profile_path=path))
