"""The scenarios of the bundled pack notice every mutant that can be noticed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pytest_fluxscenario.cli.main import main

_ROOT = Path(__file__).resolve().parents[4]


def test_every_mutant_of_the_bundled_pack_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A root of its own: the journal of a hunt that was cut off elsewhere is none of this one.
    shutil.copytree(_ROOT / "scenarios" / "local_patch_review", tmp_path / "local_patch_review")
    monkeypatch.chdir(tmp_path)
    status = main(["mutate", "local_patch_review", "--json"])
    said = json.loads(capsys.readouterr().out)
    survivors = [mutant["id"] for mutant in said["mutants"] if mutant["fate"] == "survived"]
    assert survivors == []
    assert status == 0
    assert said["score"]["killed"] > 100
    assert said["left_out"] == []
