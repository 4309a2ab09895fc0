"""An evidence folder belongs to one session at a time; who comes second says so, and hides no verdict."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytest_fluxscenario.evidence.verify import verify
from tests.fakes.packs import failing, scenario
from tests.fakes.project import Project, text_of
from tests.fakes.quiet import QUIET
from tests.fakes.waiting import until

_WAITS = """\
import os
import time

def pytest_fluxscenario_before_step(item):
    if os.environ.get("WAIT") and item.name == "good":
        open("reached", "w").close()
        while not os.path.exists("go-on"):
            time.sleep(0.02)
"""
_HELD = (
    "fluxscenario: .fluxscenario/evidence/records.jsonl: cannot be written: another session is writing to it"
    " (name another folder with --fluxscenario-evidence, or write none with 'off')"
)


@contextmanager
def _first(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """Another session, in the middle of its first scenario until the end of this block."""
    command = [sys.executable, "-m", "pytest", *QUIET, "-p", "no:xdist", str(project.root)]
    with monkeypatch.context() as patched:
        patched.setenv("WAIT", "1")
        process = subprocess.Popen(command, cwd=project.root, stdout=subprocess.DEVNULL)
    try:
        until((project.root / "reached").exists)
        yield process
    finally:
        (project.root / "go-on").touch()
        process.wait(timeout=120)


@pytest.fixture
def waiting(project: Project) -> Project:
    project.text("conftest.py", _WAITS)
    project.add("a.json", scenario("good"), failing("bad"))
    return project


def test_the_second_of_two_sessions_is_refused(
    waiting: Project, monkeypatch: pytest.MonkeyPatch, plugin_args: tuple[str, ...]
) -> None:
    with _first(waiting, monkeypatch) as first:
        result = waiting.run_with(plugin_args)
        result.assert_outcomes(passed=1, failed=1)
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines([_HELD, "FAILED *a.json::bad*"])
        assert "evidence failed" not in text_of(result)
        assert waiting.manifest()["verdict"] == "incomplete"
    assert first.returncode == pytest.ExitCode.TESTS_FAILED
    assert waiting.outcomes() == {"good": "passed", "bad": "failed"}
    assert verify(str(waiting.evidence)).problems == ()


def test_the_second_fails_also_where_all_passes(waiting: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting.add("a.json", scenario("good"))
    with _first(waiting, monkeypatch) as first:
        result = waiting.run()
        result.assert_outcomes(passed=1)
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines([_HELD])
        other = waiting.run("--fluxscenario-evidence=elsewhere")
        assert other.ret == pytest.ExitCode.OK
    assert first.returncode == pytest.ExitCode.OK
    assert waiting.manifest()["verdict"] == "passed"


def test_a_session_that_was_killed_holds_nothing(waiting: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with _first(waiting, monkeypatch) as first:
        first.kill()
        first.wait(timeout=120)
        waiting.run().assert_outcomes(passed=1, failed=1)
    assert waiting.manifest()["verdict"] == "failed"
