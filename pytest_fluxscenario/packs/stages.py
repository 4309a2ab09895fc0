"""The stages of validation in their order: what each reads, what it needs, what it finds (pack.md, "Validation").

A stage runs when what it needs could be read, whatever else was found: so one look tells all faults. What follows from
a fault that was told already is not told again (docs/adr/0020-all-stages-at-once.md). No code of the pack is run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_fluxscenario.base.errors import DocumentError, ProfileError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem, Problems, Severity
from pytest_fluxscenario.packs.dialects import WrittenProfile, read_profile
from pytest_fluxscenario.packs.document import parse_document, read_document
from pytest_fluxscenario.packs.files import LoneProfile, PackFiles
from pytest_fluxscenario.packs.hooks import (
    WrittenHooks,
    check_forbidden_outputs,
    check_hook_manifest,
    check_named_hooks,
    read_hooks,
)
from pytest_fluxscenario.packs.manifest import (
    PROFILE_API,
    WrittenManifest,
    check_manifest,
    check_versions,
    read_manifest,
)
from pytest_fluxscenario.packs.promises import check_approvals, check_capabilities
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

#: Errors of one stage after which nobody looks for more.
MOST_PROBLEMS: Final = 50
#: Where the parts of a pack lie when its manifest cannot tell.
_USUAL_PROFILE: Final = "profile.yaml"
_USUAL_HOOKS: Final = "hooks.yaml"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem, and the stage that found it."""

    stage: str
    problem: Problem


@dataclass(slots=True)
class Draft:
    """What has been read of a pack, and everything that was found wrong with it."""

    files: PackFiles
    #: Each is None where there is none, or it could not be read.
    manifest: WrittenManifest | None = None
    profile: WrittenProfile | None = None
    #: The profile that people read, where another file is executed.
    described: WrittenProfile | None = None
    hooks: WrittenHooks | None = None
    #: Artifact type to the schema of its payload.
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    #: The stages that could not run, because what they need could not be read.
    left_out: list[str] = field(default_factory=list)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that make the pack unusable, stage by stage."""
        return tuple(one.problem for one in self.findings if one.problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that its owner should know of."""
        return tuple(one.problem for one in self.findings if one.problem.severity == "warning")

    def run(self, stage: str, check: Callable[[Problems], None]) -> bool:
        """Run one stage; says whether it found no error. Lets errors of a store through."""
        problems = _Bounded()
        try:
            check(problems)
        except (DocumentError, ProfileError) as error:
            problems.found.extend(error.problems)
        except _EnoughError:
            pass
        self.findings.extend(Finding(stage, problem) for problem in problems)
        return not problems.errors


class _EnoughError(Exception):
    """A stage has found so much that nobody reads on."""


@dataclass(slots=True)
class _Bounded(Problems):
    """Problems of one stage, of which a stranger cannot make more than a person reads."""

    def add(self, code: str, place: Place, message: str, hint: str = "", severity: Severity = "error") -> None:
        if len(self.found) >= MOST_PROBLEMS:
            said = f"from here on the pack was not looked at for this: it has {MOST_PROBLEMS} problems before"
            self.found.append(Problem("pack.more", place, said))
            raise _EnoughError
        self.found.append(Problem(code, place, message, hint, severity))


def read_pack(files: PackFiles) -> Draft:
    """A pack through all stages. Raises StoreError and DamageError of a store that does not give its files."""
    draft = Draft(files)
    draft.run("manifest", lambda problems: _read_manifest(draft, problems))
    manifest = draft.manifest
    if manifest is not None:
        draft.run("api-versions", lambda problems: check_versions(manifest, problems))
    # Rules of an interface that is not known here cannot be judged by those that are.
    known = manifest is None or manifest.manifest.process.profile_api == PROFILE_API
    if known:
        draft.run("profile", lambda problems: _read_profile(draft, problems))
    if draft.profile is None:
        draft.left_out += ["profile"] * (not known) + [name for name, _ in PROFILE_STAGES]
    else:
        check_profile(draft, draft.profile)
    draft.run("hooks", lambda problems: _check_hooks(draft, problems))
    hooks, profile = draft.hooks, draft.profile
    if hooks is not None:
        draft.run("hook-outputs", lambda problems: check_forbidden_outputs(manifest, hooks, problems))
    if profile is None:
        draft.left_out += ["schemas", "scope-fields"]
    else:
        draft.run("schemas", lambda problems: draft.schemas.update(load_schemas(profile, files, problems)))
        draft.run("scope-fields", lambda problems: check_scope_fields(profile, problems))
    if manifest is None:
        draft.left_out += ["approvals", "capabilities"]
    else:
        draft.run("approvals", lambda problems: check_approvals(manifest, problems))
        draft.run("capabilities", lambda problems: check_capabilities(manifest, profile, problems))
    return draft


