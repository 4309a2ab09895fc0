"""A session on a Mixer never says more than what ran: no verdict of another control, none for what did not run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.fleet import RunningMixer
from tests.fakes.mixer_fixture import mixer
from tests.fakes.packs import failing, needs_hook, scenario, write, write_hook
from tests.fakes.project import Project, text_of
from tests.fakes.project_fixture import project
from tests.fakes.quiet import QUIET

__all__ = ["mixer", "project"]


_INSTALLED = """
import pytest

class Always:
    def begin(self, run_id, given): pass
    def decide(self, request): return {"status": "nok", "route": "Blocked", "reason": "another control"}
    def approve(self, run_id, approval): pass

class Late:
    @pytest.fixture
    def fluxscenario_control(self):
        return Always()

"""


@pytest.mark.parametrize(
    "fixture",
    [
        "@pytest.hookimpl(trylast=True)\ndef pytest_configure(config):\n    config.pluginmanager.register(Late())\n",
        "@pytest.fixture(autouse=True)\ndef looks(fluxscenario_case):\n    assert not fluxscenario_case\n",
    ],
    ids=["overrides", "asks"],
)
def test_what_an_installed_plugin_puts_under_scenarios_is_not_replaced_by_the_engine_of_a_rack(
    project: Project, mixer: RunningMixer, fixture: str
) -> None:
    project.text("lib/site-packages/company.py", _INSTALLED + fixture)
    project.ini("pythonpath = lib/site-packages", "norecursedirs = lib")
    project.add("a.json", scenario("one"))
    assert project.run("-p", "company").ret == pytest.ExitCode.TESTS_FAILED
    rack = mixer.start()
    result = project.run("-p", "company", f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert rack.taken == []
    result.stdout.fnmatch_lines(
        ["fluxscenario: 1 scenario ran here and not on a rack: fixtures of a plugin say what they run on"]
    )


def test_what_marks_leave_out_is_not_given_to_a_rack(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", *[scenario(name) for name in ("a", "b", "c", "d", "e")])
    project.text(
        "conftest.py",
        "import pytest\n"
        "MARKS = {'a': pytest.mark.skipif(True, reason='no'), 'b': pytest.mark.skipif('1 > 2', reason='no'),\n"
        "         'c': pytest.mark.xfail(run=False), 'd': pytest.mark.skipif('nonsense +', reason='?')}\n"
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        if item.name in MARKS:\n"
        "            item.add_marker(MARKS[item.name])\n",
    )
    local = project.run()
    outcomes = project.outcomes()
    rack = mixer.start()
    result = project.run(f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == local.ret == pytest.ExitCode.TESTS_FAILED
    assert project.outcomes() == outcomes
    assert [item.rpartition("::")[2] for item in rack.taken] == ["b", "e"]


def test_a_rack_whose_hooks_see_less_than_the_sessions_do_not_run(
    project: Project, mixer: RunningMixer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_LEVEL", "high")
    monkeypatch.delenv("NOT_SET", raising=False)
    write_hook(project.pack)
    project.ini("fluxscenario_hook_env = RISK_LEVEL NOT_SET")
    project.add("a.json", needs_hook("one"))
    assert project.run().ret == 0
    mixer.start()
    result = project.run(f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = "hooks of the sender see the variable RISK_LEVEL, and those of the rack one do not"
    assert f"packs/small: {said} (set it there, and name it under 'hook_env'" in text_of(result)
    assert project.outcomes() == {"one": "error"}


def test_a_mark_does_not_expect_that_a_scenario_is_not_run(project: Project, mixer: RunningMixer) -> None:
    project.ini("fluxscenario_mixer_wait = 0.3")
    project.add("a.json", failing("known", xfail="known to fail"))
    result = project.run(f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert project.outcomes() == {"known": "error"}


def test_a_mark_does_not_expect_that_racks_refuse_it(
    project: Project, mixer: RunningMixer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_LEVEL", "high")
    write_hook(project.pack)
    project.ini("fluxscenario_hook_env = RISK_LEVEL")
    project.add("a.json", failing("known", xfail="known to fail"))
    mixer.start()
    assert project.run(f"--fluxscenario-mixer={mixer.url}").ret == pytest.ExitCode.TESTS_FAILED
    assert project.outcomes() == {"known": "error"}


@pytest.mark.parametrize("more", [("--setup-only",), ("--setup-plan",), ()], ids=["setup-only", "setup-plan", "broken"])
def test_what_the_session_does_not_run_no_rack_runs(
    project: Project, mixer: RunningMixer, more: tuple[str, ...]
) -> None:
    project.add("a.json", scenario("one"))
    if not more:
        project.text("test_broken.py", "import no_such_module\n")
    local = project.run(*more)
    rack = mixer.start()
    result = project.run(*more, f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == local.ret
    assert rack.taken == []
    assert mixer.client().runs() == []


def test_a_broken_scenario_file_keeps_no_other_from_the_racks(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", scenario("one"))
    project.text("packs/small/scenarios/b.json", "{")
    mixer.start()
    result = project.run(f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == project.run().ret != 0
    assert project.outcomes() == {"one": "passed"}
    assert len(mixer.client().runs()) == 1


def test_a_pack_that_changes_after_it_was_collected_passes_nowhere(project: Project, mixer: RunningMixer) -> None:
    write_hook(project.pack)
    project.add("a.json", needs_hook("one"))
    project.text(
        "conftest.py",
        "from pathlib import Path\n"
        "def pytest_collection_modifyitems(config):\n"
        "    logic = config.rootpath / 'packs/small/logic/main.py'\n"
        "    logic.write_text(logic.read_text() + '# changed\\n')\n",
    )
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    mixer.start()
    result = project.run(f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert project.outcomes() == {"one": "error"}
    assert "Traceback" not in text_of(result)


@pytest.mark.slow
def test_a_worker_that_crashes_gives_no_verdict_twice(project: Project, mixer: RunningMixer) -> None:
    project.add("a.json", *[scenario(f"s{number}") for number in range(6)], failing("t"))
    project.text("test_crash.py", "import os\ndef test_crash():\n    os._exit(1)\n")
    mixer.start()
    result = project.spawn("-n2", f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=6, failed=2)
    assert sorted(project.outcomes().values()) == ["failed", *["passed"] * 6]
    (run,) = mixer.client().runs()
    assert (run.total, run.done) == (7, 7)


@pytest.mark.slow
def test_two_sessions_of_two_projects_with_the_same_ids(project: Project, mixer: RunningMixer, tmp_path: Path) -> None:
    project.add("a.json", scenario("one"), scenario("two"))
    other = tmp_path / "other"
    shutil.copytree(project.root, other, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    write(other / "packs" / "small" / "scenarios" / "a.json", failing("one"), scenario("two"))
    mixer.start("one")
    mixer.start("two")
    command = [sys.executable, "-m", "pytest", "-q", *QUIET, f"--fluxscenario-mixer={mixer.url}"]
    sessions = [
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) for folder in (project.root, other)
    ]
    said = [session.communicate(timeout=120)[0] for session in sessions]
    assert [session.returncode for session in sessions] == [0, 1], said
    assert "2 passed" in said[0]
    assert "1 failed, 1 passed" in said[1]


_ONCE = """
import json, os, sys
call = json.loads(sys.stdin.readline())
try:
    os.mkdir({mark!r})
