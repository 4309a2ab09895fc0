from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, DocumentError, FluxError, ProfileError, StoreError
from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.cas.trees import StoredTree, read_tree
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.packs.files import FolderFiles, LoneProfile, PackFiles, TreeFiles
from pytest_fluxscenario.packs.load import load_pack
from tests.fakes.imports import import_tree

WritePack = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path, write_pack: WritePack) -> StoredTree:
    imported = import_tree(str(tmp_path / "store"), str(write_pack(tmp_path / "pack")))
    store = open_store(str(tmp_path / "store"), "store")
    assert store is not None
    return read_tree(store.blobs, imported.hash)


@pytest.fixture(params=["folder", "tree"])
def files(request: pytest.FixtureRequest, tmp_path: Path, tree: StoredTree) -> PackFiles:
    if request.param == "folder":
        return FolderFiles(str(tmp_path / "pack"), "pack")
    return TreeFiles(tree, "pack")


def test_a_file_is_read_and_shown_below_its_pack(files: PackFiles, pack_files: dict[str, str]) -> None:
    source = files.read("profile.yaml")
    assert source.name == "pack/profile.yaml"
    assert source.data.decode() == pack_files["profile.yaml"]
    assert files.digest("profile.yaml") == source.digest
    assert files.exists("profile.yaml")
    assert files.fault("profile.yaml") is None


def test_files_are_listed(files: PackFiles, pack_files: dict[str, str]) -> None:
    assert files.list() == tuple(sorted(pack_files))
    assert files.list("logic") == ("logic/main.py",)
    assert files.list("nothing") == ()
    assert files.list("log") == ()


@pytest.mark.parametrize(
    "path", ["nothing.yaml", "logic", "../pack/profile.yaml", "/etc/passwd", "logic/../profile.yaml", ""]
)
def test_what_is_not_there_or_leaves_the_pack(files: PackFiles, path: str) -> None:
    assert files.fault(path)
    assert not files.exists(path)
    with pytest.raises(FluxError):
        files.read(path)
    with pytest.raises(FluxError):
        files.digest(path)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_out_of_the_folder(tmp_path: Path, write_pack: WritePack, kind: str) -> None:
    write_pack(tmp_path / "pack")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.yaml").write_text("a: 1\n")
    files = FolderFiles(str(tmp_path / "pack"), "pack")
    if kind == "file":
        (tmp_path / "pack" / "x.yaml").symlink_to(tmp_path / "outside" / "x.yaml")
        path = "x.yaml"
    else:
        (tmp_path / "pack" / "below").symlink_to(tmp_path / "outside")
        path = "below/x.yaml"
    assert files.fault(path) == "it is a link that leaves the pack"
    with pytest.raises(DocumentError, match="out of the root"):
        files.read(path)


def test_what_is_not_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    files = FolderFiles(str(tmp_path), "pack")
    assert files.fault("pipe.yaml") == "it is not a file"
    with pytest.raises(DocumentError, match="named pipe"):
        files.read("pipe.yaml")


def test_limits_hold_for_documents_and_not_for_code(tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_text("a: " + "x" * 200)
    files = FolderFiles(str(tmp_path), "pack", Limits(file_bytes=100))
    with pytest.raises(DocumentError, match="file_bytes is 100"):
        files.read("big.yaml")
    assert len(files.digest("big.yaml")) == 64


def test_names_that_differ_in_case_are_no_list(tmp_path: Path, write_pack: WritePack) -> None:
    write_pack(tmp_path, {"logic/A.py": "", "logic/a.py": ""})
    with pytest.raises(ProfileError, match="only in case"):
        FolderFiles(str(tmp_path), "pack").list("logic")


def test_a_pack_is_the_same_from_a_folder_and_from_the_store(tmp_path: Path, tree: StoredTree) -> None:
    folder = load_pack(FolderFiles(str(tmp_path / "pack"), "pack"))
    stored = load_pack(TreeFiles(tree, "store/change_review/v1.2.0"), "store", "change_review:v1.2.0", tree.hash)
    assert stored.profile == folder.profile
    assert stored.behaviour_hash == folder.behaviour_hash
    assert stored.schemas == folder.schemas
    assert (stored.origin, stored.store_ref, stored.tree_hash) == ("store", "change_review:v1.2.0", tree.hash)


def test_a_lone_profile_is_all_the_files_that_there_are(pack_files: dict[str, str]) -> None:
    data = pack_files["profile.yaml"].encode()
    files = LoneProfile(Source("x/profile.yaml", data, sha256(data)), "x")
    assert files.list() == ("profile.yaml",)
    assert files.list("logic") == ()
    assert files.exists("profile.yaml")
    assert files.digest("profile.yaml") == sha256(data)
    with pytest.raises(StoreError, match=r"x/hooks\.yaml: a profile without a pack has no files beside it"):
        files.read("hooks.yaml")


def test_damage_in_the_store_is_damage_wherever_it_is_found(tmp_path: Path, tree: StoredTree) -> None:
    for path in ("process.manifest.yaml", "profile.yaml", "hooks.yaml", "schemas/artifacts/diff_record.json"):
        blob = next((tmp_path / "store").rglob(tree.entries[path].hash))
        held = blob.read_bytes()
        blob.write_bytes(held + b" ")
        with pytest.raises(DamageError):
            load_pack(TreeFiles(tree, "store/x"))
        blob.write_bytes(held)
