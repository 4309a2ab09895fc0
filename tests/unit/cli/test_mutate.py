"""``fluxrig mutate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.model.mutants import MutationReport
from pytest_fluxscenario.model.schema import schema_of
from tests.fakes.packs import scenario, step, write, write_pack

_ASKED = {"status": "nok", "route": "AskUser", "gate_id": "what_required"}
_PACK = "packs/small"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_pack(tmp_path / _PACK)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    add(tmp_path, "begins", scenario("begins"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def add(root: Path, name: str, *documents: dict[str, Any]) -> None:
    write(root / _PACK / "scenarios" / f"{name}.scenario.json", *documents)


def report(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    capsys.readouterr()
    main(["mutate", _PACK, "--json", *args])
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_the_report_holds_against_its_schema(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema.Draft202012Validator(schema_of(MutationReport)).validate(report(capsys))


def fates(said: dict[str, Any]) -> dict[str, str]:
    return {mutant["id"]: mutant["fate"] for mutant in said["mutants"]}


def test_a_mutant_is_noticed_once_a_scenario_says_what_the_gate_does(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = fates(report(capsys))
    add(here, "asks", scenario("asks", step(payload={"what": ""}, expect=_ASKED)))
    after = report(capsys)
    noticed = {"gate-dropped:what_required", "route-weakened:what_required"}
    assert {name for name, fate in before.items() if fate == "survived"} >= noticed
    assert {name for name in before if before[name] != fates(after)[name]} >= noticed
    mutant = next(one for one in after["mutants"] if one["id"] == "gate-dropped:what_required")
    assert mutant["fate"] == "killed"
    assert mutant["by"] == f"{_PACK}/scenarios/asks.scenario.json::asks"
    assert after["gates"]["what_required"]["killed"] >= 2


def test_a_survivor_is_told_with_its_line_its_change_and_what_would_notice_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mutate", _PACK]) == 1
    told = capsys.readouterr().out
    text = (here / _PACK / "profile.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, one in enumerate(text, 1) if "- id: what_required" in one)
    route = next(number for number, one in enumerate(text, 1) if number > line and "route:" in one)
    assert f"{_PACK}/profile.yaml:{line}: survived gate-dropped:what_required: the gate what_required is left" in told
    assert f"{_PACK}/profile.yaml:{route}: survived route-weakened:what_required" in told
    assert "    - route: AskUser\n    + route: InstructAgent\n" in told
    assert "would notice: a step that it stops: expectation: {status: nok, route: AskUser, gate_id: what_req" in told
    assert "asked for it, and noticed nothing: packs/small/scenarios/begins.scenario.json::begins" in told
    assert told.splitlines()[-1].startswith(tuple("0123456789"))
    assert "below 100%" in told.splitlines()[-1]


def test_the_exit_status_is_that_of_the_score(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    percent = report(capsys)["score"]["percent"]
    assert 0 < percent < 100
    assert main(["mutate", _PACK, "--fail-under", "0"]) == 0
    assert main(["mutate", _PACK, "--fail-under", str(percent)]) == 0
    assert main(["mutate", _PACK, "--fail-under", str(percent + 0.1)]) == 1


def test_workers_find_what_one_process_finds(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(here, "asks", scenario("asks", step(payload={"what": ""}, expect=_ASKED)))
    alone = report(capsys)
    assert len(alone["mutants"]) > 20
    assert report(capsys, "--workers", "3") == alone


def test_a_scenario_that_fails_without_a_mutant_is_told_and_nothing_is_tried(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(here, "wrong", scenario("wrong", step(expect={"status": "nok", "route": "Blocked"})))
    assert main(["mutate", _PACK]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{_PACK}/scenarios/wrong.scenario.json:1: the scenario wrong does not pass on the pack as it is" in told.err


def test_scenarios_that_are_skipped_notice_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(here, "asks", scenario("asks", step(payload={"what": ""}, expect=_ASKED), skip="later"))
    said = report(capsys)
    assert said["left_out"] == [f"{_PACK}/scenarios/asks.scenario.json::asks"]
    assert fates(said)["gate-dropped:what_required"] == "survived"


@pytest.mark.parametrize(
    "bad", [("--fail-under", "101"), ("--fail-under", "x"), ("--workers", "0"), ("--workers", "²")]
)
def test_a_number_that_cannot_be_is_refused(bad: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["mutate", _PACK, *bad])
    assert exited.value.code == 2
    assert "is needed, not" in capsys.readouterr().err


def test_no_pack_and_no_scenario_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutate", "packs/smal"]) == 2
    assert "packs/smal: there is no such folder or archive (did you mean 'small'?)" in capsys.readouterr().err
    (here / _PACK / "scenarios" / "begins.scenario.json").unlink()
    assert main(["mutate", _PACK]) == 2
    assert "no scenario of the pack runs on it" in capsys.readouterr().err


def test_the_page_shows_survivors_and_nothing_foreign_as_markup(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = here / _PACK / "profile.yaml"
    text = profile.read_text(encoding="utf-8").replace(
        "payload_missing: [what]", 'payload_missing: ["<b>what</b>", what]'
    )
    profile.write_text(text, encoding="utf-8")
    add(here, "begins", scenario("begins", step(payload={"what": "x", "<b>what</b>": 1})))
    assert main(["mutate", _PACK, "--html", "page.html", "--fail-under", "0"]) == 0
    capsys.readouterr()
    page = (here / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "the gate what_required is left out" in page
    assert "&lt;b&gt;what&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "http:" not in page
    assert "https:" not in page


def test_a_store_that_is_named_and_not_there_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["mutate", _PACK, "--store", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("nowhere: ")
