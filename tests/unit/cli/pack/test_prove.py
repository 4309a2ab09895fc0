"""``fluxrig pack prove``."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_fluxscenario.analysis.proof.findings import PROPERTIES
from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.model.proof import ProofReport
from pytest_fluxscenario.model.schema import schema_of
from tests.fakes.holes import BROKEN, PROFILE
from tests.fakes.packs import scenario, step, trap, write, write_hook, write_pack

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_profile(folder: Path, profile: dict[str, Any], modes: tuple[str, ...] = ()) -> None:
    """A pack of a profile in core form, without hooks."""
    folder.mkdir(parents=True)
    actions = [{"allowed_roles": ["agent"], **action} for action in profile["actions"]]
    whole = {
        "id": "made",
        "version": "1.0.0",
        "roles": ["agent", "task_user", "approver"],
        **profile,
        "actions": actions,
    }
    about = {"id": "made", "version": "1.0.0", "profile_path": "profile.json"}
    manifest = {"process": about, "requires": {"materialization_modes": list(modes)}}
    (folder / "process.manifest.yaml").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "profile.json").write_text(json.dumps(whole), encoding="utf-8")


def without_facts() -> dict[str, Any]:
    """The process of ``holes`` without its hooks."""
    return {**PROFILE, "gates": [gate for gate in PROFILE["gates"] if "hook" not in gate]}


def dead() -> dict[str, Any]:
    """A process whose draft nobody may make."""
    kinds = [{**kind, "allowed_sources": ["task_user"]} for kind in PROFILE["artifact_types"]]
    return {**without_facts(), "artifact_types": kinds}


def wide() -> dict[str, Any]:
    """200 actions that know nothing of one another, and 400 gates with much to tell apart."""
    names = [f"kind_{number}" for number in range(200)]
    actions: list[dict[str, Any]] = [
        {"id": f"make.m{number}", "produces_artifacts": [name]} for number, name in enumerate(names)
    ]
    asks = {"payload_equals": {f"f{at}": at for at in range(8)}, "payload_missing": [f"m{at}" for at in range(8)]}
    gate = {"type": "decision", "route": "Blocked", "condition": asks}
    needs = {"type": "process_conformance", "route": "InstructAgent", "before_action": "work.end"}
    gates = [{**gate, "id": f"g{number}", "before_action": f"make.m{number}"} for number in range(200)]
    gates += [{**needs, "id": f"n{number}", "required_artifacts": [name]} for number, name in enumerate(names)]
    return {
        "artifact_types": [{"id": name} for name in names],
        "actions": [*actions, {"id": "work.end", "completes_run": True}],
        "gates": gates,
        "completion_report": {"required": names},
    }


def test_a_pack_is_proved_line_by_line(here: Path, capsys: Capture) -> None:
    write_pack(here / "pack")
    assert main(["pack", "prove", "pack"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[: len(PROPERTIES)]] == [f"proved {name}" for name in PROPERTIES]
    assert lines[-1].startswith("proved: ")
    assert "Complete by work.finish: some way needs no approval" in lines


def test_the_report_holds_against_its_schema(here: Path, capsys: Capture) -> None:
    write_profile(here / "good", without_facts(), ("real",))
    write_profile(here / "dead", dead(), ("real",))
    said = {}
    for name, status in (("good", 0), ("dead", 1)):
        assert main(["pack", "prove", name, "--json", "-o", "out"]) == status
        said[name] = json.loads(capsys.readouterr().out)
        jsonschema.Draft202012Validator(schema_of(ProofReport)).validate(said[name])
    assert said["good"]["verdict"] == "proved"
    assert said["good"]["guarantees"][1]["approvals"] == ["approver/deed", "approver/end"]
    assert said["dead"]["verdict"] == "refuted"
    found = {one["id"]: one["counterexample"] for one in said["dead"]["properties"] if one["verdict"] == "refuted"}
    assert set(found) == {"dead-ends"}
    assert found["dead-ends"]["file"] == os.path.join("out", "counterexample-dead-ends.scenario.yaml")
    assert found["dead-ends"]["runs"] is True


def test_a_counterexample_is_a_scenario_that_runs_and_overwrites_nothing(here: Path, capsys: Capture) -> None:
    write_profile(here / "dead", dead(), ("real",))
    for _ in range(2):
        assert main(["pack", "prove", "dead", "-o", "out"]) == 1
    told = capsys.readouterr().out
    assert "    1. work.end by agent " in told
    names = ["counterexample-dead-ends-2.scenario.yaml", "counterexample-dead-ends.scenario.yaml"]
    assert sorted(os.listdir("out")) == names
    first, second = ((here / "out" / name).read_text(encoding="utf-8") for name in names)
    assert first == second
    assert first.startswith("# Found by fluxrig pack prove in the profile made 1.0.0\n# (sha256:")
    assert main(["scenario", "run", "out/counterexample-dead-ends.scenario.yaml", "--evidence", "off"]) == 0


@pytest.mark.parametrize("what", ["the approval gate of the end is dropped", "a real mode needs no values"])
def test_what_a_broken_engine_does_passes_until_it_is_repaired(
    what: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    write_profile(here / "pack", without_facts(), ("real",))
    patch, expected = BROKEN[what]
    with monkeypatch.context() as broken:
        patch(broken)
        assert main(["pack", "prove", "pack", "-o", "out"]) == 1
        files = sorted(str(path) for path in Path("out").iterdir())
        assert {f"out/counterexample-{name}.scenario.yaml" for name in expected} <= set(files)
        assert main(["scenario", "run", *files, "--evidence", "off"]) == 0
    assert main(["scenario", "run", *files, "--evidence", "off"]) == 1
    assert main(["pack", "prove", "pack"]) == 0


@pytest.mark.parametrize("bound", [("--max-states", "3"), ("--max-depth", "1"), ("--max-seconds", "0.000001")])
def test_what_stopped_at_a_bound_never_reads_as_a_proof(bound: tuple[str, str], here: Path, capsys: Capture) -> None:
    write_profile(here / "pack", without_facts(), ("real",))
    assert main(["pack", "prove", "pack", *bound]) == 1
    said = capsys.readouterr().out
    assert "\nnot a proof: stopped at " in said
    assert said.splitlines()[-1].startswith("not decided: ")
    assert not any(line.startswith("proved") for line in said.splitlines())
    assert main(["pack", "prove", "pack", *bound, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "undecided"
    assert {one["verdict"] for one in report["properties"]} == {"undecided"}


def test_code_of_the_pack_runs_only_when_it_is_asked_for(here: Path, capsys: Capture) -> None:
    trap(write_pack(here / "pack"), here / "trace")
    assert main(["pack", "prove", "pack"]) == 0
    assert not (here / "trace").exists()
    assert "hooks may say anything" in capsys.readouterr().out
    assert main(["pack", "prove", "pack", "--hooks", "real"]) == 0
    assert (here / "trace").exists()
    assert "hooks called for real" in capsys.readouterr().out


def test_a_hook_sees_the_variables_that_the_configuration_names(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    logic = (
        "import json, os, sys\nsys.stdin.readline()\n"
        'print(json.dumps({"status": "ok", "facts": {"risky": "NAMED" in os.environ}}))\n'
    )
    write_hook(write_pack(here / "pack"), logic)
    monkeypatch.setenv("NAMED", "1")
    for named, closed in (("", False), ("fluxscenario_hook_env = NAMED\n", True)):
        (here / "pytest.ini").write_text(f"[pytest]\n{named}", encoding="utf-8")
        main(["pack", "prove", "pack", "--hooks", "real"])
        assert ("nothing ever allows the action work.check" in capsys.readouterr().out) is closed


def test_a_hook_that_cannot_be_called_for_real_leaves_it_open(here: Path, capsys: Capture) -> None:
    write_pack(here / "pack")  # whose hook is a program that no machine has
    assert main(["pack", "prove", "pack"]) == 0
    assert main(["pack", "prove", "pack", "--hooks", "real"]) == 1
    assert "not a proof: the hook assess could not be asked: " in capsys.readouterr().out


def test_a_payload_that_nobody_could_make_up_is_taken_from_a_scenario(here: Path, capsys: Capture) -> None:
    pack = write_pack(here / "pack")
    schema = {"properties": {"what": {"pattern": "^(?=.*7)[0-9]{3}$"}}}
    (pack / "schemas" / "artifacts").mkdir(parents=True)
    (pack / "schemas" / "artifacts" / "start_record.json").write_text(json.dumps(schema), encoding="utf-8")
    assert main(["pack", "prove", "pack"]) == 1
    said = capsys.readouterr().out
    assert "not a proof: no payload was found that work.start admits: add a scenario that sends one" in said
    # That nothing leads on may be for want of a payload: it is no dead end.
    assert "refuted" not in said
    # And a request that could not be made may be the one that meets a gate, or is allowed.
    assert "no request meets" not in said
    assert "nothing ever allows" not in said
    write(pack / "scenarios" / "one.scenario.json", scenario("one", step(payload={"what": "172"})))
    assert main(["pack", "prove", "pack"]) == 0


def test_what_every_way_needs_is_told_of_the_ways_that_were_seen(here: Path, capsys: Capture) -> None:
    profile = without_facts()
    other = {"id": "other.act", "allowed_roles": ["agent"], "produces_artifacts": ["other"]}
    odd = {"id": "other", "schema": "schemas/other.json", "allowed_sources": ["agent"]}
    profile |= {
        "actions": [*profile["actions"], other],
        "artifact_types": [*profile["artifact_types"], odd],
    }
    write_profile(here / "pack", profile, ("real",))
    (here / "pack" / "schemas").mkdir()
    for schema, status, said in (
        ("{}", 0, "every way needs approver/"),
        ('{"not": {}}', 1, "every way that was seen needs approver/"),
    ):
        (here / "pack" / "schemas" / "other.json").write_text(schema, encoding="utf-8")
        assert main(["pack", "prove", "pack"]) == status
        assert f"Complete by work.end: {said}" in capsys.readouterr().out


def test_an_archive_is_proved_like_its_folder(here: Path, capsys: Capture) -> None:
    write_pack(here / "pack")
    assert main(["pack", "build", "pack", "-o", "pack.fstpack"]) == 0
    capsys.readouterr()
    said = []
    for name in ("pack", "pack.fstpack", "pack/process.manifest.yaml"):
        assert main(["pack", "prove", name, "--json"]) == 0
        said.append(json.loads(capsys.readouterr().out))
    assert said[0] == said[1] == said[2]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nowhere"], "nowhere: there is no such folder or archive"),
        (["pack", "--max-states", "0"], "a number from 1 to 10000000 is needed, not '0'"),
        (["pack", "--max-states", "00000000001"], "a number from 1 to 10000000 is needed, not '00000000001'"),
        (["pack", "--max-seconds", "nan"], "seconds, more than 0 and at most 86400, are needed, not 'nan'"),
        (["pack", "--hooks", "maybe"], "invalid choice: 'maybe'"),
    ],
)
def test_bad_usage_is_a_line(args: list[str], said: str, here: Path, capsys: Capture) -> None:
    write_pack(here / "pack")
    try:
        status = main(["pack", "prove", *args])
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def test_a_scenario_file_that_cannot_be_read_is_told(here: Path, capsys: Capture) -> None:
    write_pack(here / "pack")
    (here / "pack" / "scenarios").mkdir()
    (here / "pack" / "scenarios" / "broken.yaml").write_text("a: [", encoding="utf-8")
    assert main(["pack", "prove", "pack"]) == 0
    assert "scenarios/broken.yaml: cannot be read, its payloads are not tried" in capsys.readouterr().err


def test_a_hostile_profile_takes_no_longer_than_it_may(here: Path, capsys: Capture) -> None:
    write_profile(here / "wide", wide())
    begun = seconds()
    assert main(["pack", "prove", "wide", "--max-seconds", "2"]) == 1
    assert seconds() - begun < 20
    assert "stopped at 2 seconds" in capsys.readouterr().out


def test_an_interrupt_ends_it(here: Path, capsys: Capture) -> None:
    write_profile(here / "wide", wide())
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        assert main(["pack", "prove", "wide"]) == 130
    finally:
        timer.cancel()
    assert capsys.readouterr().err == "interrupted\n"
