"""Scenarios against another control: the verdicts are the gear's, and nothing that it cannot do looks green."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.fakes.packs import failing, scenario, step, write, write_hook, write_pack
from tests.fakes.project import Project, text_of

#: As a user would write it; the command of this environment, wherever it lies.
FLUXRIG = f"{sys.executable} -P -m pytest_fluxscenario.cli.main"
ASKED = step("ask", payload={}, expect={"status": "nok", "route": "AskUser", "gate_id": "what_required"})
APPROVED = [{"name": "approve", "approve": {"role": "approver", "scope": "waive"}}, step("waive", "work.waive")]


@pytest.fixture
def pack(project: Project) -> Path:
    folder = write_pack(project.root / "packs" / "small")
    write_hook(folder)
    write(
        folder / "scenarios" / "all.json",
        scenario("asks", ASKED, step()),
        scenario("waives", *APPROVED),
        scenario("hooked", step("check", "work.check", payload={"risky": False})),
        scenario(
            "fails",
            step("check", "work.check", expect={"status": "nok", "route": "InstructAgent"}, faults={"assess": "crash"}),
        ),
        failing("differs"),
    )
    return folder


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    import pytest_fluxscenario

    monkeypatch.setenv("PYTHONPATH", str(Path(pytest_fluxscenario.__file__).parent.parent))


@pytest.mark.parametrize(
    ("way", "workers"),
    [("stdio:{} gear serve {}", "-n0"), ("stdio:{} gear serve {}", "-n2"), ("mcp:{} gear serve {} --mcp", "-n0")],
    ids=["stdio", "stdio-n2", "mcp"],
)
def test_the_served_engine_gives_the_records_of_the_engine(
    project: Project, pack: Path, way: str, workers: str
) -> None:
    local = project.spawn("packs", "--fluxscenario-evidence=local")
    local.assert_outcomes(passed=4, failed=1)
    gear = way.format(FLUXRIG, pack)
    result = project.spawn("packs", workers, f"--fluxscenario-gear={gear}", "--fluxscenario-evidence=far")
    result.assert_outcomes(passed=4, failed=1)
    assert "run against the gear " in text_of(result)
    here, far = project.root / "local", project.root / "far"
    results = [{one["id"]: one["ref"] for one in project.records(folder)} for folder in (here, far)]
    assert results[0] == results[1]
    assert project.manifest(far)["gear"] == gear
    assert "gear" not in project.manifest(here)


def test_the_commands_agree(project: Project, pack: Path) -> None:
    from pytest_fluxscenario.cli.main import main

    gear = f"stdio:{FLUXRIG} gear serve {pack}"
    os.chdir(project.root)
    assert main(["scenario", "run", "packs", "--gear", gear, "--evidence", "one"]) == 1
    assert main(["scenario", "run", "packs", "--evidence", "two"]) == 1
    one, two = (project.records(project.root / name) for name in ("one", "two"))
    assert [record["ref"] for record in one] == [record["ref"] for record in two]


GEAR = """
import sys, json
for line in sys.stdin:
    ask = json.loads(line)
    if ask["op"] == "hello":
        ok = {"name": "modest", "version": "2", "protocol": "fst.gear.v1", "features": []}
    elif ask["op"] == "decide":
        ok = {"status": "ok", "route": "Continue", "run_id": ask["request"]["run_id"], **PROFILE}
    else:
        ok = {}
        if ask["op"] == "begin":
            named = ask["profile"]
            PROFILE = {"profile_id": named["id"], "profile_version": named["version"], "profile_hash": named["hash"]}
    print(json.dumps({"id": ask["id"], "ok": ok}), flush=True)
