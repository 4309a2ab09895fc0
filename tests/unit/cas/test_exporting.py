from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import DamageError, StoreError
from pytest_fluxscenario.base.fs import WriteError, write_error
from pytest_fluxscenario.cas import exporting
from pytest_fluxscenario.cas.exporting import export_file, export_tree
from pytest_fluxscenario.cas.importing import file_all
from pytest_fluxscenario.cas.store import blobs_of, open_store
from pytest_fluxscenario.cas.suites import read_suite
from pytest_fluxscenario.cas.trees import StoredTree, TreeEntry, build_tree, read_tree
from pytest_fluxscenario.cas.writing import write_blob
from tests.fakes.imports import import_file, import_tree


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def pack(folder: Path, version: str = "1.0.0") -> Path:
    (folder / "logic" / "deep").mkdir(parents=True, exist_ok=True)
    (folder / "process.manifest.yaml").write_text(f"process: {{id: review, version: '{version}'}}\n", encoding="utf-8")
    (folder / "logic" / "deep" / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "logic" / "deep" / "run.sh").chmod(0o755)
    (folder / "ünïcode.md").write_bytes(b"\xff\r\n\0")
    return folder


def filed(tmp_path: Path, version: str = "1.0.0") -> StoredTree:
    imported = import_tree(str(tmp_path / "store"), str(pack(tmp_path / "pack", version)))
    store = open_store(str(tmp_path / "store"))
    assert store is not None
    return read_tree(store.blobs, imported.hash)


def seen(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o177, 0o777])
def test_out_and_in_again_gives_the_same_hash(tmp_path: Path, mask: int) -> None:
    tree = filed(tmp_path)
    (tmp_path / "else").mkdir()
    with umask(mask):
        export_tree(tree, str(tmp_path / "else" / "where"))
    exported = tmp_path / "else" / "where"
    for path in (exported, *exported.rglob("*")):
        # The superuser may read everything: what others could read shows in the modes.
        owner = path.stat().st_mode & 0o700
        assert owner & (0o700 if path.is_dir() else 0o400) == (0o700 if path.is_dir() else 0o400)
        os.utime(path, (1, 1))
    assert seen(exported) == seen(tmp_path / "pack")
    with umask(0o027):
        again = import_tree(str(tmp_path / "other-store"), str(exported))
    assert again.hash == tree.hash
    assert [path.name for path in (tmp_path / "else").iterdir()] == ["where"]


def test_modes_are_those_of_the_pack_as_far_as_the_umask_lets_them(tmp_path: Path) -> None:
    tree = filed(tmp_path)
    with umask(0o027):
        export_tree(tree, str(tmp_path / "out"))
    modes = {name: (tmp_path / "out" / name).stat().st_mode & 0o777 for name in tree}
    assert modes == {"logic/deep/run.sh": 0o750, "process.manifest.yaml": 0o640, "ünïcode.md": 0o640}


def test_a_document_round_trips(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfid: card\r\nversion: '1.0.0'   # kept\r\n"
    (tmp_path / "a.yaml").write_bytes(data)
    first = import_file(str(tmp_path / "store"), "specs", str(tmp_path / "a.yaml"))
    export_file(data, str(tmp_path / "deep" / "b.yaml"))
    assert import_file(str(tmp_path / "store"), "specs", str(tmp_path / "deep" / "b.yaml")).hash == first.hash


def test_a_file_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"mine")
    with pytest.raises(StoreError, match=r"exists \(replace it with --force\)"):
        export_file(b"new", str(path))
    assert path.read_bytes() == b"mine"
    export_file(b"new", str(path), force=True)
    assert path.read_bytes() == b"new"
    with pytest.raises(StoreError, match="is a folder"):
        export_file(b"new", str(tmp_path), force=True)


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("victim")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(StoreError, match="exists"):
            export_file(b"new", str(tmp_path / name))
    export_file(b"new", str(tmp_path / "link"), force=True)
    assert (tmp_path / "victim").read_bytes() == b"mine"
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-folder").symlink_to("folder")
    with pytest.raises(StoreError, match="is not a folder"):
        export_tree(filed(tmp_path), str(tmp_path / "to-folder"), force=True)


def test_a_folder_is_not_overwritten_unless_asked_and_a_pack(tmp_path: Path) -> None:
    tree = filed(tmp_path)
    (tmp_path / "empty").mkdir()
    export_tree(tree, str(tmp_path / "empty"))
    old = pack(tmp_path / "old", "0.9.0")
    (old / "gone.md").write_bytes(b"")
    before = seen(old)
    with pytest.raises(StoreError, match="--force"):
        export_tree(tree, str(old))
    assert seen(old) == before
    export_tree(tree, str(old), force=True)
    assert seen(old) == seen(tmp_path / "pack")
    home = tmp_path / "home"
    home.mkdir()
    (home / "diary.txt").write_bytes(b"dear")
    with pytest.raises(StoreError, match="is not empty and no pack"):
        export_tree(tree, str(home), force=True)
    with pytest.raises(StoreError, match="is not a folder"):
        export_tree(tree, str(home / "diary.txt"), force=True)
    assert seen(home) == {"diary.txt": b"dear"}


