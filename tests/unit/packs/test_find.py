from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_fluxscenario.packs.find import Tree
from tests.fakes.imports import import_tree

WritePack = Callable[..., Path]


def test_the_nearest_pack_above_a_folder(tmp_path: Path, write_pack: WritePack, pack_files: dict[str, str]) -> None:
    write_pack(tmp_path / "packs" / "one")
    inner = pack_files["process.manifest.yaml"].replace("change_review", "inner")
    write_pack(tmp_path / "packs" / "one" / "scenarios" / "inner", {"process.manifest.yaml": inner})
    tree = Tree(str(tmp_path))
    deep = tmp_path / "packs" / "one" / "scenarios" / "deep"
    deep.mkdir()
    found = tree.nearest(str(deep))
    assert found is not None
    assert (found.id, found.version, found.where) == ("change_review", "1.2.0", "packs/one")
    assert str(found) == "change_review 1.2.0 (packs/one)"
    within = tree.nearest(str(tmp_path / "packs" / "one" / "scenarios" / "inner" / "logic"))
    assert within is not None
    assert within.id == "inner"
    assert tree.nearest(str(tmp_path / "packs")) is None
    assert tree.nearest(str(tmp_path)) is None


def test_nothing_above_the_root_is_looked_at(tmp_path: Path, write_pack: WritePack) -> None:
    write_pack(tmp_path)
    (tmp_path / "root" / "below").mkdir(parents=True)
    tree = Tree(str(tmp_path / "root"))
    assert tree.nearest(str(tmp_path / "root" / "below")) is None
    assert tree.nearest(str(tmp_path)) is None
    whole = Tree(str(tmp_path)).nearest(str(tmp_path / "root" / "below"))
    assert whole is not None
    assert whole.where == ""


def test_a_folder_is_looked_at_once(tmp_path: Path, write_pack: WritePack, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pack(tmp_path / "pack")
    tree = Tree(str(tmp_path))
    first = tree.nearest(str(tmp_path / "pack" / "logic"))
    monkeypatch.setattr(os.path, "lexists", lambda path: pytest.fail(f"looked at {path} again"))
    assert tree.nearest(str(tmp_path / "pack" / "logic")) is first
    assert tree.nearest(str(tmp_path / "pack")) is first


def test_all_packs_but_those_in_places_that_are_not_the_project(tmp_path: Path, write_pack: WritePack) -> None:
    for folder in (
        "b/pack",
        "a",
        ".hidden/pack",
        "node_modules/pack",
        "venv/pack",
        "__pycache__/pack",
        "build/pack",
        "a/nested",
    ):
        write_pack(tmp_path / folder)
    (tmp_path / "venv" / "pyvenv.cfg").write_text("")
    import_tree(str(tmp_path / "filed"), str(tmp_path / "a"))
    write_pack(tmp_path / "filed" / "pack")
    (tmp_path / "link").symlink_to("a")
    assert [pack.where for pack in Tree(str(tmp_path)).packs()] == ["a", "a/nested", "b/pack"]


def test_there_is_one_walk(tmp_path: Path, write_pack: WritePack) -> None:
    tree = Tree(str(tmp_path))
    assert tree.packs() == ()
    write_pack(tmp_path / "later")
    assert tree.packs() == ()


@pytest.mark.parametrize(
    ("manifest", "fragment"),
    [
        ("process: [", "process.manifest.yaml"),
        ("process: {id: x}\n", "yaml:1:10: the manifest needs process with an id and a version"),
        ("process: {id: x, version: 1.0}\n", "yaml:1:27: 'version' must be a string, not a number (write it in"),
        ("process: {id: 7, version: 1.0}\n", "yaml:1:15: 'id' must be a string, not a number (write it in"),
        ("- a\n", "needs process with an id and a version"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_found_with_its_fault(tmp_path: Path, manifest: str, fragment: str) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "process.manifest.yaml").write_text(manifest)
    (found,) = Tree(str(tmp_path)).packs()
    assert found.version is None
    assert fragment in str(found.problems[0])
    assert found.problems[0].place.file == "pack/process.manifest.yaml"


def test_a_manifest_that_is_a_link_out_of_the_root_is_not_read(tmp_path: Path, write_pack: WritePack) -> None:
    write_pack(tmp_path / "outside")
    (tmp_path / "root" / "pack").mkdir(parents=True)
    (tmp_path / "root" / "pack" / "process.manifest.yaml").symlink_to(tmp_path / "outside" / "process.manifest.yaml")
    (found,) = Tree(str(tmp_path / "root")).packs()
    assert found.id is None
    assert "link out of the root" in str(found.problems[0])
