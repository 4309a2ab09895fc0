"""``fluxrig scenario draft``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.yaml_reader import read_yaml
from pytest_fluxscenario.model.drafts import DraftsReport
from pytest_fluxscenario.model.schema import schema_of
from tests.fakes.packs import scenario, step, write, write_hook, write_pack

_PACK = "packs/small"
_DRAFTS = f"{_PACK}/scenarios/drafts"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_hook(write_pack(tmp_path / _PACK))
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    capsys.readouterr()
    main(["scenario", "draft", _PACK, "--json", *args])
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def read(text: str) -> list[Any]:
    return [one.data for one in read_yaml("draft.yaml", text, Limits())]


def files(root: Path, folder: str = _DRAFTS) -> list[str]:
    return sorted(path.name for path in (root / folder).iterdir()) if (root / folder).exists() else []


def test_a_pack_without_scenarios_gets_all_of_them(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "draft", _PACK, "--all"]) == 0
    said = capsys.readouterr().out
    names = files(here)
    assert "draft-gates-finish_requires_start-fired.scenario.yaml" in names
    assert all(f"{_DRAFTS}/{name}: " in said for name in names)
    assert f"drafted in {len(names)} scenarios, to be reviewed" in said.splitlines()[-1]
    # They pass once somebody lets them run, and then the suite notices every mutant.
    for path in (here / _DRAFTS).iterdir():
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("skip: drafted by fluxrig and not reviewed yet\n", ""), encoding="utf-8")
    assert main(["scenario", "run", _PACK, "--evidence", "off"]) == 0
    assert main(["mutate", _PACK]) == 0
    assert main(["scenario", "draft", _PACK]) == 0
    assert "nothing is missing" in capsys.readouterr().out


def test_a_draft_says_what_it_is_and_does_not_run_before_it_is_reviewed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scenario", "draft", _PACK, "--gate", "waiver_needs_approval"]) == 0
    path = here / _DRAFTS / "draft-gates-waiver_needs_approval-fired.scenario.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Drafted by fluxrig from the profile small 1.0.0 (sha256:")
    assert "review each expectation" in text
    (data,) = read(text)
    assert data["steps"] == [
        {
            "name": "work.waive is stopped by waiver_needs_approval",
            "action": "work.waive",
            "actor": {"id": "agent-1", "role": "agent"},
            "payload": {},
            "expectation": {
                "status": "nok",
                "route": "AwaitApproval",
                "gate_id": "waiver_needs_approval",
                "gate_type": "approval",
                "required_approval": {"role": "approver", "scope": "waive"},
                "created_artifacts": None,
                "next_allowed_actions": ["work.waive"],
                "completion_report_exists": False,
            },
        }
    ]
    capsys.readouterr()
    assert main(["scenario", "run", _PACK, "--evidence", "off"]) == 0
    assert f"{len(files(here))} skipped" in capsys.readouterr().out
    assert main(["mutate", _PACK]) == 2, "a draft is no scenario that could notice anything"


def test_what_waits_for_its_review_is_not_drafted_again(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = report(capsys, "--gate", "what_required")
    assert first["drafts"]
    names = files(here)
    second = report(capsys, "--gate", "what_required")
    assert (second["drafts"], second["missed"], second["left"]) == ([], [], [])
    assert set(second["waiting"]) == {name for one in first["drafts"] for name in one["shows"]}
    assert files(here) == names


def test_nothing_is_overwritten(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = write(here / _DRAFTS / "draft-gates-what_required-fired.scenario.yaml", scenario("mine"))
    before = taken.read_bytes()
    report(capsys, "--gate", "what_required")
    assert taken.read_bytes() == before
    assert "draft-gates-what_required-fired-2.scenario.yaml" in files(here)


def test_the_suite_is_asked_first(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {name for one in report(capsys, "--all", "--dry-run")["drafts"] for name in one["shows"]}
    expected = {"status": "nok", "route": "AskUser", "gate_id": "what_required"}
    write(here / _PACK / "scenarios" / "asks.scenario.json", scenario("asks", step(payload={}, expect=expected)))
    said = report(capsys, "--all", "--dry-run")
    after = {name for one in said["drafts"] for name in one["shows"]}
    assert {"gates:what_required:fired", "route-weakened:what_required"} <= before - after
    assert before - after == set(said["shown"])


def test_payloads_of_the_suite_are_used(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here / _PACK / "scenarios" / "one.scenario.json", scenario("one", step(payload={"what": "mend the roof"})))
    said = report(capsys, "--gate", "finish_requires_start", "--dry-run")
    assert any("payload: {what: mend the roof}" in one["text"] for one in said["drafts"])


def test_dry_run_prints_and_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "draft", _PACK, "--gate", "what_required", "--dry-run"]) == 0
    out = capsys.readouterr().out
    texts = out.rsplit("\n", 2)[0]
    assert {one["profile_id"] for one in read(texts)} == {"small"}
    assert len(read(texts)) > 1
    assert not (here / _PACK / "scenarios").exists()


def test_the_report_holds_against_its_schema(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema.Draft202012Validator(schema_of(DraftsReport)).validate(report(capsys, "--all"))


def test_no_more_files_than_somebody_reads(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "draft", _PACK]) == 1
    assert len(files(here)) == 20
    assert "not looked at: review these drafts first, or ask for --all" in capsys.readouterr().err


def test_a_folder_of_its_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(capsys, "--gate", "what_required", "-o", "inbox")
    assert files(here, "inbox")
    assert not files(here)
    assert main(["scenario", "run", "inbox", "--evidence", "off"]) == 0


def test_a_hook_that_cannot_run_is_drafted_from_its_faults_and_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pack(here / _PACK)
    status = main(["scenario", "draft", _PACK, "--gate", "check_needs_facts"])
    told = capsys.readouterr()
    assert status == 1
    assert "no result came from: assess" in told.err
    assert "not reached gates:check_needs_facts:fired" in told.out
    texts = [path.read_text(encoding="utf-8") for path in (here / _DRAFTS).iterdir()]
    assert any("faults: {assess: timeout}" in text for text in texts)
    assert main(["scenario", "run", _PACK, "--evidence", "off"]) == 0


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--gate", "what_require"), "--gate: the pack has no gate 'what_require' (did you mean 'what_required'"),
        (("--action", "work.begin"), "--action: the pack has no action 'work.begin'"),
        (("--route", "Ask"), "--route: the pack has no route 'Ask'"),
        (("--mutant", "gate-dropped:x"), "--mutant: the pack has no mutant 'gate-dropped:x'"),
    ],
)
def test_a_name_that_is_none_is_told(
    here: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, str], said: str
) -> None:
    assert main(["scenario", "draft", _PACK, *option]) == 2
    assert capsys.readouterr().err.startswith(said)
    assert not files(here)


def test_one_mutant_one_route_one_action(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = report(capsys, "--dry-run", "--mutant", "gate-dropped:what_required")
    assert [one["shows"] for one in wanted["drafts"]] == [["gate-dropped:what_required"]]
    routes = report(capsys, "--dry-run", "--route", "AskUser")
    assert any("routes:AskUser:returned" in one["shows"] for one in routes["drafts"])
    actions = report(capsys, "--dry-run", "--all", "--action", "work.waive")
    shown = {name for one in actions["drafts"] for name in one["shows"]}
    assert {"actions:work.waive:allowed", "gate-dropped:waiver_needs_approval"} <= shown
    assert not any("work.start" in name for name in shown)


def test_a_suite_that_fails_comes_first(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = step(expect={"status": "nok", "route": "Blocked"})
    write(here / _PACK / "scenarios" / "bad.scenario.json", scenario("bad", wrong))
    assert main(["scenario", "draft", _PACK]) == 2
    assert "the scenario bad does not pass on the pack as it is (failed)" in capsys.readouterr().err
    assert not files(here)


def test_what_is_no_pack_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "draft", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "file").write_text("x", encoding="utf-8")
    assert main(["scenario", "draft", _PACK, "-o", "file"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("file: cannot be written")


def test_whoever_says_that_something_is_missing_names_the_command(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = f"fluxrig scenario draft {_PACK}"
    assert main(["pack", "check", _PACK]) == 0
    assert "fluxrig scenario draft" in capsys.readouterr().out
    write(here / _PACK / "scenarios" / "one.scenario.json", scenario("one"))
    assert main(["mutate", _PACK]) == 1
    assert f"scenarios that would notice: {named}" in capsys.readouterr().err
    assert main(["scenario", "run", _PACK, "--coverage"]) == 0
    assert f"scenarios for it: {named}" in capsys.readouterr().out