except FileExistsError:
    print(json.dumps({{"status": "error", "error": "called a second time"}}))
else:
    print(json.dumps({{"status": "ok", "facts": {{"risky": False}}}}))
"""


@pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=pytest.mark.slow)])
def test_a_scenario_that_is_collected_twice_runs_twice(
    project: Project, mixer: RunningMixer, tmp_path: Path, workers: str
) -> None:
    # The second time it fails: a session that tells of one run twice has two that passed.
    write_hook(project.pack, _ONCE.format(mark=str(tmp_path / "called")))
    project.add("a.json", needs_hook("one"), scenario("two"))
    file = "packs/small/scenarios/a.json"
    rack = mixer.start()
    result = project.spawn("--keep-duplicates", file, file, workers, f"--fluxscenario-mixer={mixer.url}")
    result.assert_outcomes(passed=3, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    names = sorted(item.rpartition("::")[2] for item in rack.taken)
    assert names == ["one", "one (2)", "two", "two (2)"]
    # Of one id: what failed is not hidden by what passed.
    assert {one["id"] for one in project.records()} == {f"{file}::one", f"{file}::two"}


@pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=pytest.mark.slow)])
def test_an_item_that_stands_twice_is_never_told_of_one_run(
    project: Project, mixer: RunningMixer, workers: str
) -> None:
    project.add("a.json", scenario("one"), scenario("two"))
    project.text("conftest.py", "def pytest_collection_modifyitems(items):\n    items.extend(list(items))\n")
    rack = mixer.start()
    result = project.spawn(workers, f"--fluxscenario-mixer={mixer.url}")
    if workers == "-n0":
        result.assert_outcomes(passed=4)
        assert len(rack.taken) == 4
    else:
        result.assert_outcomes(failed=4)
        result.stdout.fnmatch_lines(["*stands several times among the tests as one item*run it without xdist (-n0)*"])
