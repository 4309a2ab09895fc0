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


def test_an_archive_and_a_stored_pack_give_what_the_folder_gives(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(here, "asks", scenario("asks", step(payload={"what": ""}, expect=_ASKED)))
    folder = report(capsys)
    assert main(["pack", "build", _PACK, "-o", "small.fstpack"]) == 0
    assert main(["profile", "import", _PACK, "--store", "store"]) == 0
    for named, more, where in (
        ("small.fstpack", (), "small.fstpack"),
        ("small:v1.0.0", ("--store", "store"), "store/small:v1.0.0"),
    ):
        capsys.readouterr()
        main(["mutate", named, "--json", *more])
        said = json.loads(capsys.readouterr().out)
        assert fates(said) == fates(folder)
        assert (said["score"], said["scenarios"]) == (folder["score"], 2)
        one, other = said["mutants"][0], folder["mutants"][0]
        assert (one["file"], one["line"]) == (f"{where}/profile.yaml", other["line"])
        killed = next(mutant for mutant in said["mutants"] if mutant["id"] == "gate-dropped:what_required")
        assert killed["by"] == f"{named}::scenarios/asks.scenario.json::asks"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("small:1", "small:1: "),
        ("other:v1.0.0", "has no profile 'other'"),
        ("lone:v1.0.0", "is a profile alone, without scenarios"),
        ("none.fstpack", "none.fstpack: there is no such folder or archive"),
    ],
)
def test_what_is_no_pack_is_told(here: Path, capsys: pytest.CaptureFixture[str], named: str, said: str) -> None:
    lone = (here / _PACK / "profile.yaml").read_text(encoding="utf-8").replace("id: small", "id: lone", 1)
    lone = lone.replace("    hook: assess\n    on_hook_failure: InstructAgent\n", "").replace(
        "fact_true: risky", "always: true"
    )
    (here / "lone.yaml").write_text(lone, encoding="utf-8")
    assert main(["profile", "import", "lone.yaml", "--store", "store"]) == 0
    capsys.readouterr()
    assert main(["mutate", named, "--store", "store"]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_a_ref_without_a_store_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mutate", "small:v1.0.0"]) == 2
    assert capsys.readouterr().err.startswith("store: there is no such folder, and so no store")


def test_the_matrix_says_what_could_be_removed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(here, "asks", scenario("asks", step(payload={"what": ""}, expect=_ASKED)))
    add(here, "asks_again", scenario("asks_again", step(payload={}, expect=_ASKED)))
    said = report(capsys, "--matrix")
    parts = {part["id"].rpartition("::")[2]: part for part in said["suite"]}
    assert [parts[name]["redundant"] for name in ("begins", "asks", "asks_again")] == [False, True, True]
    assert parts["asks"]["instead"] == [parts["asks_again"]["id"]]
    assert "condition-always:what_required" in parts["begins"]["alone"]
    assert len(said["smallest"]) == 2
    dropped = next(mutant for mutant in said["mutants"] if mutant["id"] == "gate-dropped:what_required")
    assert dropped["noticed_by"] == [parts["asks"]["id"], parts["asks_again"]["id"]]
    jsonschema.Draft202012Validator(schema_of(MutationReport)).validate(said)
    plain = report(capsys)
    assert plain["suite"] == []
    assert (plain["score"], plain["gates"]) == (said["score"], said["gates"])
    assert report(capsys, "--matrix", "--workers", "2") == said
    main(["mutate", _PACK, "--matrix", "--html", "page.html"])
    told = capsys.readouterr().out
    assert "asks.scenario.json::asks: redundant: " in told
    assert ", also shown by asks_again.scenario.json::asks_again" in told
    assert "2 of 3 scenarios redundant, each taken alone; 2 show all that the suite shows" in told
    page = (here / "page.html").read_text(encoding="utf-8")
    assert "2 of 3 scenarios are redundant" in page