def test_what_is_no_part_of_a_pack_is_not_swept_away(tmp_path: Path) -> None:
    tree = filed(tmp_path)
    old = pack(tmp_path / "old")
    (old / "__pycache__").mkdir()
    (old / "__pycache__" / "x.pyc").write_bytes(b"")
    (old / ".DS_Store").write_bytes(b"")
    export_tree(tree, str(old), force=True)
    (old / ".git").mkdir()
    (old / ".git" / "HEAD").write_bytes(b"ref")
    before = seen(old)
    with pytest.raises(StoreError, match=r"\.git/HEAD: is no part of the pack, and would be lost"):
        export_tree(tree, str(old), force=True)
    assert seen(old) == before


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    """A tree that a stranger wrote is refused when it is read, before any path is made of it."""
    tree = filed(tmp_path)
    document = b'{"files":{"../x":{"hash":"' + b"0" * 64 + b'","mode":"644"}},"schema":"flux.tree.v1"}'
    store = open_store(str(tmp_path / "store"))
    assert store is not None
    with pytest.raises(StoreError, match="leaves the pack"):
        read_tree(store.blobs, write_blob(store.blobs, document))
    clash = {"a": next(iter(tree.entries.values())), "a/b": next(iter(tree.entries.values()))}
    with pytest.raises(WriteError, match="out: cannot be written"):
        export_tree(StoredTree(store.blobs, tree.hash, clash), str(tmp_path / "out"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pack", "store"]


def test_a_damaged_blob_leaves_nothing_behind(tmp_path: Path) -> None:
    tree = filed(tmp_path)
    store = open_store(str(tmp_path / "store"))
    assert store is not None
    Path(store.blobs.path(tree.entries["ünïcode.md"].hash)).write_bytes(b"other")
    old = pack(tmp_path / "old", "0.9.0")
    before = seen(old)
    for target in (old, tmp_path / "new"):
        with pytest.raises(DamageError):
            export_tree(tree, str(target), force=True)
    assert seen(old) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old", "pack", "store"]


@pytest.mark.parametrize("fails", [0, 1, 2])
def test_a_system_that_refuses_leaves_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int) -> None:
    tree = filed(tmp_path, "2.0.0")
    old = pack(tmp_path / "old", "0.9.0")
    before = seen(old)
    calls = {"renames": 0}
    rename = os.rename

    def refuse(source: str, target: str) -> None:
        calls["renames"] += 1
        if calls["renames"] == fails:
            raise OSError(28, "No space left on device")
        rename(source, target)

    def full(_: str, __: bytes) -> None:
        raise write_error("/somewhere/else", OSError(28, "No space left on device"))

    if fails:
        monkeypatch.setattr(os, "rename", refuse)
    else:
        monkeypatch.setattr(exporting, "replace_file", full)
    with pytest.raises(WriteError, match="old: cannot be written: No space left on device"):
        export_tree(tree, str(old), force=True)
    assert seen(old) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old", "pack", "store"]


def test_a_tree_of_the_store_is_that_of_the_folder(tmp_path: Path) -> None:
    tree = filed(tmp_path)
    assert tree.hash == build_tree(str(tmp_path / "pack"), "x").hash
    assert tree.entries["logic/deep/run.sh"] == TreeEntry(tree.entries["logic/deep/run.sh"].hash, "755")


def suite(tmp_path: Path, **files: str) -> StoredTree:
    """A suite of the store, of files named by their stems; ``__`` stands for a slash."""
    folder = tmp_path / "flows"
    for stem, text in files.items():
        path = folder / f"{stem.replace('__', '/')}.scenario.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    built = read_suite(str(folder), [str(path.relative_to(folder)) for path in folder.rglob("*.yaml")])
    [imported] = file_all(str(tmp_path / "store"), [built])
    return read_tree(blobs_of(str(tmp_path / "store")), imported.hash)


def test_the_folder_of_a_suite_is_replaced_when_asked(tmp_path: Path) -> None:
    tree = suite(tmp_path, one="id: one\n", deep__two="id: two\n")
    old = tmp_path / "old"
    export_tree(tree, str(old))
    (old / "gone.scenario.json").write_bytes(b"{}")
    (old / "one.scenario.yaml").write_bytes(b"id: changed\n")
    with pytest.raises(StoreError, match="--force"):
        export_tree(tree, str(old))
    export_tree(tree, str(old), force=True)
    assert seen(old) == seen(tmp_path / "flows")


@pytest.mark.parametrize("other", ["deployment.yaml", "notes.txt", ".git/HEAD"])
def test_what_is_no_part_of_a_suite_is_not_swept_away(tmp_path: Path, other: str) -> None:
    tree = suite(tmp_path, one="id: one\n")
    old = tmp_path / "old"
    export_tree(tree, str(old))
    (old / other).parent.mkdir(exist_ok=True)
    (old / other).write_bytes(b"dear")
    before = seen(old)
    with pytest.raises(StoreError, match="is no part of the suite, and would be lost"):
        export_tree(tree, str(old), force=True)
    assert seen(old) == before


def test_a_suite_and_a_pack_do_not_replace_one_another(tmp_path: Path) -> None:
    flows, whole = suite(tmp_path, one="id: one\n"), filed(tmp_path)
    export_tree(flows, str(tmp_path / "suite"))
    export_tree(whole, str(tmp_path / "whole"))
    with pytest.raises(StoreError, match="is not empty and no pack"):
        export_tree(whole, str(tmp_path / "suite"), force=True)
    with pytest.raises(StoreError, match="is a pack, and this is a suite"):
        export_tree(flows, str(tmp_path / "whole"), force=True)
