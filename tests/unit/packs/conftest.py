"""A small pack that uses everything, and what tests make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

MANIFEST = """\
process:
  id: change_review
  version: "1.2.0"
  display_name: Change review
  profile_api: fst.profile.v1
  logic_api: fst.process_logic.v1
  profile_path: profile.yaml
  hooks_path: hooks.yaml
requires:
  capabilities: [repo.read]
  materialization_modes: [mock, real]
forbidden:
  hook_outputs: [secret]
"""

CORE = """\
profile:
  id: change_review
  version: "1.2.0"
  purpose: Review one change.
  initial_stage: open
roles: [agent, approver, system]
routes: [Continue, AskUser, AwaitApproval, Blocked, InstructAgent, MaterializeMock, MaterializeAllowed, Complete]
artifact_types:
  - id: diff_record
    required_fields: [files]
    allowed_sources: [agent]
    expires_after: 86400
  - id: report
    required_fields: [path]
    allowed_sources: [controller]
  - id: verdict
actions:
  - id: diff.inspect
    description: Look at the change.
    produces_artifacts: [diff_record]
    next_actions: [report.write]
  - id: report.write
    allowed_roles: [agent]
    required_capabilities: [repo.read]
    produces_artifacts: [report]
    materialization_mode: mock
    materialization_scope_fields: [path]
    next_actions: [change.close]
  - id: change.close
    produces_artifacts: [verdict]
    completes_run: true
  - id: change.publish
    materialization_mode: real
    materialization_scope_fields: [target]
gates:
  - id: files_missing
    type: decision
    before_action: diff.inspect
    condition: {payload_missing: [files]}
    route: AskUser
    reason: The files are missing.
    instruction: Ask which files changed.
    next_allowed_actions: [diff.inspect]
  - id: forced
    type: decision
    before_action: diff.inspect
    condition: {payload_equals: {mode: force}}
    route: Blocked
  - id: secrets
    type: decision
    before_action: diff.inspect
    condition: {payload_contains_any: [password, token]}
    route: Blocked
  - id: risky
    type: decision
    before_action: report.write
    condition: {fact_true: risky}
    route: AskUser
    hook: assess
    on_hook_failure: Blocked
  - id: report_needs_diff
    type: process_conformance
    before_action: report.write
    route: InstructAgent
    reason: There is no diff yet.
    required_artifacts: [diff_record]
  - id: publish_approved
    type: approval
    before_action: change.publish
    condition: {always: true}
    route: AwaitApproval
    required_approval: {role: approver, scope: publish}
completion_report:
  required: [verdict]
"""

AUTHORING = """\
profile:
  id: change_review
  version: "1.2.0"
  purpose: Review one change.
  initial_stage: open
roles:
  - id: agent
  - id: approver
    description: Says yes or no.
  - id: system
routes:
  - name: Continue
  - name: AskUser
  - name: AwaitApproval
  - name: Blocked
  - name: InstructAgent
  - name: MaterializeMock
  - name: MaterializeAllowed
  - name: Complete
artifacts:
  - type: diff_record
    required_fields: [files]
    allowed_sources: [agent]
    expires_after: 1d
  - type: report
    required_fields: [path]
    allowed_sources: [controller]
  - type: verdict
actions:
  - name: diff.inspect
    description: Look at the change.
    allowed_roles: [agent, system]
    creates_artifacts: [diff_record]
    next_actions: [report.write]
  - name: report.write
    allowed_roles: [agent]
    required_capabilities: [repo.read]
    creates_artifacts: [report]
    materialization_route: MaterializeMock
    materialization_scope_fields: [path]
    next_actions: [change.close]
  - name: change.close
    creates_artifacts: [verdict]
  - name: change.publish
    materialization_route: MaterializeAllowed
    materialization_scope_fields: [target]
gates:
  - id: files_missing
    type: decision
    before_action: diff.inspect
    condition: {field: files, op: missing}
    route: AskUser
    message: The files are missing.
    instruction: Ask which files changed.
    next_allowed_actions: [diff.inspect]
  - id: forced
    type: decision
    before_action: diff.inspect
    condition: {field: mode, op: equals, value: force}
    route: Blocked
  - id: secrets
    type: decision
    before_action: diff.inspect
    condition: {op: contains_any, value: [password, token]}
    route: Blocked
  - id: risky
    type: decision
    before_action: report.write
    condition: {fact_true: risky}
    route: AskUser
    hook: assess
    on_hook_failure: Blocked
  - id: report_needs_diff
    type: process_conformance
    before_action: report.write
    condition: {op: always}
    route: InstructAgent
    message: There is no diff yet.
    requires_artifacts: [diff_record]
  - id: publish_approved
    type: approval
    before_action: change.publish
    route: AwaitApproval
    required_approval: {role: approver, scope: publish}
completion_report:
  required: [verdict]
scenarios:
  - scenarios/happy_path.scenario.yaml
"""

HOOKS = """\
runtime:
  id: local
  kind: python_stdio
  command: [python3, logic/main.py]
  timeout_ms: 2000
contract:
  forbidden_output_fields: [route]
  allowed_output_fields: [facts, diagnostics]
hooks:
  - id: assess
    type: condition.evaluate
  - id: check_diff
    type: artifact.validate
    input_artifact_type: diff_record
    on_failure: Blocked
"""

SCHEMA = """\
{
  "type": "object",
  "properties": {
    "files": {"$ref": "#/$defs/names"}
  },
  "$defs": {
    "names": {"type": "array", "items": {"type": "string", "pattern": "^[a-z/.]+$"}}
  }
}
"""

FILES: Mapping[str, str] = {
    "process.manifest.yaml": MANIFEST,
    "profile.yaml": CORE,
    "hooks.yaml": HOOKS,
    "logic/main.py": "raise SystemExit('this code must never run')\n",
    "schemas/artifacts/diff_record.json": SCHEMA,
}

PackFiles = Mapping[str, str]
WritePack = Callable[..., Path]


@pytest.fixture
def pack_files() -> dict[str, str]:
    """Path to text of the example in the core dialect."""
    return dict(FILES)


@pytest.fixture
def authoring() -> str:
    """The profile of the example in the authoring dialect."""
    return AUTHORING


@pytest.fixture
def flat_core() -> dict[str, Any]:
    """The profile of the example as one flat object."""
    data: dict[str, Any] = yaml.safe_load(CORE)
    return {**data.pop("profile"), **data}


@pytest.fixture
def write_pack() -> WritePack:
    """Write the example (or ``files``) into a folder; texts given by path are added, None leaves a file out."""

    def write(folder: Path, changed: Mapping[str, str | None] | None = None) -> Path:
        files: dict[str, str | None] = {**FILES, **(changed or {})}
        for path, text in files.items():
            if text is not None:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8")
        return folder

    return write
