"""A whole pack, checked: what the command says, and what the report holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import scenario, step, write, write_pack

_BUNDLED = Path(__file__).resolve().parents[3] / "scenarios" / "local_patch_review"


def check(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Exit status and lines of one run of the command."""
    status = main(["pack", "check", *map(str, arguments)])
    return status, capsys.readouterr().out.splitlines()


def change(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def test_the_bundled_pack_has_nothing_to_be_said_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(_BUNDLED, "--strict", capsys=capsys) == (0, ["valid"])


@pytest.mark.parametrize("name", ["process.manifest.yaml", "profile.yaml"])
def test_a_file_of_a_pack_means_the_pack(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(_BUNDLED / name, capsys=capsys) == (0, ["valid"])


def test_an_archive_and_a_ref_are_checked_like_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["pack", "build", str(_BUNDLED), "-o", "a.fstpack"]) == 0
    assert main(["profile", "import", str(_BUNDLED), "--store", "kept"]) == 0
    capsys.readouterr()
    assert check("a.fstpack", capsys=capsys) == (0, ["valid"])
    assert check("local_patch_review:latest", "--store", "kept", capsys=capsys) == (0, ["valid"])
    assert check("local_patch_review:v9.9.9", "--store", "kept", capsys=capsys)[0] == 2
    assert check("nothing:latest", "--store", "no", capsys=capsys)[0] == 2
    assert check("nothing.here", capsys=capsys)[0] == 2


def test_faults_of_many_stages_are_told_at_once_and_each_only_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = write_pack(tmp_path / "small")
    change(pack / "process.manifest.yaml", ("fst.process_logic.v1", "fst.process_logic.v2"))
    change(pack / "profile.yaml", ("next_actions: [work.finish, work.check]", "next_actions: [work.finsh]"))
    change(pack / "profile.yaml", ("materialization_scope_fields: [path]\n    ", ""))
    change(pack / "hooks.yaml", ("timeout_ms: 2000", "timeout_ms: 0"))
    write(pack / "scenarios" / "bad.json", {"id": "bad"})
    status, lines = check(pack, capsys=capsys)
    told = [line.split(": ")[1].split()[-1] for line in lines if ": error " in line]
    assert status == 1
    assert told == [
        "pack.api-version",
        "pack.unknown-action",
        "shape.value",
        "pack.scope-fields",
        *["shape.missing-field"] * 3,
    ]
    assert lines[-1].endswith("not valid")
    assert sum("finsh" in line for line in lines) == 1


def test_what_cannot_be_read_is_named_and_hides_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = write_pack(tmp_path / "small")
    change(pack / "process.manifest.yaml", ("process:", "process: ["))
    change(pack / "profile.yaml", ("- id: work.check", "- id: work.start"))
    write(pack / "scenarios" / "bad.json", {"id": "bad"})
    status, lines = check(pack, capsys=capsys)
    assert status == 1
    assert any(f"{pack}/process.manifest.yaml:" in line and "document." in line for line in lines)
    assert any("pack.duplicate-action" in line for line in lines)
    assert any("bad.json" in line for line in lines)
    assert lines[-2] == "not looked at before the errors are gone: approvals, capabilities, whole"


def test_a_profile_that_cannot_be_read_makes_no_further_noise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = write_pack(tmp_path / "small")
    change(pack / "profile.yaml", ("gates:", "gates: 3\nmore:"))
    write(pack / "scenarios" / "happy_path.json", scenario())
    status, lines = check(pack, capsys=capsys)
    assert status == 1
    assert {line.split(":")[0].rpartition("/")[2] for line in lines[:-2]} == {"profile.yaml"}
    assert "actions, artifact-types, gates, routes, schemas, scope-fields, whole" in lines[-2]


def test_a_profile_of_another_api_is_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = write_pack(tmp_path / "small")
    change(pack / "process.manifest.yaml", ("fst.profile.v1", "fst.profile.v2"))
    change(pack / "profile.yaml", ("before_action: work.start", "before_step: work.start"))
    _, lines = check(pack, capsys=capsys)
    assert [line for line in lines if ": error " in line] == [lines[0]]
    assert "pack.api-version" in lines[0]


def test_warnings_count_only_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = write_pack(tmp_path / "small")
    status, lines = check(pack, capsys=capsys)
    assert (status, lines[-1]) == (0, "2 warnings: valid")
    status, lines = check(pack, "--strict", capsys=capsys)
    assert (status, lines[-1]) == (1, "2 warnings: not valid, as warnings count here")


def test_the_report_says_the_same_as_the_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = write_pack(tmp_path / "small")
    change(pack / "profile.yaml", ("next_actions: [work.finish, work.check]", "next_actions: [work.finsh]"))
    _, lines = check(pack, capsys=capsys)
    status, printed = check(pack, "--json", capsys=capsys)
    report: dict[str, Any] = json.loads("\n".join(printed))
    assert status == 1
    assert not report["valid"]
    assert (report["process_id"], report["process_version"]) == ("small", "1.0.0")
    assert (report["profile_api"], report["logic_api"]) == ("fst.profile.v1", "fst.process_logic.v1")
    said = [
        f"{one['file']}:{one['line']}:{one['column']}: {one['severity']} {one['code']}" for one in report["diagnostics"]
    ]
    assert said[0] == lines[0].split(": there")[0]
    assert report["diagnostics"][0]["path"] == "/actions/0/next_actions/0"
    assert report["diagnostics"][0]["stage"] == "actions"


def test_no_code_of_the_pack_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = write_pack(tmp_path / "small")
    monkeypatch.chdir(tmp_path)
    check(pack, capsys=capsys)
    assert not list(tmp_path.rglob("code-of-the-pack-ran"))


def test_the_classes_of_scenarios_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = write_pack(tmp_path / "small")
    write(pack / "scenarios" / "happy_path_of_one.json", scenario("any"))
    write(pack / "scenarios" / "two.json", scenario("hook-failure-x"), scenario("b", classes=["ask_user_case"]))
    write(pack / "scenarios" / "approval_required.json", {"id": "cannot be read"})
    _, lines = check(pack, "--classes", capsys=capsys)
    table = {
        line.split()[0]: line.split()[1:] for line in lines[lines.index(next(x for x in lines if x[:5] == "CLASS")) :]
    }
    assert table["happy_path"] == ["1"]
    assert table["hook_failure"] == ["1"]
    assert table["ask_user_case"] == ["1"]
    assert table["approval_required"] == ["1"]
    assert table["idempotency_replay"] == ["0", "missing"]
    assert "missing_docs_blocked" not in table


def test_scenarios_of_a_pack_inside_are_not_those_of_this_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pack = write_pack(tmp_path / "small")
    shutil.copytree(_BUNDLED, pack / "inner")
    _, lines = check(pack, capsys=capsys)
    assert "pack.no-scenarios" in lines[0]


def test_a_pack_full_of_faults_is_told_in_a_bounded_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = write_pack(tmp_path / "small")
    names = ", ".join(f"no.such{number}" for number in range(500))
    change(pack / "profile.yaml", ("next_actions: [work.finish, work.check]", f"next_actions: [{names}]"))
    for number in range(60):
        write(pack / "scenarios" / f"s{number}.json", {"id": "bad"})
    _, lines = check(pack, capsys=capsys)
    assert len(lines) < 180
    assert sum("pack.more" in line for line in lines) == 2


@pytest.mark.parametrize(
    ("expect", "code"),
    [
        ({"status": "nok", "route": "AskUser", "gate_id": "what_requird"}, "pack.scenario-gate"),
        ({"status": "nok", "route": "AskUser", "gate_id": "finish_requires_start"}, "pack.scenario-gate"),
        (
            {"status": "nok", "route": "AskUser", "gate_id": "what_required", "gate_type": "approval"},
            "pack.scenario-gate",
        ),
        ({"status": "nok", "route": "AskUser", "missing_artifacts": ["start"]}, "pack.scenario-artifact"),
        ({"status": "ok", "route": "Continue", "created_artifacts": ["start"]}, "pack.scenario-artifact"),
        ({"status": "ok", "route": "Continue", "next_allowed_actions": ["work.fin"]}, "pack.scenario-action"),
    ],
)
def test_names_that_a_scenario_expects_are_those_of_the_pack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expect: dict[str, Any], code: str
) -> None:
    pack = write_pack(tmp_path / "small")
    write(pack / "scenarios" / "happy_path.json", scenario("happy_path", step(expect=expect)))
    _, lines = check(pack, capsys=capsys)
    assert [line.split()[2].rstrip(":") for line in lines if "so this can never pass" in line] == [code]


def test_references_and_matchers_are_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = write_pack(tmp_path / "small")
    expect = {"status": "nok", "route": "AskUser", "gate_id": {"matches": "^what"}, "missing_artifacts": ["${kind}"]}
    rows = [{"kind": "start_record"}]
    write(pack / "scenarios" / "a.json", scenario("a", step(expect=expect), parameters=rows))
    unknown = step(action="no.such", expect={"status": "nok", "route": "Blocked", "reason": {"x-mine": 1}})
    write(pack / "scenarios" / "b.json", scenario("b", unknown))
    _, lines = check(pack, capsys=capsys)
    assert [line for line in lines if "pack.scenario-" in line or ": error " in line] == []
