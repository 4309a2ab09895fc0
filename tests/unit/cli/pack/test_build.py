"""``fluxrig pack build``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import MANIFEST, write_pack
from tests.unit.cli.conftest import Rig

_NAME = "small-1.0.0.fstpack"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_pack(tmp_path / "packs" / "small")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build(*args: str) -> int:
    return main(["pack", "build", *args])


def test_the_archive_is_filed_like_the_folder(rig: Rig) -> None:
    built = rig("pack", "build", "packs/small")
    imported = rig("profile", "import", "packs/small").stdout
    assert (built.returncode, built.stdout) == (0, imported.rstrip("\n") + f" in {_NAME}\n")
    assert rig("profile", "import", _NAME).stdout == imported


def test_json_says_what_was_built(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build("packs/small/process.manifest.yaml", "-o", "new/folder/s.fstpack", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    data = (here / "new" / "folder" / "s.fstpack").read_bytes()
    assert (said["archive"], said["bytes"], said["digest"]) == ("new/folder/s.fstpack", len(data), sha256_ref(data))
    assert (said["name"], said["tag"], said["files"]) == ("small", "v1.0.0", 4)


def test_the_manifest_may_name_the_archive(here: Path) -> None:
    manifest = MANIFEST.format(version="1.0.0") + "package: {output_archive: dist/given.fstpack}\n"
    (here / "packs" / "small" / "process.manifest.yaml").write_text(manifest, encoding="utf-8")
    assert build("packs/small") == 0
    assert build("packs/small", "-o", "asked.fstpack") == 0
    assert (here / "dist" / "given.fstpack").read_bytes() == (here / "asked.fstpack").read_bytes()


def test_an_archive_of_an_archive_is_the_same(here: Path) -> None:
    assert build("packs/small") == 0
    assert build(_NAME, "-o", "again.fstpack") == 0
    assert (here / "again.fstpack").read_bytes() == (here / _NAME).read_bytes()


def test_another_file_is_replaced_only_by_force(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build("packs/small") == 0
    first = (here / _NAME).read_bytes()
    before = os.stat(_NAME)
    assert build("packs/small") == 0, "the same archive is no other file"
    assert os.path.samestat(before, os.stat(_NAME))
    write_pack(here / "packs" / "small", reason="Another.")
    capsys.readouterr()
    assert build("packs/small") == 2
    assert capsys.readouterr().err == f"{_NAME}: exists (replace it with --force)\n"
    assert (here / _NAME).read_bytes() == first
    assert build("packs/small", "--force") == 0
    assert (here / _NAME).read_bytes() != first
    assert [path.name for path in here.iterdir() if path.name.endswith(".tmp")] == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["packs/smal"], "packs/smal: there is no such folder or archive (did you mean 'small'?)"),
        (["packs"], "packs/process.manifest.yaml: the pack has no manifest: there is no such file"),
        (["packs/small/profile.yaml"], "packs/small/profile.yaml: is no pack (give a pack's folder, or its manifest)"),
        (["packs/small", "-o", "s.zip"], "s.zip: does not end in .fstpack (write -o s.fstpack)"),
        (
            ["packs/small", "-o", "packs/small/dist/s.fstpack"],
            "packs/small/dist/s.fstpack: lies in the pack, and would become a part of it (write -o packs/s.fstpack)",
        ),
        (["packs/small", "-o", "f.fstpack"], "f.fstpack: is a folder, and this is one file (name a file)"),
    ],
)
def test_what_cannot_be(here: Path, capsys: pytest.CaptureFixture[str], args: list[str], said: str) -> None:
    (here / "f.fstpack").mkdir()
    assert build(*args) == 2
    assert capsys.readouterr().err.startswith(said)
    assert list(here.rglob("s.*")) == []


def test_what_no_import_takes_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "packs" / "small" / "link").symlink_to("profile.yaml")
    assert build("packs/small") == 2
    assert "packs/small/link: is a link" in capsys.readouterr().err
    (here / "packs" / "small" / "link").unlink()
    (here / "packs" / "small" / "profile.yaml").unlink()
    assert build("packs/small") == 2
    assert "profile_path 'profile.yaml' cannot be used: there is no such file" in capsys.readouterr().err
    assert not (here / _NAME).exists()


def test_a_folder_that_takes_no_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "file").touch()
    assert build("packs/small", "-o", "file/s.fstpack") == 2
    assert "file: cannot be written: a file is in the way" in capsys.readouterr().err


def test_from_inside_the_pack(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(here / "packs" / "small")
    assert build(".") == 2
    assert capsys.readouterr().err.endswith(f"(write -o ../{_NAME})\n")
    assert build(".", "-o", f"../{_NAME}") == 0
    assert (here / "packs" / _NAME).exists()
