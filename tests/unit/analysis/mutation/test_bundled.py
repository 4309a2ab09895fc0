"""The scenarios of the packs of this repository notice every mutant that can be noticed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pytest_fluxscenario.cli.main import main

_ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    "folder", ["scenarios/local_patch_review", "tests/packs/purchase", "tests/packs/vendor_onboarding"]
)
def test_every_mutant_is_noticed(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if folder.endswith("vendor_onboarding") and shutil.which("node") is None:
        pytest.skip("its hooks run on Node.js, and there is no node")
    # A root of its own: the journal of a hunt that was cut off elsewhere is none of this one.
    shutil.copytree(_ROOT / folder, tmp_path / "pack")
    monkeypatch.chdir(tmp_path)
    status = main(["mutate", "pack", "--json", "--workers", "2"])
    said = json.loads(capsys.readouterr().out)
    survivors = [mutant["id"] for mutant in said["mutants"] if mutant["fate"] == "survived"]
    assert survivors == []
    assert status == 0
    assert said["score"]["killed"] > 100
    assert said["left_out"] == []
