"""What a check of a store finds, and what it calls it; that it finds every flipped bit is in tests/faults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.cas.checking import Checked, check_store
from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.cas.trees import read_tree
from tests.fakes.imports import import_file, import_tree


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one pack of two files, and one spec."""
    pack = tmp_path / "pack"
    (pack / "logic").mkdir(parents=True)
    (pack / "process.manifest.yaml").write_bytes(b"process:\n  id: review\n  version: '1.0.0'\n")
    (pack / "logic" / "main.py").write_bytes(b"print()\n")
    import_tree(str(tmp_path / "store"), str(pack))
    spec(tmp_path, "a: 1\n")
    return tmp_path / "store"


def spec(folder: Path, text: str) -> str:
    (folder / "card.yaml").write_text(text)
    return import_file(str(folder / "store"), "specs", str(folder / "card.yaml")).hash


def check(store: Path) -> Checked:
    checked = check_store(str(store), "store")
    assert checked is not None
    return checked


def codes(store: Path) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in check(store).problems]


def told(store: Path) -> str:
    (problem,) = check(store).problems
    return str(problem)


def blob(store: Path, digest: str) -> Path:
    return store / "blobs" / digest[:2] / digest


def the_spec(store: Path) -> str:
    opened = open_store(str(store))
    assert opened is not None
    return opened.index.names["specs"]["card"]["v0.1.0"]


def the_pack(store: Path) -> str:
    opened = open_store(str(store))
    assert opened is not None
    return opened.index.names["profiles"]["review"]["v1.0.0"]


def test_a_store_that_is_whole(store: Path) -> None:
    sizes = [path.stat().st_size for path in (store / "blobs").glob("*/*")]
    assert check(store) == Checked(2, 4, sum(sizes), ())


def test_no_store_is_none(tmp_path: Path) -> None:
    assert check_store(str(tmp_path / "nothing")) is None
    assert check_store(str(tmp_path)) is None


def test_nothing_is_written(store: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}
    check(store)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before


def test_progress_is_told_blob_by_blob(store: Path) -> None:
    counts: list[int] = []
    check_store(str(store), "store", counts.append)
    assert counts == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("held", "code"),
    [
        (b"", "store.damaged-blob"),
        (b"a: 2\n", "store.damaged-blob"),
        (b"a: 1\r\n", "store.line-endings"),
        (b"version https://git-lfs.github.com/spec/v1\n", "store.lfs-pointer"),
    ],
)
def test_a_damaged_blob_is_told_once_and_called_by_its_name(store: Path, held: bytes, code: str) -> None:
    blob(store, the_spec(store)).write_bytes(held)
    assert codes(store) == [(code, "error")]
    assert check(store).damaged
    assert told(store).startswith(f"store/blobs/{the_spec(store)[:2]}/{the_spec(store)}: ")


@pytest.mark.parametrize(("kind", "code"), [("link", "store.link"), ("folder", "store.not-a-file")])
def test_a_blob_that_is_no_file(store: Path, tmp_path: Path, kind: str, code: str) -> None:
    path = blob(store, the_spec(store))
    path.rename(tmp_path / "elsewhere")
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.mkdir()
    assert codes(store) == [(code, "error")]


def test_a_missing_blob_is_told_at_the_entry_that_names_it(store: Path) -> None:
    blob(store, the_spec(store)).unlink()
    assert told(store).startswith("store/index.json:10:17: specs card:v0.1.0 names a blob that is not there, ")


def test_a_missing_file_of_a_pack_is_told_with_its_path(store: Path) -> None:
    opened = open_store(str(store), "store")
    assert opened is not None
    entry = read_tree(opened.blobs, the_pack(store)).entries["logic/main.py"]
    blob(store, entry.hash).unlink()
    assert told(store).startswith(f"store/blobs/{entry.hash[:2]}/{entry.hash}: the blob is not there, but profiles ")
    assert "review:v1.0.0, logic/main.py names it" in told(store)


@pytest.mark.parametrize("gone", [False, True])
def test_a_damaged_or_missing_tree_makes_no_orphans_of_its_files(store: Path, gone: bool) -> None:
    tree = blob(store, the_pack(store))
    tree.unlink() if gone else tree.write_bytes(b"x")
    assert codes(store) == [("store.missing-blob" if gone else "store.damaged-blob", "error")]


def test_an_index_that_cannot_be_used_hides_no_damaged_blob(store: Path) -> None:
    blob(store, the_spec(store)).write_bytes(b"")
    (store / "index.json").write_bytes(b"{")
    assert [code for code, _ in codes(store)][-1] == "store.damaged-blob"
    (store / "index.json").unlink()
    assert codes(store) == [("store.index-missing", "error"), ("store.damaged-blob", "error")]


