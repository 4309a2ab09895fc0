"""What one rack lacks the means for goes to another that has them: a scenario is skipped only where none has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.fleet.messages.message import Evidence, Refusal
from pytest_fluxscenario.fleet.messages.subjects import WORK_STREAM, work, work_needing
from pytest_fluxscenario.fleet.mixer.service import Service
from pytest_fluxscenario.remote.case import Done
from tests.fakes.fleet import TOKEN, FakeRack, RunningMixer, running_mixer
from tests.fakes.memory import MemoryTransport
from tests.fakes.packs import needs_hook, scenario, write_hook
from tests.fakes.project import Project
from tests.fakes.project_fixture import project
from tests.fakes.waiting import until
from tests.fleet.test_gears import racked
from tests.fleet.test_mixer_runs import all_of, parcel_of, send

__all__ = ["project"]

_LOGIC = """
import json, sys
json.loads(sys.stdin.readline())
print(json.dumps({"status": "ok", "facts": {"risky": False}}))
"""


@pytest.fixture
def mixer(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningMixer]:
    monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
    racks = {"auto_adopt": True, "beat": 0.1, "offline_after": 1.0}
    with running_mixer(tmp_path_factory.mktemp("mixer"), racks=racks, work={"ack_wait": 0.3}) as running:
        yield running


@pytest.fixture
def node(tmp_path: Path) -> str:
    """A folder with a program that is called node."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "node"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo v18.1.0 && exit\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    return str(folder)


def _with_hooks(project: Project, count: int = 3) -> None:
    write_hook(project.pack, _LOGIC, kind="js_ts_stdio", command=["node", "logic/main.py"])
    project.add("a.json", *[needs_hook(f"hooked-{number}") for number in range(count)], scenario("plain"))


def _racked(mixer: RunningMixer, name: str, path: str, *runtimes: str, **config: Any) -> Any:
    """A rack whose programs are looked for in ``path``, and that says that it has these runtimes."""
    return racked(mixer, name, runtimes=runtimes, environ={"PATH": path}, **config)


def _outcomes(project: Project) -> list[str]:
    return sorted(project.outcomes().values())


def test_a_rack_that_has_it_runs_what_another_lacks_it_for(project: Project, mixer: RunningMixer, node: str) -> None:
    _with_hooks(project)
    option = f"--fluxscenario-mixer={mixer.url}"
    with _racked(mixer, "bare", "/nowhere"), ExitStack() as stack:
        until(lambda: [rack.state for rack in mixer.client().racks()] == ["active"])
        # As on one machine that lacks it.
        assert project.run(option).ret == 0
        assert _outcomes(project) == ["not_run", "not_run", "not_run", "passed"]
        assert project.manifest()["verdict"] == "incomplete"
        able = stack.enter_context(_racked(mixer, "able", f"{node}:/usr/bin:/bin", "node"))
        until(lambda: len([rack for rack in mixer.client().racks() if rack.state == "active"]) == 2)
        # It is idle only now and then: the other one takes what it cannot run.
        able.work.look = 5
        for _ in range(3):
            assert project.run(option).ret == 0
            assert _outcomes(project) == ["passed"] * 4
    for info in mixer.client().runs()[:3]:
        assert (info.total, info.done, info.verdicts) == (4, 4, {"passed": 4})


