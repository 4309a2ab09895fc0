"""The packs under tests/packs are beyond reproach; what is taken from them is missed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_fluxscenario.cli.main import main

ROOT = Path(__file__).parents[3]

PACKS = ("tests/packs/purchase", "tests/packs/vendor_onboarding")


@pytest.mark.parametrize("pack", PACKS)
def test_nothing_is_to_be_said_of_them(pack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", "check", "--strict", str(ROOT / pack)]) == 0
    assert capsys.readouterr().out == "valid\n"


@pytest.mark.parametrize("pack", PACKS)
def test_a_scenario_that_the_profile_lists_must_be_there(
    pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / pack, tmp_path / "pack")
    (tmp_path / "pack" / "scenarios" / "roles.scenario.json").unlink()
    monkeypatch.chdir(tmp_path)
    assert main(["pack", "check", "pack"]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("pack/profile.yaml:")
    assert first.endswith("error pack.listed-scenario: the scenario file cannot be used: there is no such file")
    assert last == "1 error: not valid"


@pytest.mark.parametrize("pack", PACKS)
def test_each_class_is_asked_for(pack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / pack, tmp_path / "pack")
    gone = ("scenarios/idempotency_conflict.", "scenarios/hook_failure.")
    for start in gone:
        (found,) = (tmp_path / "pack").glob(start + "*")
        found.unlink()
    profile = tmp_path / "pack" / "profile.yaml"
    kept = [line for line in profile.read_text("utf-8").splitlines() if not any(start in line for start in gone)]
    profile.write_text("\n".join(kept) + "\n", "utf-8")
    main(["pack", "check", "--strict", str(tmp_path / "pack")])
    said = capsys.readouterr().out
    assert "no scenario is of the class hook_failure" in said
    assert "no scenario is of the class idempotency_conflict" in said
