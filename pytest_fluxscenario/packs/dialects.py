"""A profile file in either dialect, read into the one normalised form (pack.md, "The profile").

What is not said has one meaning in both dialects: an action without ``allowed_roles`` allows ``agent`` and ``system``,
a gate without a condition always applies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.model.profile import Action, ArtifactType, CompletionReport, Gate, Profile
from pytest_fluxscenario.model.vocabulary import Mode
from pytest_fluxscenario.packs import shapes_authoring as in_authoring
from pytest_fluxscenario.packs import shapes_core as in_core
from pytest_fluxscenario.packs.conditions import core_condition
from pytest_fluxscenario.packs.document import PackDocument
from pytest_fluxscenario.packs.shapes_common import AnyAction

_AnyProfile = in_core.File | in_core.Document | in_authoring.File | in_authoring.Document

DEFAULT_ROLES: Final = ("agent", "system")
_HEADER: Final = ("id", "version", "purpose", "docs_hash", "initial_stage")
_MODES: Final[Mapping[str, tuple[Mode, ...]]] = {"MaterializeMock": ("mock", "shadow"), "MaterializeAllowed": ("real",)}
_DURATION: Final = re.compile(r"(?P<count>[1-9][0-9]{0,8})(?P<unit>[smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

#: Section of the core form to its words in the authoring dialect: the section's own, and those of its fields.
_AUTHORING_WORDS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "artifact_types": ("artifacts", {"id": "type"}),
    "actions": ("actions", {"id": "name", "produces_artifacts": "creates_artifacts"}),
    "gates": ("gates", {"reason": "message", "required_artifacts": "requires_artifacts"}),
    "roles": ("roles", {}),
    "routes": ("routes", {}),
}
#: Words that only one of the dialects has, in the file, and in its actions, gates and artifact types.
_ONLY_CORE: Final = ("artifact_types", "produces_artifacts", "reason", "required_artifacts")
_ONLY_AUTHORING: Final = (
    "artifacts",
    "scenarios",
    "name",
    "creates_artifacts",
    "materialization_route",
    "message",
    "requires_artifacts",
)


@dataclass(frozen=True)
class WrittenProfile:
    """A normalised profile, and where its file says what."""

    profile: Profile
    document: PackDocument
    authoring: bool

    def at(self, *pointer: str | int, key: bool = False) -> Place:
        """The place of a part of the normalised form in the file: ``at("actions", 0, "id")``."""
        return self.document.at(self._written(pointer), key)

    def _written(self, pointer: Pointer) -> Pointer:
        if pointer and pointer[0] in _HEADER and "profile" in self.document.data:
            return ("profile", *pointer)
        if not self.authoring or not pointer:
            return pointer
        section, words = _AUTHORING_WORDS.get(str(pointer[0]), (pointer[0], {}))
        return (section, *(words.get(part, part) if isinstance(part, str) else part for part in pointer[1:]))


def read_profile(document: PackDocument) -> WrittenProfile:
    """The profile that a document holds. Raises ProfileError with every fault of its shape, or of what stands in it."""
    authoring = is_authoring(document.data)
    kind: type[_AnyProfile]
    if "profile" in document.data:
        kind = in_authoring.File if authoring else in_core.File
    else:
        kind = in_authoring.Document if authoring else in_core.Document
    written = document.decode(kind)
    problems = Problems()
    profile = _normalised(written, document, problems)
    if problems.found:
        raise ProfileError(sorted(problems, key=lambda problem: problem.place.line))
    return WrittenProfile(profile, document, authoring)


def is_authoring(data: Mapping[str, Any]) -> bool:
    """Whether a profile is written in the authoring dialect: more of its words are of that one."""
    score = _words(data)
    for name in ("roles", "routes"):
        items = data.get(name)
        if isinstance(items, list) and items:
            score += 1 if isinstance(items[0], dict) else -1
    for name in ("actions", "gates", "artifacts", "artifact_types"):
        items = data.get(name)
        if isinstance(items, list):
            score += sum(_words(item) for item in items if isinstance(item, dict))
    return score > 0


def _words(data: Mapping[str, Any]) -> int:
    return sum(word in data for word in _ONLY_AUTHORING) - sum(word in data for word in _ONLY_CORE)


def _normalised(written: _AnyProfile, document: PackDocument, problems: Problems) -> Profile:
    header = written if isinstance(written, in_core.Document | in_authoring.Document) else written.profile
    if isinstance(written, in_authoring.File | in_authoring.Document):
        parts = _authoring_parts(written, document, problems)
    else:
        parts = _core_parts(written, document, problems)
    return Profile(
        id=header.id,
        version=header.version,
        roles=parts.roles,
        actions=parts.actions,
        purpose=header.purpose,
        docs_hash=header.docs_hash,
        initial_stage=header.initial_stage,
        routes=parts.routes,
        artifact_types=parts.types,
        gates=parts.gates,
        completion_report=CompletionReport(written.completion_report.required),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the dialects say each in its own words."""

    roles: tuple[str, ...]
    routes: tuple[str, ...]
    types: tuple[ArtifactType, ...]
    actions: tuple[Action, ...]
    gates: tuple[Gate, ...]


