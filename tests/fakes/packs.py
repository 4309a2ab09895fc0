"""A small pack that is valid, and scenario texts that run on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MANIFEST = """\
process:
  id: small
  version: "{version}"
  display_name: Small
  profile_api: fst.profile.v1
  logic_api: fst.process_logic.v1
  profile_path: profile.yaml
  hooks_path: hooks.yaml
requires:
  capabilities: [repo.read]
  connectors: [git]
  materialization_modes: [mock]
"""

PROFILE = """\
profile:
  id: small
  version: "{version}"
  purpose: Let an agent begin, ask, and finish.
  initial_stage: open
roles: [agent, task_user, approver]
routes: [Continue, InstructAgent, AskUser, AwaitApproval, Blocked, MaterializeMock, Complete]
artifact_types:
  - id: start_record
    required_fields: [what]
    allowed_sources: [agent, task_user]
  - id: facts_record
    allowed_sources: [agent]
  - id: report
    allowed_sources: [controller]
actions:
  - id: work.start
    produces_artifacts: [start_record]
    next_actions: [work.finish, work.check]
  - id: work.check
    required_capabilities: [repo.read]
    required_connectors: [git]
    produces_artifacts: [facts_record]
    next_actions: [work.finish]
  - id: work.waive
    next_actions: [work.finish]
  - id: work.report
    produces_artifacts: [report]
    materialization_mode: mock
    materialization_scope_fields: [path]
    next_actions: [work.finish]
  - id: work.finish
    completes_run: true
gates:
  - id: what_required
    type: decision
    before_action: work.start
    condition: {{payload_missing: [what]}}
    route: AskUser
    reason: {reason}
    instruction: Ask the user what to do.
    next_allowed_actions: [work.start]
  - id: check_needs_facts
    type: decision
    before_action: work.check
    condition: {{fact_true: risky}}
    hook: assess
    on_hook_failure: InstructAgent
    route: Blocked
    reason: The facts say no.
  - id: waiver_needs_approval
    type: approval
    before_action: work.waive
    route: AwaitApproval
    reason: A waiver needs an approval.
    required_approval: {{role: approver, scope: waive}}
    next_allowed_actions: [work.waive]
  - id: finish_requires_start
    type: process_conformance
    before_action: work.finish
    route: InstructAgent
    reason: Nothing was begun.
    instruction: Begin first.
    required_artifacts: [start_record]
    next_allowed_actions: [work.start]
completion_report:
  required: [start_record]
"""

#: No machine has the program: a scenario that needs the hook gets no verdict.
HOOKS = """\
runtime:
  id: local
  kind: python_stdio
  command: [no-such-program, logic/main.py]
  timeout_ms: 2000
contract:
  allowed_output_fields: [facts, diagnostics]
hooks:
  - id: assess
    type: condition.evaluate
"""

#: Answers that nothing is risky, unless the payload says that it is.
LOGIC = """\
import json, sys
call = json.loads(sys.stdin.readline())
print(json.dumps({"status": "ok", "facts": {"risky": bool(call["payload"].get("risky"))}}))
"""


def write_pack(folder: Path, *, version: str = "1.0.0", reason: str = "It is not said what to do.") -> Path:
    """The pack ``small`` in ``folder``; another ``reason`` makes another pack of the same version."""
    files = {
        "process.manifest.yaml": MANIFEST.format(version=version),
        "profile.yaml": PROFILE.format(version=version, reason=reason),
        "hooks.yaml": HOOKS,
        "logic/main.py": LOGIC,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def write_plain_pack(folder: Path) -> Path:
    """The same pack without hooks."""
    pack = write_pack(folder)
    manifest, profile = pack / "process.manifest.yaml", pack / "profile.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("  hooks_path: hooks.yaml\n", ""), encoding="utf-8")
    before, _, rest = profile.read_text("utf-8").partition("  - id: check_needs_facts\n")
    profile.write_text(before + rest[rest.index("  - id: waiver_needs_approval") :], encoding="utf-8")
    (pack / "hooks.yaml").unlink()
    (pack / "logic" / "main.py").unlink()
    return pack


def write_hook(pack: Path, logic: str = LOGIC, **runtime: Any) -> Path:
    """Let the pack's hook run: ``logic`` as ``logic/main.py``, and fields of the runtime."""
    said = {"id": "local", "kind": "python_stdio", "command": ["python3", "logic/main.py"], "timeout_ms": 20000}
    manifest = {"runtime": said | runtime, "hooks": [{"id": "assess", "type": "condition.evaluate"}]}
    (pack / "hooks.yaml").write_text(json.dumps(manifest), encoding="utf-8")
    (pack / "logic" / "main.py").write_text(logic, encoding="utf-8")
    return pack


def trap(pack: Path, trace: Path) -> Path:
    """Let whoever runs the pack's hook leave a file at ``trace``."""
    return write_hook(pack, f"open({str(trace)!r}, 'w').close()\n{LOGIC}")


def step(name: str = "start", action: str = "work.start", **more: Any) -> dict[str, Any]:
    """A step that passes; the fields of the expectation are changed by ``expect``."""
    expect = more.pop("expect", None)
    return {
        "name": name,
        "action": action,
        "actor": {"id": "agent-1", "role": "agent"},
        "payload": {"what": "a patch"},
        "expectation": expect or {"status": "ok", "route": "Continue"},
        **more,
    }


def scenario(scenario_id: str = "one", *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A scenario that passes, unless its steps say otherwise."""
    return {
        "id": scenario_id,
        "profile_id": "small",
        "profile_version": "1.0.0",
        "steps": list(steps) or [step()],
        **more,
    }


def failing(scenario_id: str = "bad", **more: Any) -> dict[str, Any]:
    """A scenario whose second step of three is not as it expects."""
    wrong = step("wrong", expect={"status": "nok", "route": "Blocked"})
    return scenario(scenario_id, step("first"), wrong, step("last"), **more)


def needs_hook(scenario_id: str = "hooked", **more: Any) -> dict[str, Any]:
    """A scenario that asks the hook ``assess``, and passes where it says that nothing is risky."""
    return scenario(scenario_id, step("check", "work.check"), **more)


def write(path: Path, *documents: Any) -> Path:
    """Documents as a scenario file: one as an object, several as a list; YAML is written as JSON, which it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = documents[0] if len(documents) == 1 else list(documents)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path
