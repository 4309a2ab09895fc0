"""The rules of a pack as a review packet says them: in words, each with its place."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pytest_fluxscenario.model.response import RequiredApproval


class RoleView(Struct, frozen=True, forbid_unknown_fields=True):
    """A role, and what it may ask for."""

    id: str
    actions: tuple[str, ...]


class ActionView(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that an actor may ask for."""

    id: str
    #: ``file:line``.
    where: str
    description: str
    roles: tuple[str, ...]
    #: The gates on its way in, in the order in which they are tried.
    gates: tuple[str, ...]
    capabilities: tuple[str, ...]
    connectors: tuple[str, ...]
    #: The artifact types that it leaves behind.
    leaves: tuple[str, ...]
    #: ``mock``, ``shadow`` or ``real``; empty where it materializes nothing.
    mode: str
    scope: tuple[str, ...]
    next: tuple[str, ...]
    completes: bool
    #: Hooks that look at what it leaves behind, or render it.
    hooks: tuple[str, ...]
    #: Steps between the beginning of the process and this action, along ``next``.
    layer: int


class GateView(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that stands before an action."""

    id: str
    where: str
    type: str
    action: str
    route: str
    #: When it stops a request, in words.
    stops: str
    condition: dict[str, Any]
    reason: str
    instruction: str
    requires: tuple[str, ...]
    approval: RequiredApproval | None
    #: Where it leads a request that it stops.
    next: tuple[str, ...]
    #: The hook that its condition asks; empty where none.
    hook: str
    #: The route when that hook fails; empty where no hook is asked.
    hook_failure: str


class TypeView(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of record that a run can hold."""

    id: str
    where: str
    fields: tuple[str, ...]
    #: Who may be the source of one; null where everybody may.
    sources: tuple[str, ...] | None
    #: The path of its JSON Schema in the pack; empty where it has none.
    schema: str
    #: Seconds; null where its records count for ever.
    expires_after: int | None
    #: The actions that leave one, the gates that require one.
    left_by: tuple[str, ...]
    required_by: tuple[str, ...]
    #: Whether a complete run must hold one.
    for_completion: bool


class ApprovalView(Struct, frozen=True, forbid_unknown_fields=True):
    """A place where somebody has to approve."""

    #: ``gate``: before an action. ``real``: of what is written. ``use``: of the pack itself.
    kind: str
    where: str
    action: str
    #: The gate that asks for it; empty for the others.
    gate: str
    role: str
    #: Any of these will do.
    scopes: tuple[str, ...]
    #: When it is asked for, in words.
    when: str


class HookView(Struct, frozen=True, forbid_unknown_fields=True):
    """A hook: foreign code that computes something for a rule."""

    id: str
    where: str
    type: str
    description: str
    input: str
    #: The route of a failed call; empty where its gates say it.
    on_failure: str
    #: The gates that ask it.
    gates: tuple[str, ...]
    #: How often the run called it, and how often that failed.
    calls: int
    failures: int


class RuntimeView(Struct, frozen=True, forbid_unknown_fields=True):
    """How hooks are called, and what they run from."""

    id: str
    kind: str
    command: tuple[str, ...]
    timeout_ms: int
    lifetime: str
    where: str
    #: ``sha256:`` over the files that a call may run.
    code_hash: str
    #: Path to ``sha256:``.
    code: dict[str, str]
    #: Result fields that are refused, and those that are taken (null: those of the protocol).
    forbidden: tuple[str, ...]
    allowed: tuple[str, ...] | None


class RulesView(Struct, frozen=True, forbid_unknown_fields=True):
    """What decides, in the order of the process."""

    roles: tuple[RoleView, ...]
    #: By layer, and in the order of the profile within one.
    actions: tuple[ActionView, ...]
    #: In the order of the profile.
    gates: tuple[GateView, ...]
    types: tuple[TypeView, ...]
    routes: tuple[str, ...]
    approvals: tuple[ApprovalView, ...]
    #: What a complete run must hold.
    completion: tuple[str, ...]
    runtime: RuntimeView | None
    hooks: tuple[HookView, ...]
    #: The modes in which something may be written (control.md, 10).
    modes: tuple[str, ...]
    capabilities: tuple[str, ...]
    connectors: tuple[str, ...]
    forbidden_capabilities: tuple[str, ...]
    forbidden_outputs: tuple[str, ...]
