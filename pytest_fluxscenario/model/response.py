"""What a control answers (control.md, "Request and response")."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pytest_fluxscenario.model.vocabulary import GateType, Mode, Status


class RequiredApproval(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Who must approve, and what."""

    role: str
    scope: str


class Materialization(Struct, frozen=True, forbid_unknown_fields=True):
    """The plan of an action that materializes."""

    mode: Mode
    action: str
    #: Each scope field of the action with its value in the payload.
    scope: dict[str, Any]
    #: What the preflight found; a plan exists only where it passed.
    preflight: str = "passed"


class HookCallRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """One hook call as the answer reports it."""

    hook_id: str
    status: str
    runtime_id: str = ""
    runtime_kind: str = ""
    #: ``sha256:`` of the files that the call ran, of its input line and of its output line; empty where there was none.
    entrypoint_hash: str = ""
    input_hash: str = ""
    output_hash: str = ""
    diagnostics: tuple[str, ...] = ()
    #: ``sha256:`` of the text that a ``template.render`` hook gave, in UTF-8; only such calls have it.
    rendered_hash: str | UnsetType = UNSET


class Contract(Struct, frozen=True, omit_defaults=True):
    """What ``fst.help.process_contract`` tells of a process (control.md, 5)."""

    actions: tuple[dict[str, Any], ...] = ()
    gates: tuple[dict[str, Any], ...] = ()
    routes: tuple[str, ...] = ()
    artifacts: tuple[dict[str, Any], ...] = ()
    capabilities: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
    materialization_modes: tuple[str, ...] = ()


class Response(Struct, frozen=True, forbid_unknown_fields=True):
    """One control answer; a field that does not apply is left out."""

    status: Status
    run_id: str
    profile_id: str
    profile_version: str
    #: ``sha256:`` of the canonical core form of the profile.
    profile_hash: str
    #: One of the eight routes; an ``error`` has none.
    route: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    instruction: str | UnsetType = UNSET
    gate_id: str | UnsetType = UNSET
    gate_type: GateType | UnsetType = UNSET
    missing_artifacts: tuple[str, ...] | UnsetType = UNSET
    required_approval: RequiredApproval | UnsetType = UNSET
    #: Ids of the records admitted, and the type of each at the same position.
    created_artifacts: tuple[str, ...] | UnsetType = UNSET
    created_artifact_types: tuple[str, ...] | UnsetType = UNSET
    next_allowed_actions: tuple[str, ...] = ()
    evidence_refs: tuple[str, ...] = ()
    idempotent_replay: bool = False
    idempotency_conflict: bool | UnsetType = UNSET
    completion_report_exists: bool = False
    materialization: Materialization | UnsetType = UNSET
    hook_calls: tuple[HookCallRecord, ...] = ()
    contract: Contract | UnsetType = UNSET


def replayed(response: Response) -> Response:
    """The stored answer as it is given again (control.md, 3)."""
    return msgspec.structs.replace(response, idempotent_replay=True)
