"""``fluxrig pack check`` of a large pack: ``python benchmarks/check.py [ROUNDS]``.

The pack has 200 actions, 400 gates, 200 artifact types with schemas, a hook, and 300 scenarios. It is written into a
temporary folder; each round is a process of its own. Prints the median of wall and processor time; the promise is at
most 1.5 s for the whole command.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ACTIONS, SCENARIOS, ROUNDS = 200, 300, 5
_CLASSES = (
    "happy_path",
    "missing_required_input",
    "blocked_hard_rule",
    "ask_user_case",
    "instruct_agent_case",
    "hook_failure",
    "idempotency_replay",
    "idempotency_conflict",
)


def write_pack(folder: Path) -> None:
    """The pack: a chain of actions, each behind a gate that asks for its input and one for the record before it."""
    names = [f"step.s{number}" for number in range(ACTIONS)]
    types = [f"record_{number}" for number in range(ACTIONS)]
    gates: list[dict[str, Any]] = []
    for number, name in enumerate(names):
        fact = {"condition": {"fact_true": "odd"}, "hook": "look", "route": "Blocked"}
        asks = {"condition": {"payload_missing": ["input"]}, "route": "AskUser", "next_allowed_actions": [name]}
        gates.append({"id": f"asks_{number}", "type": "decision", "before_action": name, **(asks if number else fact)})
        needs = [types[number - 1]] if number else []
        conforms = (
            {"type": "process_conformance", "required_artifacts": needs} if needs else {"type": "decision", **asks}
        )
        back = {"next_allowed_actions": [names[number - 1]]} if number else {}
        gates.append({"id": f"needs_{number}", "before_action": name, "route": "InstructAgent", **conforms, **back})
    actions: list[dict[str, Any]] = [
        {
            "id": name,
            "allowed_roles": ["agent"],
            "produces_artifacts": [types[number]],
            "next_actions": names[number + 1 : number + 2],
            "completes_run": number == ACTIONS - 1,
        }
        for number, name in enumerate(names)
    ]
    kinds = [{"id": name, "required_fields": ["input"]} for name in types]
    profile: dict[str, Any] = {
        "id": "large",
        "version": "1.0.0",
        "roles": ["agent"],
        "artifact_types": kinds,
        "actions": actions,
    }
    profile |= {"gates": gates, "completion_report": {"required": types}}
    approval = {"role": "approver", "scope": "large.use"}
    manifest: dict[str, Any] = {
        "process": {"id": "large", "version": "1.0.0", "profile_path": "profile.yaml", "hooks_path": "hooks.yaml"},
        "approval_for_use": {
            "install_action": "process.install",
            "approve_use_action": "process.use",
            "required_approval": approval,
        },
    }
    runtime: dict[str, Any] = {
        "id": "local",
        "kind": "python_stdio",
        "command": ["python3", "logic/look.py"],
        "timeout_ms": 1000,
    }
    hooks: dict[str, Any] = {"runtime": runtime, "hooks": [{"id": "look", "type": "condition.evaluate"}]}
    _write(folder / "process.manifest.yaml", manifest)
    _write(folder / "profile.yaml", profile)
    _write(folder / "hooks.yaml", hooks)
    _write(folder / "logic" / "look.py", None)
    for name in types:
        schema = {"type": "object", "properties": {"input": {"type": "string", "minLength": 1}}}
        _write(folder / "schemas" / "artifacts" / f"{name}.json", schema)
    for number in range(SCENARIOS):
        _write(folder / "scenarios" / f"s{number:03}.scenario.yaml", _scenario(number, names))


def _scenario(number: int, names: list[str]) -> dict[str, Any]:
    at = number % (ACTIONS - 1) + 1
    expectation = {"status": "nok", "route": "AskUser", "gate_id": f"asks_{at}", "next_allowed_actions": [names[at]]}
    step = {"action": names[at], "actor": {"id": "agent-1", "role": "agent"}, "payload": {}, "expectation": expectation}
    steps = [{"name": f"step {index}", **step} for index in range(4)]
    classes = [_CLASSES[number % len(_CLASSES)]]
    return {"id": f"s{number}", "profile_id": "large", "profile_version": "1.0.0", "classes": classes, "steps": steps}


def _write(path: Path, content: Any) -> None:
    """JSON, indented: YAML that is read as such where the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("" if content is None else json.dumps(content, indent=1), encoding="utf-8")


def main(rounds: int) -> int:
    """Measure, and say whether the promise holds; gives the exit status."""
    fluxrig = os.path.join(os.path.dirname(sys.executable), "fluxrig")
    with tempfile.TemporaryDirectory() as temporary:
        pack = Path(temporary) / "large"
        write_pack(pack)
        wall, cpu = [], []
        for number in range(rounds + 1):
            before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            done = subprocess.run([fluxrig, "pack", "check", str(pack)], capture_output=True, text=True, check=False)
            took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
            if done.returncode or done.stdout != "valid\n":
                print(done.stdout[-2000:] + done.stderr[-2000:])
                return 1
            if number:  # the first one fills the caches
                wall.append(took)
                cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    print(f"{ACTIONS} actions, {2 * ACTIONS} gates, {ACTIONS} schemas, {SCENARIOS} scenarios: median of {rounds}")
    print(f"wall {statistics.median(wall):.2f} s, CPU {statistics.median(cpu):.2f} s (promise: wall at most 1.5 s)")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
