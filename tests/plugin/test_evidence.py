"""Where evidence is written, that it is the same bytes everywhere, and what is left when something dies."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.base import fs, log
from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.base.log import Log
from pytest_fluxscenario.evidence.writer import root_hash
from pytest_fluxscenario.model.evidence import Manifest, Record
from tests.fakes.packs import failing, needs_hook, scenario, step
from tests.fakes.project import Project, text_of
from tests.fakes.quiet import QUIET
from tests.fakes.waiting import until


@dataclass(frozen=True)
class OtherOs:
    """``os`` for what writes durably alone, some of its functions others."""

    functions: dict[str, Callable[..., Any]]

    def __getattr__(self, name: str) -> Any:
        return self.functions.get(name) or getattr(os, name)


@pytest.mark.parametrize(
    ("ini", "args", "where"),
    [
        ("", (), ".fluxscenario/evidence"),
        ("", ("--junitxml=out/junit.xml",), "out/evidence"),
        ("", ("--junitxml=out/junit.xml", "--fluxscenario-evidence=here/it"), "here/it"),
        ("fluxscenario_evidence = from_ini", (), "from_ini"),
        ("fluxscenario_evidence = from_ini", ("--fluxscenario-evidence", "from_option"), "from_option"),
        ("fluxscenario_evidence = off", ("--fluxscenario-evidence", "on_again"), "on_again"),
        ("fluxscenario_evidence = off", (), None),
        ("fluxscenario_evidence = off", ("--junitxml=out/junit.xml",), None),
        ("fluxscenario_evidence = from_ini", ("--fluxscenario-evidence=off",), None),
    ],
)
def test_the_folder_is_the_one_that_was_asked_for(
    project: Project, ini: str, args: tuple[str, ...], where: str | None
) -> None:
    project.ini(ini)
    project.add("a.json", scenario())
    result = project.run(*args)
    result.assert_outcomes(passed=1)
    found = sorted(path.parent.relative_to(project.root).as_posix() for path in project.root.rglob("records.jsonl"))
    assert found == ([where] if where else [])
    if where:
        result.stdout.fnmatch_lines([f"fluxscenario: evidence passed, 1 record in {where} (root sha256:*)"])
    else:
        assert "fluxscenario: evidence" not in text_of(result)


def test_an_option_is_relative_to_the_folder_and_an_ini_key_to_the_root(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("a.json", scenario())
    monkeypatch.chdir(project.pack)
    project.run("--fluxscenario-evidence", "mine").assert_outcomes(passed=1)
    assert (project.pack / "mine" / "manifest.json").is_file()
    project.ini("fluxscenario_evidence = theirs")
    project.run().assert_outcomes(passed=1)
    assert (project.root / "theirs" / "manifest.json").is_file()


def test_records_and_manifest_have_the_published_shape(project: Project) -> None:
    approval = {"name": "yes", "approve": {"role": "approver", "scope": "waive", "by": "boss"}}
    project.add("a.json", scenario("one", approval, step("waive", "work.waive")), failing("two"), needs_hook("three"))
    rows = [{"n": 1.5}, {"n": [1, {"a": None}]}]
    project.add("b.json", scenario("rows", step(payload={"what": "${n}"}), parameters=rows))
    project.run("--fluxscenario-on-failure=stop")
    lines = (project.evidence / "records.jsonl").read_bytes().splitlines(keepends=True)
    records = [msgspec.json.decode(line, type=Record) for line in lines]
    manifest = msgspec.json.decode((project.evidence / "manifest.json").read_bytes(), type=Manifest)
    assert [record.id for record in records] == sorted(record.id for record in records)
    assert [one.id for one in manifest.scenarios] == [record.id for record in records]
    for line, record, one in zip(lines, records, manifest.scenarios, strict=True):
        data = json.loads(line)
        assert record.ref == one.ref == canonical_ref(data["result"])
        assert one.hash == data["result"]["scenario"]["hash"]
    assert manifest.root == root_hash((record.id, record.ref) for record in records)
    assert manifest.counts["error"] == 1
    assert manifest.counts["failed"] == 1
    assert manifest.counts["passed"] == 3
    assert manifest.verdict == "failed"


def test_a_result_records_what_the_specification_lists(project: Project) -> None:
    faulted = {"status": "nok", "route": "InstructAgent", "hook_calls": {"assess": "timeout"}}
    packet = {"status": "ok", "route": "MaterializeMock"}
    gate = {"status": "nok", "route": "InstructAgent", "gate_id": "finish_requires_start"}
    steps = [
        step("too early", "work.finish", expect=gate),
        step("start"),
        step("check", "work.check", faults={"assess": "timeout"}, expect=faulted),
        step("report", "work.report", payload={"path": "a.md"}, expect=packet),
        step("finish", "work.finish", expect={"status": "ok", "route": "Complete"}),
    ]
    project.add("a.json", scenario("one", *steps))
    project.run().assert_outcomes(passed=1)
    result = project.records()[0]["result"]
    assert result["scenario"]["file"] == "packs/small/scenarios/a.json"
    assert result["profile"]["id"] == "small"
    assert result["routes"] == ["InstructAgent", "Continue", "InstructAgent", "MaterializeMock", "Complete"]
    assert result["gates"] == ["finish_requires_start", "check_needs_facts"]
    assert result["artifacts"]["missing"] == ["start_record"]
    assert len(result["artifacts"]["created"]) == 2
    assert [call["status"] for call in result["hooks"]["failures"]] == ["timeout"]
    assert [plan["mode"] for plan in result["materializations"]] == ["mock"]
    assert result["evidence_refs"][-1].endswith("/completion_report")
    for one in result["steps"]:
        assert {"index", "name", "verdict", "request", "response", "expectation"} <= one.keys()
    for word in ("started", "duration", "host", "python", "worker"):
        assert f'"{word}"' not in json.dumps(result)
    coverage = project.manifest()["coverage"][0]
    assert coverage["actions"] == {
        "work.start": True,
        "work.check": True,
        "work.waive": False,
        "work.report": True,
        "work.finish": True,
    }
    assert coverage["gates"]["finish_requires_start"] is True
    assert coverage["gates"]["what_required"] is False
    assert coverage["routes"]["AwaitApproval"] is False


def test_what_varies_stands_beside_the_result(project: Project) -> None:
    project.add("a.json", scenario())
    before = datetime.now(UTC)
    project.run()
    volatile = project.records()[0]["volatile"]
    assert set(volatile) == {"started", "duration", "host", "python", "tool"}
    started = datetime.fromisoformat(volatile["started"])
    assert before - timedelta(seconds=1) < started < datetime.now(UTC)
    assert volatile["started"].endswith("Z")
    assert 0 < volatile["duration"] < 60
    assert volatile["python"] == platform.python_version()
    assert volatile["tool"].startswith("pytest-fluxscenario ")
    assert project.manifest()["tool"] == volatile["tool"]
    assert datetime.fromisoformat(project.manifest()["started"]) <= started


@pytest.mark.slow
def test_the_same_bytes_in_every_environment(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", "c"):
        project.add(f"{name}.json", scenario(name), failing(name + "-2"), needs_hook(name + "-3"))

    def essence() -> tuple[str, list[Any]]:
        return project.manifest()["root"], [(one["id"], one["ref"], one["result"]) for one in project.records()]

    project.spawn()
    expected = essence()
    assert len(expected[1]) == 9
    environments: list[tuple[dict[str, str], tuple[str, ...]]] = [
        ({"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1"}, ()),
        ({"LC_ALL": "C", "PYTHONHASHSEED": "2"}, ("-n0",)),
        ({"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "3", "TZ": "America/St_Johns"}, ("-n1",)),
        ({"PYTHONHASHSEED": "4", "PYTHONUTF8": "1"}, ("-n2", "--dist=worksteal")),
    ]
    for variables, args in environments:
        with monkeypatch.context() as patched:
            for name, value in variables.items():
                patched.setenv(name, value)
            project.spawn(*args)
        assert essence() == expected, variables


def test_a_session_that_is_killed_leaves_what_it_finished(project: Project) -> None:
    project.text(
        "conftest.py",
        "import time\n"
        "def pytest_fluxscenario_before_step(item):\n"
        "    if item.name == 'c':\n"
        "        open('reached', 'w').close()\n"
        "        time.sleep(60)\n",
    )
    for name in "abcd":
        project.add(f"{name}.json", scenario(name))
    command = [sys.executable, "-m", "pytest", *QUIET, "-p", "no:xdist", str(project.root)]
    with subprocess.Popen(command, cwd=project.root, stdout=subprocess.DEVNULL) as process:
        until((project.root / "reached").exists)
        process.send_signal(signal.SIGKILL)
    assert project.manifest()["verdict"] == "incomplete"
    assert set(project.outcomes()) == set("abcd")
    assert [record["result"]["scenario"]["id"] for record in project.records()] == ["a", "b"]


def test_an_interrupted_session_is_incomplete(project: Project) -> None:
    project.text(
        "conftest.py",
        "def pytest_fluxscenario_before_step(item):\n    if item.name == 'b':\n        raise KeyboardInterrupt\n",
    )
    project.add("a.json", scenario("a"), scenario("b"), scenario("c"))
    result = project.spawn()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert project.manifest()["verdict"] == "incomplete"
    assert project.outcomes() == {"a": "passed", "b": "not_run", "c": "not_run"}


def test_a_new_run_replaces_the_evidence_of_the_last(project: Project) -> None:
    project.add("a.json", failing())
    project.run()
    project.add("a.json", scenario("one"))
    project.run()
    assert project.outcomes() == {"one": "passed"}
    assert len(project.records()) == 1
    assert sorted(path.name for path in project.evidence.iterdir() if not path.name.startswith(".git")) == [
        "manifest.json",
        "records.jsonl",
    ]


@pytest.mark.parametrize("obstacle", ["file", "link", "dangling", "parent"])
def test_a_folder_that_cannot_be_one_is_told(project: Project, obstacle: str, plugin_args: tuple[str, ...]) -> None:
    if obstacle != "file" and plugin_args == ("-n2",):
        plugin_args = ("-n0",)  # what differs between the obstacles does not differ between workers
    project.add("a.json", scenario("good"), failing("bad"))
    folder = project.root / "evidence"
    match obstacle:
        case "file":
            folder.write_text("mine", encoding="utf-8")
        case "link":
            (project.root / "elsewhere").mkdir()
            folder.symlink_to(project.root / "elsewhere")
        case "dangling":
            folder.symlink_to(project.root / "nowhere")
        case "parent":
            folder.write_text("mine", encoding="utf-8")
            folder = folder / "below"
    result = project.run_with(plugin_args, "--fluxscenario-evidence", folder)
    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["fluxscenario: *evidence*cannot be written: *--fluxscenario-evidence*"])
    assert "Traceback" not in text_of(result)
    if obstacle == "link":
        assert not list((project.root / "elsewhere").iterdir())


def test_a_run_that_could_not_be_recorded_has_not_passed(project: Project) -> None:
    project.add("a.json", scenario())
    (project.root / "evidence").write_text("mine", encoding="utf-8")
    result = project.run("--fluxscenario-evidence", "evidence")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


_ERRNOS = [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EMFILE]


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace", "mkdir"])
def test_a_disk_that_refuses_hides_no_verdict(project: Project, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Each call that evidence is written through, refused from its n-th use on: never green, and the reason is told."""
    project.add("a.json", *[scenario(f"s{n}") for n in range(4)])
    real = getattr(os, call)
    used = passed = 0
    for allowed in range(20):
        used, code = 0, _ERRNOS[allowed % len(_ERRNOS)]

        def refuse(*args: Any, allowed: int = allowed, code: int = code, **more: Any) -> Any:
            nonlocal used
            used += 1
            if used > allowed:
                raise OSError(code, os.strerror(code))
            return real(*args, **more)

        shutil.rmtree(project.root / ".fluxscenario", ignore_errors=True)
        with monkeypatch.context() as patched:
            for module in (fs, log):
                patched.setattr(module, "os", OtherOs({call: refuse}))
            result = project.run()
        result.assert_outcomes(passed=4)
        if used <= allowed:
            break
        assert result.ret == pytest.ExitCode.TESTS_FAILED, allowed
        result.stdout.fnmatch_lines([f"fluxscenario: *cannot be written: {os.strerror(code)}*"])
        assert "Traceback" not in text_of(result)
        assert "INTERNALERROR" not in text_of(result)
        if project.evidence.exists():
            assert not [path.name for path in project.evidence.iterdir() if path.name.endswith(".tmp")]
            if (project.evidence / "manifest.json").exists() and project.manifest()["verdict"] == "passed":
                # All was written, and only the last sync of the folder was refused.
                assert len(project.records()) == 4
                assert call in ("open", "fsync")
                passed += 1
    assert passed <= 1
    assert 0 < used < 20
    assert result.ret == pytest.ExitCode.OK
    assert project.manifest()["verdict"] == "passed"


