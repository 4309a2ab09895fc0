"""A session on a Mixer when something goes wrong: Ctrl-C, a rack that dies, a Mixer that is started again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.fleet.messages.message import Work
from pytest_fluxscenario.remote.client import Client
from tests.fakes.fleet import TOKEN, running_mixer
from tests.fakes.memory import Hub
from tests.fakes.packs import scenario
from tests.fakes.project import Project
from tests.fakes.project_fixture import project
from tests.fakes.quiet import QUIET
from tests.fakes.waiting import until

__all__ = ["project"]


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)


@pytest.mark.parametrize("more", [(), pytest.param(("-n2",), marks=pytest.mark.slow)], ids=["plain", "n2"])
def test_an_interrupted_session_drops_its_queued_work(
    project: Project, tmp_path_factory: pytest.TempPathFactory, more: tuple[str, ...]
) -> None:
    project.add("a.json", *[scenario(f"s{number}") for number in range(5)])
    with running_mixer(tmp_path_factory.mktemp("mixer")) as mixer:
        client = mixer.client()
        # It is there, and never comes back with an answer.
        mixer.start(before=lambda _work: False)
        command = [sys.executable, "-m", "pytest", *QUIET, f"--fluxscenario-mixer={mixer.url}", *more]
        with subprocess.Popen(command, cwd=project.root, stdout=subprocess.PIPE, text=True, env=os.environ) as session:
            # Collected, submitted, and known to the process that keeps the evidence.
            until(lambda: bool(client.runs()) and (project.evidence / "manifest.json").exists())
            session.send_signal(signal.SIGINT)
            said, _ = session.communicate(timeout=60)
        assert session.returncode == pytest.ExitCode.INTERRUPTED, said
        assert client.runs()[0].state == "cancelled"
        assert '"verdict": "incomplete"' in (project.evidence / "manifest.json").read_text("utf-8")


@pytest.mark.parametrize(("body", "asked"), [("raise KeyboardInterrupt", ["POST cancel"]), ("", ["GET "])])
def test_who_interrupts_waits_for_one_short_answer_at_most(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, asked: list[str]
) -> None:
    project.add("a.json", scenario("one"))
    # Comes last, when there are no more records to wait for.
    project.text("zz/test_last.py", f"def test_last():\n    print(end='')\n    {body}\n")
    seen: list[tuple[str, str, float]] = []
    send = Client._once

    def noting(client: Client, method: str, path: str, data: bytes, headers: Any, wait: float) -> Any:
        seen.append((method, path, wait))
        return send(client, method, path, data, headers, wait)

    with running_mixer(tmp_path) as mixer:
        mixer.start()
        monkeypatch.setattr(Client, "_once", noting)
        option = f"--fluxscenario-mixer={mixer.url}"
        ended = project.pytester.inline_run(*QUIET, option, "packs", "zz", no_reraise_ctrlc=True)
        assert ended.ret == (pytest.ExitCode.INTERRUPTED if body else 0)
    # Behind the last record.
    last = max(number for number, (_, path, _) in enumerate(seen) if "/records" in path)
    after = [(f"{method} {path.rpartition('/')[2] if 'cancel' in path else ''}", wait) for method, path, wait in seen]
    assert [said for said, _ in after[last + 1 :]] == asked
    assert [wait <= 2 for _, wait in after[last + 1 :]] == [bool(body)]


def test_a_rack_that_dies_costs_nothing_but_time(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    project.add("a.json", *[scenario(f"s{number}") for number in range(6)])
    with running_mixer(tmp_path_factory.mktemp("mixer"), work={"ack_wait": 0.5}) as mixer:
        dying = mixer.start("dying", before=lambda _work: False)
        living = mixer.start("living")
        result = project.run(f"--fluxscenario-mixer={mixer.url}")
        assert result.ret == 0
        assert len(dying.taken) == 1
        assert len(living.taken) == 6
        assert {record["volatile"]["worker"] for record in project.records()} == {"living"}


def test_a_mixer_that_is_started_again_is_waited_for(project: Project, tmp_path: Path) -> None:
    project.add("a.json", *[scenario(f"s{number}") for number in range(8)])
    project.ini("fluxscenario_mixer_wait = 20")
    hub, seen, died = Hub(), list[str](), threading.Event()

    def dies_at_the_fourth(work: Work) -> bool:
        seen.append(work.case.item)
        if len(seen) == 4:
            died.set()
        return len(seen) < 4

    ended: list[pytest.ExitCode | int] = []
    with running_mixer(tmp_path, hub=hub, work={"ack_wait": 0.5}) as mixer:
        port = mixer.url.rpartition(":")[2]
        mixer.start(before=dies_at_the_fourth)
        command = [sys.executable, "-m", "pytest", *QUIET, f"--fluxscenario-mixer={mixer.url}"]
        session = subprocess.Popen(command, cwd=project.root, stdout=subprocess.PIPE, text=True)
        assert died.wait(60)
        client = mixer.client()
        until(lambda: client.runs()[0].done == 3)
    hub.changed = asyncio.Condition()
    hub.listeners.clear()
    time.sleep(0.5)
    with running_mixer(tmp_path, hub=hub, work={"ack_wait": 0.5}, api={"listen": f"127.0.0.1:{port}"}) as mixer:
        mixer.start("later")
        said, _ = session.communicate(timeout=60)
        ended.append(session.returncode)
        run = mixer.client().runs()[0]
    assert ended == [pytest.ExitCode.OK], said
    assert (run.state, run.total, run.done) == ("finished", 8, 8)
    assert len(project.records()) == 8
    assert {record["volatile"]["worker"] for record in project.records()} == {"one", "later"}
