"""Sessions over racks that are processes, on a real NATS server: what hooks run on, who shares racks, who stops."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.fleet_processes import TOKEN, Fleet, fleet_of
from tests.fakes.packs import failing, needs_hook, scenario, write_hook
from tests.fakes.project import Project
from tests.fakes.project_fixture import project
from tests.fakes.quiet import QUIETER
from tests.fakes.waiting import until
from tests.fakes.wasm import OK, command, say

__all__ = ["project"]

_NODE = """\
const call = JSON.parse(require('fs').readFileSync(0, 'utf8').split('\\n')[0]);
console.log(JSON.stringify({status: 'ok', facts: {risky: false}}));
"""
_SLOW = """\
import json, sys, time
call = json.loads(sys.stdin.readline())
time.sleep(0.2)
print(json.dumps({"status": "ok", "facts": {"risky": False}}))
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet_of(tmp_path_factory.mktemp("fleet"), "one", "two") as running:
        yield running


@pytest.fixture
def mixer(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> str:
    """The option that names the Mixer."""
    monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
    monkeypatch.setenv("FLUXRIG_API_URL", fleet.client.url)
    return f"--fluxscenario-mixer={fleet.client.url}"


def _node(pack: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("there is no node on PATH")
    write_hook(pack, "", kind="js_ts_stdio", command=["node", "logic/main.js"])
    (pack / "logic" / "main.js").write_text(_NODE)


def _wasm(pack: Path) -> None:
    wasmtime: Any = pytest.importorskip("wasmtime")
    write_hook(pack, "", kind="wasm", command=["logic/main.wasm"])
    (pack / "logic" / "main.wasm").write_bytes(wasmtime.wat2wasm(command(say(OK))))


def _refs(project: Project, folder: str) -> dict[str, str]:
    records = project.records(project.root / folder)
    assert len({one["id"] for one in records}) == len(records)
    return {one["id"]: one["ref"] for one in records}


@pytest.mark.parametrize("hooks", [_node, _wasm])
def test_racks_run_hooks_of_every_kind(project: Project, mixer: str, hooks: Any) -> None:
    hooks(project.pack)
    project.add("a.json", *[needs_hook(f"hooked-{number}") for number in range(4)], failing())
    for folder, more in (("here", ()), ("there", (mixer,))):
        project.spawn(f"--fluxscenario-evidence={folder}", *more).assert_outcomes(passed=4, failed=1)
    records = project.records(project.root / "there")
    kinds = {call["runtime_kind"] for one in records for call in one["result"]["hooks"]["calls"]}
    assert kinds == {"js_ts_stdio" if hooks is _node else "wasm"}
    assert _refs(project, "there") == _refs(project, "here")


def _begun(project: Project, folder: str, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pytest", *QUIETER, f"--fluxscenario-evidence={folder}", *more, "packs"]
    return subprocess.Popen(command, cwd=project.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=120)
    return process.returncode, said.decode()


@pytest.mark.slow
def test_two_sessions_share_racks_and_a_shell_waits_for_one_of_them(project: Project, fleet: Fleet, mixer: str) -> None:
    write_hook(project.pack, _SLOW)
    project.add("a.json", *[needs_hook(f"hooked-{number}") for number in range(12)], scenario("good"), failing())
    assert _ended(_begun(project, "here"))[0] == pytest.ExitCode.TESTS_FAILED
    before = {info.run for info in fleet.client.runs()}
    sessions = [_begun(project, "first", mixer), _begun(project, "second", mixer)]
    until(lambda: len({info.run for info in fleet.client.runs()} - before) == 2)
    run = next(info.run for info in fleet.client.runs() if info.run not in before)
    shell = [sys.executable, "-m", "pytest_fluxscenario.cli.main", "run", "wait", run]
    waited = subprocess.run(shell, env=os.environ, capture_output=True, timeout=120, check=False)
    assert waited.returncode == 1
    assert b"1 failed, 13 passed" in waited.stdout
    assert [_ended(session)[0] for session in sessions] == [pytest.ExitCode.TESTS_FAILED] * 2
    assert _refs(project, "first") == _refs(project, "second") == _refs(project, "here")


@pytest.mark.slow
def test_a_busy_rack_that_is_suspended_stops_and_works_again_when_it_is_activated(
    project: Project, fleet: Fleet, mixer: str
) -> None:
    write_hook(project.pack, _SLOW)
    project.add("a.json", *[needs_hook(f"hooked-{number:02}") for number in range(30)])

    def done(rack: str) -> int:
        return fleet.client.rack(rack).done

    session = _begun(project, "there", mixer)
    until(lambda: fleet.client.rack("one").busy)
    assert fleet.client.tell_rack("one", "suspend").state == "suspended"
    until(lambda: not fleet.client.rack("one").busy)
    stopped, others = done("one"), done("two")
    until(lambda: done("two") >= others + 4)
    assert done("one") == stopped
    assert fleet.client.tell_rack("one", "activate").state == "active"
    until(lambda: done("one") > stopped)
    status, said = _ended(session)
    assert status == 0, said
    assert len(_refs(project, "there")) == 30
