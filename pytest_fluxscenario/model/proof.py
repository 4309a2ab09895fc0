"""What was proved of a process, and what was not."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

PROOF_SCHEMA = "flux.proof.v1"

#: ``undecided``: nothing was found, and not everything was looked at. It is no proof.
Verdict = Literal["proved", "refuted", "undecided"]


class ProofStep(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of a counterexample, and what came back."""

    #: The action asked for, or ``approve``.
    action: str
    #: Role of the actor, or of the approval.
    role: str
    payload: dict[str, Any] | None = None
    #: Scope, decision and more of an approval.
    approval: dict[str, Any] | None = None
    #: Hook to what it said: its result, or ``fails``.
    hooks: dict[str, Any] = {}
    status: str = ""
    route: str = ""
    gate_id: str = ""


class CounterexampleReport(Struct, frozen=True, forbid_unknown_fields=True):
    """Steps from the start that show that a property does not hold."""

    message: str
    steps: tuple[ProofStep, ...]
    #: Whether a scenario of these steps was run, and showed the answers above.
    runs: bool
    #: Hooks whose answers are assumed: the scenario shows it where they are given so.
    assumed_hooks: tuple[str, ...] = ()
    #: Where the scenario was written; empty where none was.
    file: str = ""


class PropertyReport(Struct, frozen=True, forbid_unknown_fields=True):
    """One property."""

    id: str
    says: str
    verdict: Verdict
    #: Answers, records, states, or replays that were looked at for it.
    checked: int
    counterexample: CounterexampleReport | None = None


class GuaranteeReport(Struct, frozen=True, forbid_unknown_fields=True):
    """What every way to an action that ends a run, or materializes for real, has in common."""

    action: str
    route: str
    #: Approvals (``role/scope``) that every way there needs, and those that only some need.
    approvals: tuple[str, ...]
    sometimes: tuple[str, ...]
    #: Types that the run always holds then.
    artifacts: tuple[str, ...]


class ProofReport(Struct, frozen=True, forbid_unknown_fields=True):
    """What ``fluxrig pack prove --json`` prints."""

    process_id: str
    process_version: str
    #: ``sha256:`` of the normalised profile.
    profile_hash: str
    verdict: Verdict
    #: Why it is no proof, where nothing was found.
    gaps: tuple[str, ...]
    #: States seen, requests answered in them, and those that the engine decided: states that cannot differ share them.
    states: int
    requests: int
    decided: int
    #: The bounds that were set.
    max_states: int
    max_seconds: float
    max_depth: int
    #: ``any``: hooks may say anything. ``real``: the pack's own were called.
    hooks: Literal["any", "real"]
    properties: tuple[PropertyReport, ...]
    guarantees: tuple[GuaranteeReport, ...]
    #: Gates that no request meets, and actions that are never allowed.
    silent_gates: tuple[str, ...]
    closed_actions: tuple[str, ...]
    #: Scenario files that could not be read for payloads.
    unread: tuple[str, ...] = ()
    schema: str = PROOF_SCHEMA
