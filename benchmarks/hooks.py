"""What it costs to call a hook: ``python -m benchmarks.hooks [--calls N] [--scenarios N]``.

A call is timed beside the bare thing it stands on, in turn: the same interpreter started with the same script and
variables and nothing else; or, for a process that is kept, a line written to it and a line read back. The difference is
what this package adds. Then a session of scenarios with a call each runs with no worker and with two.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.runtimes.bounds import environment_of
from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.make import Runtimes
from pytest_fluxscenario.runtimes.port import HookCall, HookRuntime

_ANSWER = 'print(json.dumps({"status": "ok", "facts": {"many": call["payload"]["files"] > 20}}), flush=True)\n'
_LOGIC = {
    "call": f"import json, sys\ncall = json.loads(sys.stdin.readline())\n{_ANSWER}",
    "session": f"import json, sys\nfor line in sys.stdin:\n    call = json.loads(line)\n    {_ANSWER}",
}
_PROFILE = """\
profile: {id: timed, version: "1.0.0", purpose: Time hooks.}
roles: [agent]
routes: [Continue, Blocked]
actions: [{id: files.count, allowed_roles: [agent]}]
gates:
  - id: not_too_many
    type: decision
    before_action: files.count
    condition: {fact_true: many}
    hook: count
    route: Blocked
    reason: Too many files.
"""
_MANIFEST = 'process: {id: timed, version: "1.0.0", profile_path: profile.yaml, hooks_path: hooks.yaml}\n'
_CALL = HookCall("count", "run-1", "timed", "1.0.0", None, {"files": 40})


@dataclass(frozen=True)
class Cost:
    """Milliseconds of each call, and of the bare thing."""

    call: list[float]
    bare: list[float]

    def told(self) -> str:
        """The medians and the least of both: on a busy machine the least says more."""
        parts = []
        for name, of in (("median", statistics.median), ("least", min)):
            call, bare = of(self.call), of(self.bare)
            parts.append(f"{name} {call:.2f} ms, bare {bare:.2f}, added {call - bare:.2f}")
        return "; ".join(parts)


def write_pack(folder: Path, lifetime: str) -> Path:
    """A pack whose hook does next to nothing."""
    (folder / "logic").mkdir(parents=True)
    runtime = {"id": "local", "kind": "python_stdio", "command": ["python3", "logic/main.py"], "timeout_ms": 20000}
    hooks = {"runtime": {**runtime, "lifetime": lifetime}, "hooks": [{"id": "count", "type": "condition.evaluate"}]}
    (folder / "hooks.yaml").write_text(json.dumps(hooks), encoding="utf-8")
    (folder / "logic" / "main.py").write_text(_LOGIC[lifetime], encoding="utf-8")
    (folder / "profile.yaml").write_text(_PROFILE, encoding="utf-8")
    (folder / "process.manifest.yaml").write_text(_MANIFEST, encoding="utf-8")
    return folder


def in_turn(calls: int, call: Callable[[], None], bare: Callable[[], None]) -> Cost:
    """The times of two things that are done in turn, so that the machine is the same for both."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(calls):
        for times, what in zip(spent, (call, bare), strict=True):
            begun = time.perf_counter()
            what()
            times.append((time.perf_counter() - begun) * 1000)
    return Cost(*spent)


def cost_of(folder: Path, lifetime: str, calls: int) -> Cost:
    """What a call costs, beside the bare thing."""
    write_pack(folder, lifetime)
    settings = HookSettings.of(os.environ)
    runtimes = Runtimes(settings)
    hook = runtimes.of(load_pack(FolderFiles(str(folder), "timed")))
    call = _caller(hook)
    variables = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}
    environment = environment_of(settings, variables, str(folder), "bare")
    command = [sys.executable, str(folder / "logic" / "main.py")]
    try:
        call()
        if lifetime == "call":
            return in_turn(calls, call, lambda: _start(command, environment, folder))
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, bufsize=0) as process:
            return in_turn(calls, call, lambda: _exchange(process))
    finally:
        runtimes.close()


def _caller(hook: HookRuntime) -> Callable[[], None]:
    def call() -> None:
        outcome = hook.call(_CALL)
        assert outcome.result == {"status": "ok", "facts": {"many": True}}, outcome

    return call


def _start(command: list[str], environment: dict[str, str], folder: Path) -> None:
    line = folder / "line"
    if not line.exists():
        line.write_bytes(_CALL.line() + b"\n")
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, str(line), os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    ]
    process = os.posix_spawn(command[0], command, environment, file_actions=actions)
    assert os.waitpid(process, 0)[1] == 0


def _exchange(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(_CALL.line() + b"\n")
    assert process.stdout.readline()


def session_of(folder: Path, scenarios: int) -> list[tuple[float, float]]:
    """Seconds of a session of scenarios with a call each, by the clock and of processors: no worker, then two."""
    pack = write_pack(folder / "timed", "call")
    step = {"name": "count", "action": "files.count", "actor": {"id": "a", "role": "agent"}, "payload": {"files": 3}}
    wanted = {"expectation": {"status": "ok", "route": "Continue", "hook_calls": {"count": "ok"}}}
    about = {"profile_id": "timed", "profile_version": "1.0.0", "steps": [{**step, **wanted}]}
    (pack / "scenarios").mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for number in range(scenarios):
        path = pack / "scenarios" / f"s{number:04}.json"
        path.write_text(json.dumps({"id": f"s{number:04}", **about}), encoding="utf-8")
    spent = []
    for workers in ("-n0", "-n2"):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", workers]
        begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        spent.append((time.perf_counter() - begun, used))
        assert f"{scenarios} passed" in answer.stdout, answer.stdout
    return spent


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--scenarios", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for lifetime in ("call", "session"):
            print(f"lifetime {lifetime}: {cost_of(folder / lifetime, lifetime, options.calls).told()}")
        if options.scenarios:
            (wall, cpu), (walls, cpus) = session_of(folder / "sessions", options.scenarios)
            print(f"{options.scenarios} scenarios: -n0 {wall:.1f} s ({cpu:.1f} s of processors), ", end="")
            print(f"-n2 {walls:.1f} s ({cpus:.1f} s), ratio {walls / wall:.2f}")


if __name__ == "__main__":
    main()