"""


def test_what_the_gear_cannot_do_is_skipped_and_the_run_is_incomplete(project: Project, pack: Path) -> None:
    (project.root / "gear.py").write_text(GEAR, encoding="utf-8")
    result = project.spawn("packs", f"--fluxscenario-gear=stdio:{sys.executable} gear.py", "-rs")
    # It says yes to everything: that is right once, and wrong for the rest.
    result.assert_outcomes(passed=1, failed=2, skipped=2)
    assert "the gear modest 2 does not take approvals" in text_of(result)
    assert "the gear modest 2 does not let hooks fail as a scenario asks" in text_of(result)
    assert project.manifest()["verdict"] == "failed"
    one = project.spawn("packs", f"--fluxscenario-gear=stdio:{sys.executable} gear.py", "-k", "hooked or waives")
    one.assert_outcomes(passed=1, skipped=1, deselected=3)
    assert project.manifest()["verdict"] == "incomplete"


@pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=pytest.mark.slow)])
def test_a_gear_that_is_not_there_fails_every_scenario(project: Project, pack: Path, workers: str) -> None:
    result = project.spawn("packs", workers, "--fluxscenario-gear=stdio:/nowhere/gear")
    result.assert_outcomes(failed=5)
    assert "the gear stdio:/nowhere/gear cannot be started: there is no such program (name a" in text_of(result)
    assert "Traceback" not in text_of(result)


def test_a_setting_that_means_nothing_ends_the_session(project: Project, pack: Path) -> None:
    result = project.spawn("packs", "--fluxscenario-gear=nonsense")
    assert result.ret != 0
    assert "the gear 'nonsense' names no gear" in text_of(result)
    project.ini("fluxscenario_gear_timeout = soon")
    result = project.spawn("packs")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "fluxscenario_gear_timeout is 'soon'; it is a number of seconds" in text_of(result)


@pytest.mark.parametrize("empty", ["", " "])
def test_a_gear_that_is_empty_is_not_taken_for_the_engine(project: Project, pack: Path, empty: str) -> None:
    from pytest_fluxscenario.cli.main import main

    result = project.run("packs", f"--fluxscenario-gear={empty}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--fluxscenario-gear is empty (engine asks the built-in engine)" in text_of(result)
    os.chdir(project.root)
    for command in (["scenario", "run", "packs"], ["run", "start", "small:latest"]):
        with pytest.raises(SystemExit) as ended:
            main([*command, "--gear", empty])
        assert ended.value.code == 2


def test_a_mixer_is_not_asked_for_an_address(project: Project, pack: Path) -> None:
    result = project.spawn("packs", "--fluxscenario-gear=x:y", "--fluxscenario-mixer=http://127.0.0.1:9/")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "racks offer gears by name" in text_of(result)


def test_a_function_of_the_project(project: Project, pack: Path) -> None:
    code = """
from pytest_fluxscenario import Response

class Yes:
    def __init__(self, stage): self.stage = stage
    def begin(self, run_id, given): pass
    def approve(self, run_id, approval): pass
    def decide(self, request):
        pack = self.stage.pack
        return Response(status="ok", run_id=request.run_id, profile_id=pack.profile.id,
            profile_version=pack.profile.version, profile_hash=pack.profile_hash, route="Continue")
"""
    (project.root / "mine.py").write_text(code, encoding="utf-8")
    result = project.spawn("packs", "--fluxscenario-gear=mine:Yes", "-o", "pythonpath=.")
    result.assert_outcomes(passed=2, failed=3)


def test_the_gear_is_redacted_in_the_evidence(project: Project, pack: Path) -> None:
    project.ini("fluxscenario_redact = s3cret")
    project.spawn("packs", "--fluxscenario-gear=stdio:/nowhere/gear --token s3cret")
    assert b"s3cret" not in (project.evidence / "records.jsonl").read_bytes()
    assert project.manifest()["gear"] == "stdio:/nowhere/gear --token [redacted]"


def test_a_pack_names_its_gear_and_the_project_says_what_that_is(project: Project, pack: Path) -> None:
    manifest = pack / "process.manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8") + "gear: mine\n", encoding="utf-8")
    started = project.root / "started"
    # Nothing here is called so: nothing is started, and the engine does not answer for it.
    result = project.spawn("packs")
    assert result.ret != 0
    assert "the pack names the gear 'mine', and nothing here is called so" in text_of(result)
    result.assert_outcomes(errors=1)
    (project.root / "gear.py").write_text(f"open({str(started)!r}, 'w')\n{GEAR}", encoding="utf-8")
    project.ini("fluxscenario_gears =", f"    mine = stdio:{sys.executable} gear.py")
    assert not started.exists()
    project.spawn("packs").assert_outcomes(passed=1, failed=2, skipped=2)
    assert started.exists()
    assert {one["volatile"].get("gear") for one in project.records()} == {"modest 2"}
    # Whoever asks for the engine gets the engine.
    project.spawn("packs", "--fluxscenario-gear=engine").assert_outcomes(passed=4, failed=1)
    assert {one["volatile"].get("gear") for one in project.records()} == {None}