def read_lone_profile(files: LoneProfile) -> Draft:
    """A profile without a pack around it, through the stages that concern it."""
    draft = Draft(files)

    def read(problems: Problems) -> None:
        draft.profile = read_profile(parse_document(files.source, files.limits))
        check_header(draft.profile, None, problems)

    draft.run("profile", read)
    profile = draft.profile
    if profile is not None:
        check_profile(draft, profile)
        draft.run("hooks", lambda problems: check_named_hooks(None, profile, files, problems))
        draft.run("schemas", lambda problems: draft.schemas.update(load_schemas(profile, files, problems)))
        draft.run("scope-fields", lambda problems: check_scope_fields(profile, problems))
    return draft


#: The stages that look at nothing but the profile.
PROFILE_STAGES: Final[tuple[tuple[str, Callable[[WrittenProfile, Problems], None]], ...]] = (
    ("actions", check_actions),
    ("artifact-types", check_artifact_types),
    ("gates", check_gates),
    ("routes", check_routes),
)
#: All stages, in their order.
STAGES: Final = (
    "manifest",
    "api-versions",
    "profile",
    *(name for name, _ in PROFILE_STAGES),
    "hooks",
    "hook-outputs",
    "schemas",
    "scope-fields",
    "approvals",
    "capabilities",
)


def check_profile(draft: Draft, profile: WrittenProfile) -> None:
    """The stages that look at nothing but the profile."""
    for name, check in PROFILE_STAGES:

        def one(problems: Problems, check: Callable[[WrittenProfile, Problems], None] = check) -> None:
            check(profile, problems)

        draft.run(name, one)


def _read_manifest(draft: Draft, problems: Problems) -> None:
    manifest = read_manifest(draft.files, problems)
    draft.manifest = manifest
    check_manifest(manifest, draft.files, problems)


def _read_profile(draft: Draft, problems: Problems) -> None:
    """Reads the profile that is executed, and the other one beside it; a path that leads nowhere was told before."""
    manifest, files = draft.manifest, draft.files
    path = _USUAL_PROFILE if manifest is None else manifest.manifest.process.profile_path
    core = None if manifest is None else manifest.manifest.process.core_profile_path
    read = [_try_profile(files, one, problems) if files.exists(one) else None for one in (path, core) if one]
    draft.profile = read[-1]
    if len(read) > 1:
        draft.described = read[0]
    if draft.profile is None:
        return
    if draft.described is not None:
        check_agreement(draft.profile, draft.described, problems)
    check_header(draft.profile, manifest, problems)


def _try_profile(files: PackFiles, path: str, problems: Problems) -> WrittenProfile | None:
    try:
        return read_profile(read_document(files, path))
    except (DocumentError, ProfileError) as error:
        problems.found.extend(error.problems)
        return None


def _check_hooks(draft: Draft, problems: Problems) -> None:
    files, manifest, profile = draft.files, draft.manifest, draft.profile
    path = _USUAL_HOOKS if manifest is None else manifest.manifest.process.hooks_path
    there = path is not None and files.exists(path)
    if path is not None and there:
        draft.hooks = read_hooks(files, path, problems)
        check_hook_manifest(draft.hooks, profile, files, problems)
    # Where the list of hooks should be and is not, the gates that name some are not at fault.
    if profile is not None and (there or (manifest is not None and path is None)):
        check_named_hooks(draft.hooks, profile, files, problems)
