"""The closed sets of words (control.md, pack.md, scenario.md)."""

from __future__ import annotations

from typing import Final, Literal

Status = Literal["ok", "nok", "error"]
Decision = Literal["approved", "denied"]
GateType = Literal["decision", "approval", "process_conformance"]
Mode = Literal["mock", "shadow", "real"]

STATUSES: Final = ("ok", "nok", "error")
ROUTES: Final = (
    "Continue",
    "InstructAgent",
    "AskUser",
    "AwaitApproval",
    "Blocked",
    "MaterializeMock",
    "MaterializeAllowed",
    "Complete",
)
ROLES: Final = ("agent", "task_user", "approver", "system")
GATE_TYPES: Final = ("decision", "approval", "process_conformance")
FAULT_KINDS: Final = ("timeout", "crash", "error", "invalid_json", "forbidden_field")
MATCHERS: Final = ("matches", "contains", "any_of", "present", "in_order")

#: control.md, "Request and response".
CONTROL_PROTOCOL: Final = "fst.control.v1"
#: The action that explains the process and satisfies no gate (control.md, 5).
CONTRACT_ACTION: Final = "fst.help.process_contract"
#: Result fields of a hook that would claim authority (control.md, "Hooks").
AUTHORITY_FIELDS: Final = ("route", "approval_record", "materialization_allowed", "profile_publication")

#: pack.md, "Scenario classes".
CLASSES: Final = (
    "happy_path",
    "missing_required_input",
    "blocked_hard_rule",
    "ask_user_case",
    "instruct_agent_case",
    "approval_required",
    "hook_failure",
    "materialization_preflight",
    "idempotency_replay",
    "idempotency_conflict",
)
GENERATED_CLASSES: Final = (
    "missing_docs_blocked",
    "incomplete_process_model_asks_user",
    "unsafe_hook_authority_blocked",
    "missing_scenario_suite_instructs_agent",
    "invalid_profile_schema_blocked",
    "approval_for_use_requires_approval",
)
