"""Suites: scenario files of a folder as one tree (store.md, "Import")."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import DocumentError, StoreError
from pytest_fluxscenario.cas.importing import file_all
from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.cas.suites import read_suite
from pytest_fluxscenario.cas.trees import read_tree


def folder_of(root: Path, **files: str) -> str:
    for name, text in files.items():
        path = root / "suite" / name.replace("__", "/").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return str(root / "suite")


def test_the_files_are_kept_as_they_are(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a_json='{"id":  "a"}', deep__b_json="[]", README="no scenario")
    os.chmod(Path(folder, "a.json"), 0o700)
    store = str(tmp_path / "store")
    filed = file_all(store, [read_suite(folder, ["deep/b.json", "a.json"])])[0]
    assert (filed.kind, filed.name, filed.tag) == ("scenarios", "suite", "v0.1.0")
    opened = open_store(store)
    assert opened is not None
    tree = read_tree(opened.blobs, filed.hash)
    assert {path: tree[path] for path in tree} == {"a.json": b'{"id":  "a"}', "deep/b.json": b"[]"}
    assert {entry.mode for entry in tree.entries.values()} == {"644"}


def test_the_same_files_are_the_same_suite(tmp_path: Path) -> None:
    one = folder_of(tmp_path / "one", a_json="{}", b_json="[]")
    other = folder_of(tmp_path / "other", b_json="[]", a_json="{}")
    assert read_suite(one, ["a.json", "b.json"]).hash == read_suite(other, ["b.json", "a.json"], "x", "v3.0.0").hash


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a_json="{", b_json='{"x": 1, "x": 2}')
    os.symlink("a.json", Path(folder, "c.json"))
    with pytest.raises(StoreError) as raised:
        read_suite(folder, ["a.json", "b.json", "c.json", "con.json"])
    codes = [problem.code for problem in raised.value.problems]
    assert len(codes) == 4
    assert {"pack.link", "pack.path", "document.duplicate-key"} <= set(codes)


def test_names_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a_json="{}", A_json="{}")
    with pytest.raises(StoreError, match=r"differs from A.json only in case"):
        read_suite(folder, ["a.json", "A.json"])


def test_a_folder_whose_name_is_none_needs_another(tmp_path: Path) -> None:
    (tmp_path / "My Suite").mkdir()
    (tmp_path / "My Suite" / "a.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StoreError, match=r"My Suite: 'My Suite' cannot be the name in the store: .* --name"):
        read_suite(str(tmp_path / "My Suite"), ["a.json"])
    assert read_suite(str(tmp_path / "My Suite"), ["a.json"], "mine").name == "mine"


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="more than 4096 files"):
        read_suite(str(tmp_path), [f"{number}.json" for number in range(4097)])


def test_a_file_over_the_limit_of_documents_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a_json=" " * (1 << 20) + "{}")
    with pytest.raises((StoreError, DocumentError), match="file_bytes"):
        read_suite(folder, ["a.json"])
