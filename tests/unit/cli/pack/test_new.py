"""``fluxrig pack new``."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml

from pytest_fluxscenario.cas.trees import build_tree
from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.cli.pack.new import new_pack
from pytest_fluxscenario.model.vocabulary import CLASSES
from pytest_fluxscenario.packs.files import TreeFiles
from pytest_fluxscenario.packs.load import load_pack
from tests.unit.cli.conftest import Rig


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*args: str) -> int:
    return main(["pack", "new", *args])


def test_it_is_valid_and_has_no_warning() -> None:
    pack = load_pack(TreeFiles(new_pack("release_gate"), "release_gate"))
    assert (pack.profile.id, pack.manifest.process.id, pack.warnings) == ("release_gate", "release_gate", ())
    assert pack.manifest.process.display_name == "Release gate"
    assert pack.hooks is not None


def test_it_has_a_scenario_of_each_class() -> None:
    files = new_pack("release_gate").files
    classes = {
        name
        for path, data in files.items()
        if path.startswith("scenarios/")
        for document in yaml.safe_load_all(data)
        for name in document["classes"]
    }
    assert classes == set(CLASSES)
    assert {path for path in files if path.startswith("scenarios/")} == {
        f"scenarios/{name}.scenario.yaml" for name in CLASSES
    }


def test_nothing_of_the_template_shows() -> None:
    for path, data in new_pack("release_gate").files.items():
        assert not re.search("new.pack", data.decode(), re.IGNORECASE), path


def test_every_yaml_file_says_what_it_is_for() -> None:
    for path, data in new_pack("release_gate").files.items():
        assert not path.endswith(".yaml") or data.startswith(b"# "), path


def test_what_is_written_and_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new("release_gate", "--in", "packs/more") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "wrote 17 files in packs/more/release_gate"
    assert "  fluxrig pack check packs/more/release_gate" in said
    folder = here / "packs" / "more" / "release_gate"
    assert build_tree(str(folder), "x") == new_pack("release_gate")
    assert main(["pack", "check", "packs/more/release_gate"]) == 0
    assert [path.name for path in folder.parent.iterdir()] == ["release_gate"]


def test_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "release_gate").mkdir()
    assert new("release_gate", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    tree = new_pack("release_gate")
    assert said == {
        "id": "release_gate",
        "folder": "release_gate",
        "hash": f"sha256:{tree.hash}",
        "files": sorted(tree.files),
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Release-Gate", "'Release-Gate' is no id: 1 to 64 of a-z, 0-9 and '_', with a letter first (did you mean 're"),
        ("9lives", "'9lives' is no id: 1 to 64 of a-z, 0-9 and '_', with a letter first (such as release_gate)"),
        ("../up", "is no id"),
        ("", "'' is no id"),
        ("a\nb", "'a\\x0ab' is no id"),
        ("x" * 65, "is no id"),
        ("con", "'con' cannot be an id: the name is a device on Windows"),
        ("latest", "cannot be an id: 'latest' is the word for the highest tag"),
        ("null", "'null' cannot be an id: YAML takes it for no text"),
    ],
)
def test_what_is_no_id(here: Path, capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    assert new(name) == 2
    err = capsys.readouterr().err
    assert err.startswith("fluxrig pack new: ")
    assert said in err
    assert err.count("\n") == 1
    assert list(here.iterdir()) == []


def test_nothing_is_overwritten(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "one").mkdir()
    (here / "one" / "notes.txt").write_text("mine", encoding="utf-8")
    (here / "two").write_text("mine", encoding="utf-8")
    (here / "three").symlink_to("nowhere")
    for name, said in (("one", "one: is there already, and not empty"), ("two", "is there"), ("three", "is there")):
        assert new(name) == 2
        assert said in capsys.readouterr().err
    assert [path.name for path in (here / "one").iterdir()] == ["notes.txt"]
    assert (here / "two").read_text(encoding="utf-8") == "mine"


def test_no_pack_in_a_pack(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new("outer") == 0
    assert new("inner", "--in", "outer/scenarios") == 2
    err = capsys.readouterr().err
    assert err.startswith("outer/scenarios/inner: would be a part of the pack in outer (choose a folder outside of it")
    assert not (here / "outer" / "scenarios" / "inner").exists()


def test_a_folder_that_cannot_be_written(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mkdir = os.mkdir

    def read_only(path: str, mode: int = 0o777) -> None:
        if ".tmp" in path:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        mkdir(path, mode)

    monkeypatch.setattr(os, "mkdir", read_only)
    assert new("release_gate") == 2
    assert capsys.readouterr().err == "release_gate: cannot be written: Read-only file system\n"
    assert list(here.iterdir()) == []


def test_the_way_from_new_to_the_store(rig: Rig) -> None:
    """Checked, run with its hook by pytest and by the command, built, filed, and run from the archive and the store."""
    rig("pack", "new", "release_gate")
    checked = rig("pack", "check", "release_gate")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "valid\n", "")
    for arguments in (("-n0",), ("-n2",)):
        assert "22 passed" in rig.pytest("-q", *arguments, "release_gate").stdout
    assert "22 passed" in rig("scenario", "run", "release_gate").stdout
    rig("pack", "build", "release_gate")
    shutil.rmtree(rig.root / "release_gate")
    assert rig("profile", "import", "release_gate-0.1.0.fstpack").stdout.startswith("release_gate:v0.1.0 sha256:")
    roots = set()
    for named in ("release_gate-0.1.0.fstpack", "release_gate:v0.1.0"):
        assert "22 passed" in rig("scenario", "run", named).stdout
        roots.add(rig.evidence()[0]["root"])
    assert "22 passed" in rig.pytest("-q", "release_gate-0.1.0.fstpack").stdout
    assert rig.evidence()[0]["root"] in roots


def test_no_rule_of_it_is_lost_unnoticed_and_its_packet_is_ready(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new("release_gate") == 0
    assert main(["mutate", "release_gate"]) == 0
    assert "47 of 47 mutants noticed, 100.0%" in capsys.readouterr().out
    assert main(["review", "release_gate", "-o", str(here / "packet.md")]) == 0
    assert "Ready for a decision." in (here / "packet.md").read_text("utf-8")