def test_what_it_lacks_after_all_is_said_once(project: Project, mixer: RunningMixer) -> None:
    _with_hooks(project, 1)
    with _racked(mixer, "bare", "/nowhere"), _racked(mixer, "liar", "/nowhere", "node"):
        until(lambda: len(mixer.client().racks()) == 2)
        result = project.run("-rs", f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == 0
    assert _outcomes(project) == ["not_run", "passed"]
    result.stdout.fnmatch_lines(["*run on Node.js, and there is no 'node' on PATH (install it, or put it on PATH)*"])
    (info,) = mixer.client().runs()
    assert info.verdicts == {"missing": 1, "passed": 1}


def _lacks(rack: FakeRack, service: Service, run: str, item: str, need: str = "node") -> Evidence:
    """Signed, with a ticket of its own."""
    done = Done(item, "", "", "error", rack.name, missing=f"no {need}", lacks=need)
    said = Evidence(rack=rack.name, item=item, attempt=1, outcome="missing", reason=f"no {need}", done=done)
    return rack.signed(said, run, service.runs.acceptance.tickets)


def test_what_whoever_had_it_leaves_goes_to_any_rack_again(mixer: RunningMixer, tmp_path: Path) -> None:
    bare, gone = mixer.rack("bare"), mixer.rack("gone", runtimes=("node",))
    parcel, service, link = parcel_of(tmp_path, scenario("a")), mixer.mixer.service, MemoryTransport(mixer.hub)
    assert service is not None
    mixer.do(bare.hello())
    mixer.do(gone.hello())
    run, item = send(mixer.client(), parcel).run, parcel.cases[0].item
    (taken,) = mixer.do(link.take(work("default"), 1, 5))
    mixer.do(service.runs.take([(run, _lacks(bare, service, run, item))]))
    mixer.do(taken.ack())
    assert mixer.do(link.waiting(WORK_STREAM, work_needing("default", "node").of(run))) == 1
    # It is heard no more, and the others take nothing from there.
    mixer.start("any")
    assert [(done.outcome, done.rack) for done in all_of(mixer.client(), run)] == [("ran", "any")]
    assert mixer.do(link.waiting(WORK_STREAM, work_needing("default", "node").of(run))) == 0


def test_what_is_said_again_passes_on_nothing_and_ends_nothing(mixer: RunningMixer, tmp_path: Path) -> None:
    bare, able = mixer.rack("bare"), mixer.rack("able", runtimes=("node",))
    mixer.do(bare.hello())
    mixer.do(able.hello())
    parcel, service = parcel_of(tmp_path, scenario("a")), mixer.mixer.service
    assert service is not None
    run, item = send(mixer.client(), parcel).run, parcel.cases[0].item

    def waiting(need: str) -> int:
        return mixer.do(MemoryTransport(mixer.hub).waiting(WORK_STREAM, work_needing("default", need).of(run)))

    said = _lacks(bare, service, run, item)
    for _ in range(3):
        # As where the Mixer could not tell the Snake that it knows.
        assert mixer.do(service.runs.take([(run, said)])) == []
    assert waiting("node") == 1
    # Nobody has that.
    assert [waiting(need) for need in ("typescript", "wasm")] == [0, 0]
    # Of another time that it was handed out: who had it lacks it after all.
    (done,) = mixer.do(service.runs.take([(run, _lacks(able, service, run, item))]))
    assert (done.outcome, done.reason, done.rack) == ("missing", "no node", "able")


@pytest.mark.parametrize("need", ["", "wasm", "engine", "a.b", "*", ">"])
def test_what_no_rack_has_is_told_at_once(mixer: RunningMixer, tmp_path: Path, need: str) -> None:
    bare, able = mixer.rack("bare"), mixer.rack("able", runtimes=("node",))
    mixer.do(bare.hello())
    mixer.do(able.hello())
    parcel, service = parcel_of(tmp_path, scenario("a")), mixer.mixer.service
    assert service is not None
    run, item = send(mixer.client(), parcel).run, parcel.cases[0].item
    mixer.do(service.runs.take([(run, _lacks(bare, service, run, item, need))]))
    assert [done.outcome for done in all_of(mixer.client(), run)] == ["missing"]


@pytest.mark.parametrize("runtimes", [("python",), ("node", "node"), ("*",)])
def test_a_hello_with_odd_runtimes_is_refused(mixer: RunningMixer, runtimes: tuple[str, ...]) -> None:
    answer = mixer.do(mixer.rack("odd", runtimes=runtimes).hello()).data
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.hint) == ("rack.runtimes", "known: node, typescript, wasm")


def test_what_a_rack_has_is_shown(mixer: RunningMixer) -> None:
    mixer.do(mixer.rack("able", runtimes=("node", "wasm")).hello())
    assert mixer.client().rack("able").runtimes == ("node", "wasm")
