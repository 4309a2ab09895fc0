"""A profile in its normalised core form: what is executed, and what is hashed (pack.md, "The profile").

Both dialects are read into this form. A field that says its default is the same as a field that is left out, so two
files that say
the same have one hash.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.model.response import RequiredApproval
from pytest_fluxscenario.model.vocabulary import GateType, Mode


class ArtifactType(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A kind of record that a run can hold."""

    id: str
    required_fields: tuple[str, ...] = ()
    #: Roles or ``controller``; None where the profile does not restrict them.
    allowed_sources: tuple[str, ...] | None = None
    #: Path of a JSON Schema in the pack.
    schema: str | None = None
    #: Seconds after which a record no longer counts.
    expires_after: int | None = None


class Action(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that an actor may ask for."""

    id: str
    #: Always written out: the default differs by dialect only in the files.
    allowed_roles: tuple[str, ...]
    description: str = ""
    required_capabilities: tuple[str, ...] = ()
    required_connectors: tuple[str, ...] = ()
    produces_artifacts: tuple[str, ...] = ()
    materialization_mode: Mode | None = None
    materialization_scope_fields: tuple[str, ...] = ()
    next_actions: tuple[str, ...] = ()
    completes_run: bool = False


class Gate(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rule that stands before an action."""

    id: str
    type: GateType
    before_action: str
    route: str
    #: Core operators only (control.md, "Conditions"); empty holds always.
    condition: dict[str, Any] = {}
    reason: str = ""
    instruction: str = ""
    required_artifacts: tuple[str, ...] = ()
    required_approval: RequiredApproval | None = None
    next_allowed_actions: tuple[str, ...] = ()
    hook: str | None = None
    on_hook_failure: str | None = None


class CompletionReport(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a run must hold to be complete."""

    required: tuple[str, ...] = ()


class Profile(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The rules of one process, at one version."""

    id: str
    version: str
    roles: tuple[str, ...]
    actions: tuple[Action, ...]
    purpose: str = ""
    docs_hash: str | None = None
    initial_stage: str | None = None
    routes: tuple[str, ...] = ()
    artifact_types: tuple[ArtifactType, ...] = ()
    gates: tuple[Gate, ...] = ()
    completion_report: CompletionReport = CompletionReport()


def profile_hash(profile: Profile) -> str:
    """``sha256:`` of the canonical JSON of the normalised core form (pack.md)."""
    return canonical_ref(profile)
