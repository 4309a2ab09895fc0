"""The shapes of a profile as it is written, in each dialect, headed and flat (pack.md, "The profile")."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from pytest_fluxscenario.model.response import RequiredApproval
from pytest_fluxscenario.model.vocabulary import GateType, Mode

_Text = Annotated[str, Meta(min_length=1)]
_Version = Annotated[str, Meta(min_length=1, description="SemVer, in quotes.")]
_Names = tuple[_Text, ...]
_Expiry = int | str | None


class ProfileHeader(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands under ``profile:``."""

    id: _Text
    version: _Version
    purpose: str = ""
    docs_hash: str | None = None
    initial_stage: str | None = None


class FileCompletion(Struct, frozen=True, forbid_unknown_fields=True):
    """``completion_report``."""

    required: _Names = ()


class _AnyAction(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an action says in both dialects with the same words."""

    description: str = ""
    #: None: ``agent`` and ``system``.
    allowed_roles: _Names | None = None
    required_capabilities: _Names = ()
    required_connectors: _Names = ()
    materialization_mode: Mode | None = None
    materialization_scope_fields: _Names = ()
    next_actions: _Names = ()


class _AnyGate(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a gate says in both dialects with the same words."""

    id: _Text
    type: GateType
    before_action: _Text
    route: _Text
    condition: dict[str, Any] | None = None
    instruction: str = ""
    required_approval: RequiredApproval | None = None
    next_allowed_actions: _Names = ()
    hook: _Text | None = None
    on_hook_failure: _Text | None = None


class _AnyArtifact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an artifact type says in both dialects with the same words."""

    required_fields: _Names = ()
    allowed_sources: _Names | None = None
    schema: _Text | None = None
    expires_after: _Expiry = None


class CoreArtifact(_AnyArtifact, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``artifact_types[]``."""

    id: _Text


class CoreAction(_AnyAction, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``actions[]`` of the core dialect."""

    id: _Text
    produces_artifacts: _Names = ()
    completes_run: bool = False


class CoreGate(_AnyGate, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``gates[]`` of the core dialect."""

    reason: str = ""
    required_artifacts: _Names = ()


class AuthoringRole(Struct, frozen=True, forbid_unknown_fields=True):
    """``roles[]`` of the authoring dialect."""

    id: _Text
    description: str = ""


class AuthoringRoute(Struct, frozen=True, forbid_unknown_fields=True):
    """``routes[]`` of the authoring dialect."""

    name: _Text
    description: str = ""


class AuthoringArtifact(_AnyArtifact, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``artifacts[]``."""

    type: _Text
    description: str = ""


class AuthoringAction(_AnyAction, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``actions[]`` of the authoring dialect."""

    name: _Text
    creates_artifacts: _Names = ()
    materialization_route: _Text | None = None
    #: None: as what it creates says.
    completes_run: bool | None = None


class AuthoringGate(_AnyGate, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``gates[]`` of the authoring dialect."""

    message: str = ""
    requires_artifacts: _Names = ()


class _CoreParts(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    roles: _Names
    actions: tuple[CoreAction, ...]
    routes: _Names = ()
    artifact_types: tuple[CoreArtifact, ...] = ()
    gates: tuple[CoreGate, ...] = ()
    completion_report: FileCompletion = FileCompletion()


class _AuthoringParts(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    roles: tuple[AuthoringRole, ...]
    actions: tuple[AuthoringAction, ...]
    routes: tuple[AuthoringRoute, ...] = ()
    artifacts: tuple[AuthoringArtifact, ...] = ()
    gates: tuple[AuthoringGate, ...] = ()
    completion_report: FileCompletion = FileCompletion()
    #: Files of the pack; what the profile decides does not depend on them.
    scenarios: _Names = ()


class CoreProfile(_CoreParts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The core dialect under a header."""

    profile: ProfileHeader


class FlatCoreProfile(_CoreParts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The core dialect in one object."""

    id: _Text
    version: _Version
    purpose: str = ""
    docs_hash: str | None = None
    initial_stage: str | None = None


class AuthoringProfile(_AuthoringParts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The authoring dialect under a header."""

    profile: ProfileHeader


class FlatAuthoringProfile(_AuthoringParts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The authoring dialect in one object."""

    id: _Text
    version: _Version
    purpose: str = ""
    docs_hash: str | None = None
    initial_stage: str | None = None