def _core_parts(written: in_core.File | in_core.Document, document: PackDocument, problems: Problems) -> _Parts:
    return _Parts(
        written.roles,
        written.routes,
        tuple(
            _artifact(kind, kind.id, document, ("artifact_types", at), problems)
            for at, kind in enumerate(written.artifact_types)
        ),
        tuple(_core_action(action) for action in written.actions),
        tuple(
            _gate(gate, gate.reason, gate.required_artifacts, document, ("gates", at), problems)
            for at, gate in enumerate(written.gates)
        ),
    )


def _authoring_parts(
    written: in_authoring.File | in_authoring.Document, document: PackDocument, problems: Problems
) -> _Parts:
    completing = frozenset(written.completion_report.required)
    return _Parts(
        tuple(role.id for role in written.roles),
        tuple(route.name for route in written.routes),
        tuple(
            _artifact(kind, kind.type, document, ("artifacts", at), problems)
            for at, kind in enumerate(written.artifacts)
        ),
        tuple(
            _authoring_action(action, completing, document, ("actions", at), problems)
            for at, action in enumerate(written.actions)
        ),
        tuple(
            _gate(gate, gate.message, gate.requires_artifacts, document, ("gates", at), problems)
            for at, gate in enumerate(written.gates)
        ),
    )


def _artifact(
    kind: in_core.Artifact | in_authoring.Artifact,
    name: str,
    document: PackDocument,
    pointer: Pointer,
    problems: Problems,
) -> ArtifactType:
    expires_after = _in_seconds(kind.expires_after)
    if kind.expires_after is not None and expires_after is None:
        message = f"'{shown(kind.expires_after, 40)}' is no time after which a record expires"
        place = document.at((*pointer, "expires_after"))
        problems.add("pack.expires-after", place, message, "write seconds from 1 up, or like 30s, 15m, 12h, 7d")
    return ArtifactType(name, kind.required_fields, kind.allowed_sources, kind.schema, expires_after)


def _in_seconds(written: int | str | None) -> int | None:
    if isinstance(written, str):
        found = _DURATION.fullmatch(written)
        return int(found["count"]) * _SECONDS[found["unit"]] if found else None
    return written if written is not None and written > 0 else None


def _core_action(action: in_core.Action) -> Action:
    return _action(action, action.id, action.produces_artifacts, action.materialization_mode, action.completes_run)


def _authoring_action(
    action: in_authoring.Action,
    completing: frozenset[str],
    document: PackDocument,
    pointer: Pointer,
    problems: Problems,
) -> Action:
    mode = action.materialization_mode
    route = action.materialization_route
    if route is not None:
        modes = _MODES.get(route)
        place = document.at((*pointer, "materialization_route"))
        if modes is None:
            message = f"'{shown(route, 80)}' is no route of a materialization"
            problems.add("pack.materialization-route", place, message, did_you_mean(route, _MODES))
        elif mode is not None and mode not in modes:
            message = f"the route {route} does not go with the materialization_mode {mode}"
            hint = f"{route} goes with {' or '.join(modes)}"
            problems.add("pack.materialization-route", place, message, hint)
        elif mode is None:
            mode = modes[0]
    completes = action.completes_run
    if completes is None:
        completes = not completing.isdisjoint(action.creates_artifacts)
    return _action(action, action.name, action.creates_artifacts, mode, completes)


def _action(action: AnyAction, name: str, produces: tuple[str, ...], mode: Mode | None, completes: bool) -> Action:
    return Action(
        id=name,
        allowed_roles=DEFAULT_ROLES if action.allowed_roles is None else action.allowed_roles,
        description=action.description,
        required_capabilities=action.required_capabilities,
        required_connectors=action.required_connectors,
        produces_artifacts=produces,
        materialization_mode=mode,
        materialization_scope_fields=action.materialization_scope_fields,
        next_actions=action.next_actions,
        completes_run=completes,
    )


def _gate(
    gate: in_core.Gate | in_authoring.Gate,
    reason: str,
    required_artifacts: tuple[str, ...],
    document: PackDocument,
    pointer: Pointer,
    problems: Problems,
) -> Gate:
    condition, faults = core_condition(gate.condition)
    for below, message, hint in faults:
        problems.add("pack.condition", document.at((*pointer, "condition", *below)), message, hint)
    return Gate(
        id=gate.id,
        type=gate.type,
        before_action=gate.before_action,
        route=gate.route,
        condition=condition,
        reason=reason,
        instruction=gate.instruction,
        required_artifacts=required_artifacts,
        required_approval=gate.required_approval,
        next_allowed_actions=gate.next_allowed_actions,
        hook=gate.hook,
        on_hook_failure=gate.on_hook_failure,
    )
