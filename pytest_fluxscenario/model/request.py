"""What is asked of a control (control.md, "Request and response" and "Records")."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pytest_fluxscenario.model.vocabulary import CONTROL_PROTOCOL, Decision


class Actor(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Who asks."""

    id: str
    #: One of the roles of the profile; ``approver`` is refused from this surface.
    role: str


class Request(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One control request."""

    action: str
    actor: Actor
    payload: dict[str, Any]
    run_id: str | None = None
    idempotency_key: str | None = None
    protocol_version: str = CONTROL_PROTOCOL


class Approval(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One call of the trusted surface (control.md, "Records"; scenario.md, ``approve``)."""

    role: str
    scope: str
    decision: Decision = "approved"
    #: The actor that approves; recorded as ``created_by``.
    by: str | None = None
    #: RFC 3339; the approval counts until then.
    expires_at: str | None = None
    #: Scope field to value: the approval covers exactly these.
    values: dict[str, Any] | None = None


class GivenArtifact(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An artifact record that a run starts with (scenario.md, ``given``)."""

    type: str
    payload: dict[str, Any]
    #: A role or ``controller``.
    source: str = "agent"


class Given(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a run starts with."""

    artifacts: tuple[GivenArtifact, ...] = ()
    approvals: tuple[Approval, ...] = ()


class Environment(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the world around a run offers (control.md, 8)."""

    capabilities: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
