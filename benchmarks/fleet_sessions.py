"""Sessions of pytest that are measured: in this machine's process alone, or over a fleet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.fleet_rig import Fleet, peak_mb
from benchmarks.hooks import write_pack

#: Seconds after which a session is given up.
_MOST: Final = 150.0
_QUIET: Final = ("-p", "no:randomly", "-p", "no:rerunfailures", "-p", "no:cacheprovider")
#: A kept hook that waits for somebody else, as one does that asks a service.
_WAITING: Final = """\
import json, sys, time
for line in sys.stdin:
    call = json.loads(line)
    time.sleep({pause})
    print(json.dumps({{"status": "ok", "facts": {{"many": call["payload"]["files"] > 20}}}}), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Session:
    """What one session took."""

    #: Seconds by the clock, of processors, and by the clock until the first verdict was shown.
    wall: float
    cpu: float
    first: float
    #: The most memory that pytest held.
    peak_mb: float


def run(folder: Path, passed: int, fleet: Fleet | None = None, *options: str) -> Session:
    """Run pytest in ``folder``, over ``fleet`` where there is one. Raises RuntimeError where not so many passed."""
    command = [sys.executable, "-m", "pytest", "-v", *_QUIET, *options]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if fleet is not None:
        command.append(f"--fluxscenario-mixer={fleet.url}")
        environ = fleet.environ
    begun, first, last = time.perf_counter(), 0.0, ""
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    peak = [0.0]
    stop = threading.Timer(_MOST, process.kill)
    watch = threading.Thread(target=_watch, args=(process, peak))
    stop.start()
    watch.start()
    assert process.stdout is not None
    try:
        on_racks = fleet is None
        for line in process.stdout:
            if not first and b" PASSED" in line:
                first = time.perf_counter() - begun
            on_racks = on_racks or b"done on rack-" in line
            last = line.decode("utf-8", "replace")
        # What it has used is told once it is waited for.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        stop.cancel()
        if process.returncode is None:
            process.kill()
            process.wait()
        process.stdout.close()
        watch.join()
    if process.returncode or f" {passed} passed" not in last or not on_racks:
        raise RuntimeError(f"a session in {folder} went wrong: {last.strip()}")
    return Session(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, first, peak[0])


def _watch(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    while process.returncode is None:
        peak[0] = max(peak[0], peak_mb(process.pid))
        time.sleep(0.05)


def hook_project(folder: Path, count: int, pause: float = 0.0) -> Path:
    """Scenarios with one hook call each: a process that is started for it, or a kept one that waits ``pause`` seconds.

    Gives the folder to run pytest in.
    """
    pack = write_pack(folder / "timed", "session" if pause else "call")
    if pause:
        (pack / "logic" / "main.py").write_text(_WAITING.format(pause=pause), encoding="utf-8")
    step = {"name": "count", "action": "files.count", "actor": {"id": "a", "role": "agent"}, "payload": {"files": 3}}
    wanted = {"expectation": {"status": "ok", "route": "Continue", "hook_calls": {"count": "ok"}}}
    about = {"profile_id": "timed", "profile_version": "1.0.0", "steps": [{**step, **wanted}]}
    (pack / "scenarios").mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    documents = [{"id": f"s{number:04}", **about} for number in range(count)]
    (pack / "scenarios" / "all.json").write_text(json.dumps(documents), encoding="utf-8")
    return folder
