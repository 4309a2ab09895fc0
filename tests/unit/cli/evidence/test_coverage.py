"""``fluxrig coverage``: what runs have seen of their profiles, added up (coverage.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.evidence.writer import manifest_bytes, manifest_check
from pytest_fluxscenario.model.coverage import CoverageReport
from pytest_fluxscenario.model.evidence import Manifest
from tests.fakes.packs import failing, scenario, step, write, write_pack

_ASKED = step("ask", payload={}, expect={"status": "nok", "route": "AskUser"})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two runs, of which each has seen something else."""
    for name in ("FLUXRIG_STORE", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    pack = write_pack(tmp_path / "packs" / "small")
    write(pack / "scenarios" / "asks.json", scenario("asks", _ASKED))
    write(pack / "scenarios" / "starts.json", scenario("starts", step()))
    for name in ("asks", "starts"):
        assert main(["scenario", "run", f"packs/small/scenarios/{name}.json", "--evidence", name]) == 0
    return tmp_path


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    capsys.readouterr()
    status = main(["coverage", "--json", *arguments])
    return status, json.loads(capsys.readouterr().out)


def _edit(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    manifest = msgspec.structs.replace(msgspec.json.decode(path.read_bytes(), type=Manifest), **changes)
    path.write_bytes(manifest_bytes(msgspec.structs.replace(manifest, check=manifest_check(manifest))))


def test_what_one_run_has_seen_is_seen(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = _json(capsys, "asks", "starts/manifest.json")
    assert status == 0
    report = msgspec.convert(said, CoverageReport)
    (one,) = report.profiles
    assert one.runs == 2
    assert one.points["gates"]["what_required"] == {"fired": True, "passed": True}
    assert one.points["conditions"]["what_required.payload_missing"] == {"held": True, "not_held": True}
    assert (one.kinds["gates"].seen, one.kinds["gates"].possible, one.kinds["gates"].percent) == (2, 8, 25.0)
    places = {(gap.kind, gap.name): f"{gap.file}:{gap.line}" for gap in one.missing}
    assert places["gates", "check_needs_facts"] == "packs/small/profile.yaml:43"
    assert _json(capsys, "starts", "asks") == (0, said | {"profiles": [said["profiles"][0]]})


def test_the_least_is_asked_of_each_profile(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage", "asks", "starts", "--fail-under", "gates=25"]) == 0
    capsys.readouterr()
    assert main(["coverage", "asks", "starts", "--fail-under", "gates=25.1"]) == 1
    printed = capsys.readouterr()
    assert printed.err == "coverage of gates of small 1.0.0 is 25.0%, below 25.1% (2 of 8)\n"
    assert "packs/small/profile.yaml:43: gate check_needs_facts: never fired, never passed\n" in printed.out
    # A variable that nobody has set is no number that was reached.
    for command in (["coverage", "asks", "--fail-under="], ["scenario", "run", "packs", "--coverage-fail-under="]):
        assert main(command) == 2
        assert "fail-under: '' is no percentage" in capsys.readouterr().err
    assert main(["coverage", "asks", "--fail-under", "gate=1"]) == 2
    assert capsys.readouterr().err.startswith("--fail-under: 'gate' is no kind of what is covered (did you mean")


def test_a_changed_profile_has_no_lines_and_another_version_is_told_apart(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pack(here / "packs" / "small", version="1.0.0", reason="Another text.")
    assert main(["scenario", "run", "packs/small/scenarios/asks.json", "--evidence", "later"]) == 0
    status, said = _json(capsys, "asks", "later")
    assert status == 0
    first, second = sorted(said["profiles"], key=lambda one: one["missing"][0]["line"])
    assert first["hash"] != second["hash"]
    assert {gap["line"] for gap in first["missing"]} == {0}
    assert min(gap["line"] for gap in second["missing"] if gap["kind"] == "gates") > 0


def test_evidence_that_was_edited_is_damage(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = here / "asks" / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"passed": false', b'"passed": true', 1))
    assert main(["coverage", "asks"]) == 3
    assert "asks/manifest.json: is not as it was written (run: fluxrig evidence verify asks)" in capsys.readouterr().err


def test_an_older_manifest_would_look_fuller_than_it_is(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = msgspec.json.decode((here / "asks" / "manifest.json").read_bytes(), type=Manifest)
    older = tuple(msgspec.structs.replace(one, points=msgspec.UNSET) for one in manifest.coverage)
    _edit(here / "asks", coverage=older)
    assert main(["evidence", "verify", "asks"]) == 0
    assert main(["coverage", "asks"]) == 2
    assert "was written by a version that counted less (run the scenarios again)" in capsys.readouterr().err


def test_a_failed_run_counts_and_is_told_of(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here / "packs" / "small" / "scenarios" / "bad.json", failing())
    assert main(["scenario", "run", ".", "--evidence", "bad"]) == 1
    capsys.readouterr()
    assert main(["coverage", "bad"]) == 0
    assert capsys.readouterr().err == "warning: bad/manifest.json: the run failed; what it has seen counts\n"


def test_an_incomplete_run_counts_and_is_told_of(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "run", ".", "-k", "asks", "--evidence", "part"]) == 0
    capsys.readouterr()
    assert main(["coverage", "part"]) == 0
    assert "the run is incomplete; what it has seen counts" in capsys.readouterr().err


def test_nothing_covered_is_less_than_anything(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit(here / "asks", coverage=())
    assert main(["coverage", "asks"]) == 0
    assert main(["coverage", "asks", "--fail-under", "0"]) == 1
    assert "no scenario ran" in capsys.readouterr().err
    assert main(["coverage", "nowhere"]) == 2
