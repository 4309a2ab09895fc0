"""A pack by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import DocumentError, FluxError, StoreError, UsageError
from pytest_fluxscenario.cas.packing import pack_tree
from pytest_fluxscenario.cas.trees import build_tree
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.opening import is_archive, open_pack
from tests.fakes.packs import write_pack


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_pack(tmp_path / "small")
    (tmp_path / "small.fstpack").write_bytes(pack_tree(build_tree(str(folder), "small")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("small", "small/profile.yaml"),
        ("small/process.manifest.yaml", "small/profile.yaml"),
        ("small.fstpack", "small.fstpack/profile.yaml"),
    ],
)
def test_each_way_gives_the_same_pack(here: Path, path: str, place: str) -> None:
    files = open_pack(path, path)
    pack = load_pack(files)
    assert pack.behaviour_hash == load_pack(open_pack("small", "small")).behaviour_hash
    assert files.read("profile.yaml").name == place
    assert files.list() == open_pack("small", "small").list()
    assert [files.digest(name) for name in files.list("logic")] == [open_pack("small", "").digest("logic/main.py")]


def test_from_inside_the_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here / "small")
    for path in (".", "process.manifest.yaml"):
        files = open_pack(path, "" if path == "." else path)
        assert files.read("profile.yaml").name == "profile.yaml"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("smal.fstpack", "there is no such folder or archive (did you mean 'small.fstpack'"),
        ("no/thing", "there is no such folder or archive"),
        ("no/process.manifest.yaml", "there is no such folder or archive"),
        ("small/profile.yaml", "is no pack (give a pack's folder, its manifest, or its archive (*.fstpack))"),
    ],
)
def test_what_is_no_pack(here: Path, path: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_pack(path, path)
    assert str(caught.value).startswith(f"{path}: {said}")


def test_an_archive_that_cannot_be_used(here: Path) -> None:
    (here / "bad.fstpack").write_bytes((here / "small.fstpack").read_bytes()[:-30])
    with pytest.raises(StoreError, match=r"bad\.fstpack: the archive cannot be read"):
        open_pack("bad.fstpack", "bad.fstpack")
    with pytest.raises(DocumentError, match="there is no such file in the pack") as caught:
        open_pack("small.fstpack", "small.fstpack").read("no.yaml")
    assert isinstance(caught.value, FluxError)


def test_a_document_of_an_archive_may_be_no_larger_than_another(here: Path) -> None:
    (here / "small" / "profile.yaml").write_bytes(b"#" * (1 << 20) + b"\nprofile: {}\n")
    (here / "small.fstpack").write_bytes(pack_tree(build_tree("small", "small")))
    with pytest.raises(FluxError, match=r"small\.fstpack/profile\.yaml.*file_bytes"):
        load_pack(open_pack("small.fstpack", "small.fstpack"))


def test_archives_are_known_by_their_names() -> None:
    assert is_archive("a/B.FSTPACK")
    assert not is_archive("a.fstpack/x")
