"""The scenarios of the packs of this repository notice every mutant that can be noticed; which could go is said."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.analysis.mutation.hunt import Hunt
from pytest_fluxscenario.analysis.mutation.operators import mutants_of
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.cli.pack.suite import open_suite

_ROOT = Path(__file__).resolve().parents[4]
_BUNDLED = "scenarios/local_patch_review"


def _report(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    if folder.endswith("vendor_onboarding") and shutil.which("node") is None:
        pytest.skip("its hooks run on Node.js, and there is no node")
    # A root of its own: the journal of a hunt that was cut off elsewhere is none of this one.
    shutil.copytree(_ROOT / folder, tmp_path / "pack")
    monkeypatch.chdir(tmp_path)
    assert main(["mutate", "pack", "--json", "--matrix", "--workers", "2"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


@pytest.mark.parametrize("folder", [_BUNDLED, "tests/packs/purchase", "tests/packs/vendor_onboarding"])
def test_every_mutant_is_noticed_and_every_scenario_is_needed_or_told(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _report(folder, tmp_path, monkeypatch, capsys)
    survivors = [mutant["id"] for mutant in said["mutants"] if mutant["fate"] == "survived"]
    assert survivors == []
    assert said["score"]["killed"] > 100
    assert said["left_out"] == []
    noticed = {mutant["id"]: mutant["noticed_by"] for mutant in said["mutants"] if mutant["fate"] == "killed"}
    assert len(said["suite"]) == said["scenarios"]
    for one in said["suite"]:
        own = {name for name, by in noticed.items() if one["id"] in by}
        assert len(own) == one["notices"]
        # What would survive without it, or a goal of its own; else others that notice all that it notices.
        lost = {name for name in own if noticed[name] == [one["id"]]}
        assert lost <= set(one["alone"])
        assert bool(one["alone"]) is not one["redundant"]
        if one["redundant"]:
            assert one["instead"]
            assert all(set(noticed[name]) & set(one["instead"]) for name in own)
    needed = {one["id"] for one in said["suite"] if not one["redundant"]}
    assert needed <= set(said["smallest"])
    assert len(needed) > said["scenarios"] / 2
    if folder == _BUNDLED:
        section = (
            (_ROOT / "docs" / "mutation.md").read_text(encoding="utf-8").split("Of the bundled\npack these are:")[1]
        )
        listed = re.findall(r"`([\w-]+)`", section.split("of those with parameters")[0])
        ids = {re.split(r"::|\[", one["id"])[1] for one in said["suite"] if one["redundant"]}
        assert listed == sorted(ids)


def test_what_is_said_of_a_scenario_holds_when_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _report(_BUNDLED, tmp_path, monkeypatch, capsys)
    suite = open_suite("pack", None, goals=True)
    process = Process.of(suite.pack)
    mutants = mutants_of(process)
    trials = suite.trials.passing
    reached = Counter(goal for trial in trials for goal in trial.reached)
    parts = {one["id"]: one for one in said["suite"]}
    # Every seventh: all of them take a minute.
    for at in range(0, len(trials), 7):
        removed = trials[at]
        without = Hunt(process, [*trials[:at], *trials[at + 1 :]], suite.close)
        # Only what it asks for, or what looks at any request, can be lost.
        touched = [mutant for mutant in mutants if removed.may_show(mutant.actions)]
        lost = {mutant.id for mutant, verdict in without.try_all(touched) if verdict.fate == "survived"}
        lost |= {goal for goal in removed.reached if reached[goal] == 1}
        assert lost == set(parts[removed.id]["alone"]), removed.id
        assert parts[removed.id]["redundant"] is not bool(lost)
    suite.close()
