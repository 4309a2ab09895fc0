"""What a session on a Mixer says while nothing comes, and what becomes of its run when the session is no more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.remote.api import Submission
from pytest_fluxscenario.remote.attendance import Attendance
from tests.fakes.fleet import RunningMixer, running_mixer
from tests.fakes.memory import Hub
from tests.fakes.mixer_fixture import mixer
from tests.fakes.packs import LOGIC, needs_hook, scenario, write_hook
from tests.fakes.project import Project, text_of
from tests.fakes.project_fixture import project
from tests.fakes.quiet import QUIET
from tests.fakes.waiting import until
from tests.fleet.test_mixer_runs import parcel_of, send

__all__ = ["mixer", "project"]


@pytest.mark.parametrize(
    "more",
    [(), ("-v",), ("-q",), pytest.param(("-n2",), marks=pytest.mark.slow)],
    ids=["plain", "v", "q", "n2"],
)
def test_without_a_rack_it_says_for_what_it_waits(project: Project, mixer: RunningMixer, more: tuple[str, ...]) -> None:
    project.ini("fluxscenario_mixer_wait = 1.5")
    project.add("a.json", scenario("one"), scenario("two"))
    result = project.run_with(more, *more, f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = "fluxscenario: waiting for an active rack (none has said hello); it gives up after 1.5 seconds without one"
    # On a line of its own, though the name of a file or dots stood before it.
    result.stdout.fnmatch_lines([said])
    assert set(project.outcomes().values()) == {"error"}


def test_a_slow_scenario_does_not_look_like_a_session_that_hangs(project: Project, mixer: RunningMixer) -> None:
    write_hook(project.pack, f"import time; time.sleep(1.5)\n{LOGIC}")
    project.ini("fluxscenario_mixer_wait = 1.5")
    project.add("a.json", scenario("one"), needs_hook("slow"), scenario("z"))
    mixer.start()
    result = project.run(f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == 0
    result.stdout.re_match_lines([r"fluxscenario: 1 of 3 done, 1 rack active$"])
    quiet = project.run(f"--fluxscenario-mixer={mixer.url}", "-q")
    assert " rack active" not in text_of(quiet)


def test_what_is_cancelled_elsewhere_is_told(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", scenario("one"))
    client = mixer.client()
    mixer.start(before=lambda _work: False)
    command = [sys.executable, "-m", "pytest", *QUIET, f"--fluxscenario-mixer={mixer.url}"]
    with subprocess.Popen(command, cwd=project.root, stdout=subprocess.PIPE, text=True) as session:
        until(lambda: bool(client.runs()))
        client.cancel(client.runs()[0].run)
        said, _ = session.communicate(timeout=60)
    assert session.returncode == pytest.ExitCode.TESTS_FAILED
    assert " is cancelled, and this scenario was not run in it (somebody has cancelled it, or nothing" in said


def test_the_run_of_a_session_that_sleeps_goes_on_and_that_of_a_dead_one_is_dropped(
    project: Project, mixer: RunningMixer
) -> None:
    project.ini("fluxscenario_mixer_wait = 1")
    project.add("a.json", scenario("one"), scenario("two"))
    client = mixer.client()
    mixer.start(before=lambda _work: False)
    command = [sys.executable, "-m", "pytest", *QUIET, f"--fluxscenario-mixer={mixer.url}"]
    with subprocess.Popen(command, cwd=project.root, stdout=subprocess.DEVNULL, env=os.environ) as session:
        until(lambda: bool(client.runs()))
        run = client.runs()[0].run
        service = mixer.mixer.service
        assert service is not None
        attending = service.runs.attending
        until(lambda: run in attending._there)
        session.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        assert client.run(run).state == "running"
        session.kill()
    until(lambda: client.run(run).state == "cancelled")


def test_a_run_whose_sender_does_not_come_back_after_the_mixer_is_dropped(tmp_path: Path) -> None:
    hub = Hub()
    with running_mixer(tmp_path / "mixer", hub=hub) as mixer:
        client = mixer.client()
        parcel = parcel_of(tmp_path, scenario())
        send(client, parcel, "a-run-that-waits")
        client.submit("a-run-that-is-left", Submission(tool(), tuple(parcel.cases), patience=0.5))
        attendance = Attendance(client, "a-run-that-is-left")
        attendance.keep()
        time.sleep(1.5)
        assert client.run("a-run-that-is-left").state == "running"
    attendance.close()
    hub.listeners.clear()
    with running_mixer(tmp_path / "mixer", hub=hub) as mixer:
        again = mixer.client()
        until(lambda: again.run("a-run-that-is-left").state == "cancelled")
        assert again.run("a-run-that-waits").state == "running"
