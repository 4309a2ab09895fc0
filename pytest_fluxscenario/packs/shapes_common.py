"""What both dialects of a profile say with the same words (pack.md, "The profile").

The names of these types, as of those in ``shapes_core`` and ``shapes_authoring``, stand in messages: "the action has
no 'id'".
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from pytest_fluxscenario.model.response import RequiredApproval
from pytest_fluxscenario.model.vocabulary import GateType, Mode

Text = Annotated[str, Meta(min_length=1)]
Version = Annotated[str, Meta(min_length=1, description="SemVer, in quotes.")]
Names = tuple[Text, ...]


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands under ``profile:``."""

    id: Text
    version: Version
    purpose: str = ""
    docs_hash: str | None = None
    initial_stage: str | None = None


class Completion(Struct, frozen=True, forbid_unknown_fields=True):
    """``completion_report``."""

    required: Names = ()


class AnyAction(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an action says in both dialects with the same words."""

    description: str = ""
    #: None: ``agent`` and ``system``.
    allowed_roles: Names | None = None
    required_capabilities: Names = ()
    required_connectors: Names = ()
    materialization_mode: Mode | None = None
    materialization_scope_fields: Names = ()
    next_actions: Names = ()


class AnyGate(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a gate says in both dialects with the same words."""

    id: Text
    type: GateType
    before_action: Text
    route: Text
    condition: dict[str, Any] | None = None
    instruction: str = ""
    required_approval: RequiredApproval | None = None
    next_allowed_actions: Names = ()
    hook: Text | None = None
    on_hook_failure: Text | None = None


class AnyArtifact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an artifact type says in both dialects with the same words."""

    required_fields: Names = ()
    allowed_sources: Names | None = None
    schema: Text | None = None
    expires_after: int | str | None = None