def test_a_line_that_was_cut_off_is_taken_back(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full in the middle of a line, and has room again for the next."""
    project.add("a.json", *[scenario(f"s{n}") for n in range(4)])
    real = os.write
    state = {"lines": 0, "cut": 0}

    def write(descriptor: int, data: bytes) -> int:
        if bytes(data).startswith(b'{"id":'):
            state["lines"] += 1
            if state["lines"] == 2:
                state["cut"] = 1
                return real(descriptor, bytes(data)[:40])
        elif state["cut"] == 1:
            state["cut"] = 2
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data)

    with monkeypatch.context() as patched:
        for module in (fs, log):
            patched.setattr(module, "os", OtherOs({"write": write}))
        result = project.run()
    result.assert_outcomes(passed=4)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert state == {"lines": 4, "cut": 2}
    assert [record["result"]["scenario"]["id"] for record in project.records()] == ["s0", "s2", "s3"]
    refs = {one["id"]: one.get("ref") for one in project.manifest()["scenarios"]}
    assert {record["id"]: record["ref"] for record in project.records()} == {k: v for k, v in refs.items() if v}


def test_a_full_disk_in_the_middle_leaves_the_finished_records(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("a.json", *[scenario(f"s{n}") for n in range(5)])
    real = Log.append
    count = 0

    def full(self: Log, line: bytes) -> int:
        nonlocal count
        count += 1
        if count > 3:
            raise fs.write_error(self.path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        return real(self, line)

    monkeypatch.setattr(Log, "append", full)
    result = project.run()
    result.assert_outcomes(passed=5)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert len(project.records()) == 3
    assert project.manifest()["verdict"] == "failed"
    assert "No space left on device" in project.manifest()["errors"][0]["message"]


def test_a_run_in_which_nothing_passed_proves_nothing(project: Project) -> None:
    """Skipping everything is no way to a verdict that somebody approves on."""
    project.add("a.json", scenario("one", skip="not now"))
    project.run().assert_outcomes(skipped=1)
    assert project.manifest()["verdict"] == "incomplete"
    assert project.records() == []


def test_paths_in_the_evidence_do_not_depend_on_the_folder(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.add("a.json", scenario())
    project.run()
    root = project.manifest()["root"]
    monkeypatch.chdir(project.pack / "scenarios")
    project.run("--rootdir", project.root, "-c", project.root / "tox.ini")
    assert project.manifest()["root"] == root
    assert str(project.root) not in (project.evidence / "records.jsonl").read_text(encoding="utf-8")
