"""Hooks of packs in a session: run for real, shown where they fail, ended with the session (control.md, "Hooks")."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.hooks import ANSWER, answering, carrying
from tests.fakes.imports import import_tree
from tests.fakes.packs import needs_hook, scenario, step, write_hook
from tests.fakes.project import Project, text_of
from tests.fakes.quiet import QUIET
from tests.fakes.waiting import until

_RISKY = answering('{"risky": call["payload"].get("files", 0) > 20}')
_NO = {"status": "nok", "route": "Blocked", "gate_id": "check_needs_facts", "hook_calls": {"assess": "ok"}}


def checks(name: str = "one", **more: Any) -> dict[str, Any]:
    """A scenario in which the hook says yes and no."""
    return scenario(
        name,
        step("many", "work.check", payload={"files": 40}, expect=_NO),
        step("few", "work.check", payload={"files": 3}),
        **more,
    )


def test_the_command_of_the_pack_is_asked(project: Project, plugin_args: tuple[str, ...]) -> None:
    write_hook(project.pack, _RISKY)
    project.add("a.json", checks("a"), checks("b"))
    project.run_with(plugin_args).assert_outcomes(passed=2)
    calls = [call for record in project.records() for call in record["result"]["hooks"]["calls"]]
    assert len(calls) == 4
    assert {(call["status"], call["runtime_id"], call["runtime_kind"]) for call in calls} == {
        ("ok", "local", "python_stdio")
    }
    assert all(call["output_hash"].startswith("sha256:") and call["entrypoint_hash"] for call in calls)


def test_a_failed_hook_is_shown_with_what_it_wrote(project: Project, plugin_args: tuple[str, ...]) -> None:
    write_hook(project.pack, f"{ANSWER}print('no\\x1b[2Jdatabase', file=sys.stderr)\nraise SystemExit(3)\n")
    project.add("a.json", needs_hook())
    result = project.run_with(plugin_args)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "  reason    The hook 'assess' of this gate failed: the hook ended with the exit status 3",
            "*stderr of the hook assess*",
            "no?x1b?2Jdatabase",
        ]
    )
    [record] = project.records()
    assert record["volatile"]["notes"] == {"stderr of the hook assess": "no\x1b[2Jdatabase\n"}
    assert "database" not in str(record["result"])


def test_a_hook_that_fails_is_called_once(project: Project) -> None:
    log = project.root / "log"
    write_hook(project.pack, f"open({str(log)!r}, 'a').write('called ')\nraise SystemExit(3)\n")
    project.add("a.json", needs_hook())
    project.run("-p", "no:rerunfailures").assert_outcomes(failed=1)
    assert log.read_text() == "called "


def test_what_a_hook_writes_is_redacted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "s3cr3t-value")
    project.ini("fluxscenario_redact_env = API_TOKEN", "fluxscenario_hook_env = API_TOKEN")
    write_hook(
        project.pack, f"import os\n{ANSWER}print(os.environ['API_TOKEN'], file=sys.stderr)\nraise SystemExit(1)\n"
    )
    project.add("a.json", needs_hook())
    result = project.run("-vv", "-l", "--junitxml=junit.xml")
    result.stdout.fnmatch_lines(["*stderr of the hook assess*", "[[]redacted]"])
    written = [
        path for path in project.root.rglob("*") if path.is_file() and path.suffix in (".json", ".jsonl", ".xml")
    ]
    assert "s3cr3t-value" not in text_of(result) + "".join(path.read_text() for path in written)


def test_a_machine_without_node_skips_and_says_so(
    project: Project, plugin_args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = project.root / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    write_hook(project.pack, "", kind="js_ts_stdio", command=["node", "logic/main.py"])
    project.add("a.json", needs_hook("a"), needs_hook("b"), scenario("c"))
    result = project.run_with(plugin_args, "-rs")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(
        ["*hooks.yaml: the hooks of this pack run on Node.js, and there is no 'node' on PATH *"]
    )
    result.stdout.fnmatch_lines(["fluxscenario: 2 scenarios were skipped: packs/small/hooks.yaml: the hooks of this*"])
    assert project.outcomes() == {"a": "not_run", "b": "not_run", "c": "passed"}
    assert project.manifest()["verdict"] == "incomplete"
    assert {one.get("note", "")[:22] for one in project.manifest()["scenarios"]} == {"", "packs/small/hooks.yaml"}


def test_a_missing_node_hides_no_failure(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project.root))
    write_hook(project.pack, "", kind="js_ts_stdio", command=["node", "logic/main.py"])
    wrong = step("wrong", expect={"status": "nok", "route": "Blocked"})
    project.add("a.json", scenario("one", wrong, step("check", "work.check")))
    project.run().assert_outcomes(failed=1)
    assert project.outcomes() == {"one": "error"}


def test_hooks_of_a_stored_pack_run_from_the_store(project: Project) -> None:
    write_hook(project.pack, _RISKY)
    import_tree(str(project.root / "store"), str(project.pack), name="small", tag="v1.0.0")
    write_hook(project.pack, "raise SystemExit(3)\n")
    project.add("a.json", checks(profile="small:v1.0.0"))
    project.run().assert_outcomes(passed=1)


_HANGS = "import os, sys, time\nsys.stdin.readline()\nopen({mark!r}, 'w').close()\nif os.fork():\n    time.sleep(60)\n"
_HANGS += "os.setsid()\ntime.sleep(60)\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize(
    "args", [pytest.param((), id="plain"), pytest.param(("-n1",), id="n1", marks=pytest.mark.slow)]
)
def test_nothing_is_left_of_a_session_that_is_ended(project: Project, args: tuple[str, ...], number: int) -> None:
    mark = project.root / "hangs"
    write_hook(project.pack, _HANGS.format(mark=str(mark)))
    project.add("a.json", needs_hook())
    temporary = project.root / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "pytest", "-q", *QUIET, *args]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    # A shell's job in the background ignores SIGINT, and so would whatever it starts.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    session = subprocess.Popen(command, cwd=project.root, env=environment, stdout=subprocess.DEVNULL)
    signal.signal(signal.SIGINT, before)
    with session:
        until(mark.exists)
        # The hook says so before it forks.
        until(lambda: len(carrying(str(temporary))) >= 4)
        session.send_signal(number)
        session.wait(120)
        until(lambda: not carrying(str(temporary)))
    assert list(temporary.glob("fluxscenario-*")) == []


def test_the_command_line_runs_them_too(project: Project) -> None:
    write_hook(project.pack, _RISKY)
    path: Path = project.add("a.json", checks())
    command = [sys.executable, "-m", "pytest_fluxscenario.cli.main", "scenario", "run", str(path), "--evidence", "rig"]
    answer = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
    project.run().assert_outcomes(passed=1)
    by_rig, by_pytest = project.records(project.root / "rig"), project.records()
    assert [one["result"] for one in by_rig] == [one["result"] for one in by_pytest]