def test_an_entry_that_changed_is_told_with_what_it_was(store: Path) -> None:
    index = store / "index.json"
    index.write_text(index.read_text().replace('"card"', '"cars"'))
    assert codes(store) == [("store.index-changed", "error")]
    assert told(store).startswith("store/index.json:10:17: specs cars:v0.1.0 is not as it was imported: ")
    assert f"it was specs card v0.1.0 {the_hash(store)}; restore it" in told(store)


def the_hash(store: Path) -> str:
    opened = open_store(str(store))
    assert opened is not None
    return opened.index.names["specs"]["cars"]["v0.1.0"]


def test_a_changed_line_of_the_check_is_told_with_its_number(store: Path) -> None:
    sums = store / "index.sum"
    sums.write_text(sums.read_text().replace("card", "cars"))
    problems = check(store).problems
    assert str(problems[0]).startswith("store/index.sum:2: the line is not as it was written: specs cars v0.1.0 ")
    assert check(store).damaged


def test_importing_again_confirms_an_entry_whose_line_is_gone(store: Path, tmp_path: Path) -> None:
    sums = store / "index.sum"
    sums.write_text(sums.read_text().splitlines(keepends=True)[0])
    assert codes(store) == [("store.index-changed", "error")]
    spec(tmp_path, "a: 1\n")
    assert codes(store) == []


def test_an_index_without_its_check_is_a_warning_until_the_next_import(store: Path, tmp_path: Path) -> None:
    (store / "index.sum").unlink()
    assert codes(store) == [("store.no-sums", "warning")]
    assert not check(store).damaged
    spec(tmp_path, "a: 2\n")
    assert codes(store) == []


def test_an_index_of_another_tool_needs_no_end_of_its_last_line(store: Path, tmp_path: Path) -> None:
    index = store / "index.json"
    index.write_bytes(index.read_bytes().rstrip(b"\n"))
    assert codes(store) == [("store.index-cut", "error")]
    (store / "index.sum").unlink()
    assert codes(store) == [("store.index-cut", "warning"), ("store.no-sums", "warning")]
    spec(tmp_path, "more")
    import_file(str(store), "specs", str(tmp_path / "card.yaml"), tag="v9.0.0")
    assert codes(store) == []


def test_an_entry_that_the_index_lost_is_a_warning(store: Path, tmp_path: Path) -> None:
    before = (store / "index.json").read_bytes()
    spec(tmp_path, "a: 2\n")
    (store / "index.json").write_bytes(before)
    assert codes(store) == [("store.unfiled", "warning"), ("store.unreferenced", "warning")]
    assert "has a line for specs card v0.2.0" in str(check(store).problems[0])


def test_two_branches_that_git_merged_are_whole(store: Path, tmp_path: Path) -> None:
    """The blobs of both, the entries of both, and the lines of both in the order in which union leaves them."""
    base = {name: (store / name).read_bytes() for name in ("index.json", "index.sum")}
    spec(tmp_path, "a: 2\n")
    ours = (store / "index.sum").read_bytes()
    for name, data in base.items():
        (store / name).write_bytes(data)
    (tmp_path / "other.yaml").write_text("b: 1\n")
    import_file(str(store), "specs", str(tmp_path / "other.yaml"))
    theirs = (store / "index.sum").read_bytes()
    spec(tmp_path, "a: 2\n")
    (store / "index.sum").write_bytes(ours + theirs)
    assert codes(store) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (".index.json.17.0123abcd.tmp", "store.temporary"),
        ("blobs/ab/.x.17.0123abcd.tmp", "store.temporary"),
        ("blobs/ab/notes.txt", "store.stray"),
        ("blobs/ab/" + "a" * 64, "store.stray"),
        ("blobs/notes.txt", "store.stray"),
    ],
)
def test_what_does_not_belong_there_is_a_warning(store: Path, path: str, code: str) -> None:
    (store / path).parent.mkdir(exist_ok=True)
    (store / path).write_bytes(b"")
    assert codes(store) == [(code, "warning")]
    assert told(store).startswith(f"store/{path}: ")


@pytest.mark.parametrize("content", [None, b"", b"*.json -text\n"])
def test_git_must_be_told_to_leave_line_endings_alone(store: Path, content: bytes | None) -> None:
    (store / ".gitattributes").unlink()
    if content is not None:
        (store / ".gitattributes").write_bytes(content)
    assert codes(store) == [("store.no-gitattributes", "warning")]
    (store / ".gitattributes").write_bytes(b"# ours\n*  -text\n")
    assert codes(store) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_an_error(store: Path) -> None:
    (store / "blobs").chmod(0)
    try:
        with pytest.raises(StoreError, match="cannot be read"):
            check(store)
    finally:
        (store / "blobs").chmod(0o700)
