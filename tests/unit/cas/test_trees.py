from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, FluxError, StoreError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas import scan, trees
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.index import Index
from pytest_fluxscenario.cas.trees import TreeEntry, build_tree, decode_tree, encode_tree, is_tree, read_tree
from pytest_fluxscenario.cas.writing import write_blob

PLACE = Place("store/blobs/ab/abcd")


def fill(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def told(folder: Path) -> list[str]:
    with pytest.raises(FluxError) as caught:
        build_tree(str(folder), "pack")
    return [str(problem) for problem in caught.value.problems]


def test_a_tree_names_each_file_by_its_hash(tmp_path: Path) -> None:
    tree = build_tree(str(fill(tmp_path, {"b.txt": "b", "a/c.txt": "c"})), "pack")
    assert list(tree.files) == ["a/c.txt", "b.txt"]
    assert tree.document == (
        b'{"files":{"a/c.txt":{"hash":"' + sha256(b"c").encode() + b'","mode":"644"},"b.txt":{"hash":"'
        b"" + sha256(b"b").encode() + b'","mode":"644"}},"schema":"flux.tree.v1"}'
    )
    assert is_tree(tree.document)
    assert decode_tree(tree.document, PLACE) == {
        "a/c.txt": TreeEntry(sha256(b"c")),
        "b.txt": TreeEntry(sha256(b"b")),
    }


def test_the_same_folder_gives_the_same_hash_whatever_its_modes_and_times(tmp_path: Path) -> None:
    one = fill(tmp_path / "one", {"z": "1", "a": "2"})
    other = fill(tmp_path / "other", {"a": "2", "z": "1"})
    (other / "a").chmod(0o600)
    os.utime(other / "z", (0, 0))
    assert build_tree(str(one), "x").hash == build_tree(str(other), "y").hash
    (other / "a").chmod(0o700)
    assert build_tree(str(one), "x").hash != build_tree(str(other), "y").hash


def test_what_is_not_part_of_a_pack_is_left_out(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {
            "a.txt": "",
            ".gitkeep": "",
            ".git/HEAD": "",
            ".fluxscenario/evidence/manifest.json": "",
            "logic/__pycache__/main.cpython-311.pyc": "",
            "logic/main.pyc": "",
            ".DS_Store": "",
            "venv/pyvenv.cfg": "",
            "venv/lib/x.py": "",
            "store/blobs/ab/abcd": "",
            "store/index.json": Index().to_bytes().decode(),
        },
    )
    assert list(build_tree(str(tmp_path), "pack").files) == [".gitkeep", "a.txt"]


def test_everything_that_cannot_be_in_a_pack_is_told(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "", "A.txt": "", "x/NUL": "", "y\\z": ""})
    (tmp_path / "link").symlink_to("a.txt")
    (tmp_path / "folder").symlink_to("x")
    os.mkfifo(tmp_path / "pipe")
    lines = sorted(told(tmp_path))
    assert [line.split(": ")[0] for line in lines] == [
        "pack/a.txt",
        "pack/folder",
        "pack/link",
        "pack/pipe",
        "pack/x/NUL",
        "pack/y\\z",
    ]
    assert "only in case" in lines[0]
    assert "is a link" in lines[1]
    assert "not a regular file" in lines[3]


def test_names_that_are_one_in_nfc_are_one(tmp_path: Path) -> None:
    fill(tmp_path, {"a\u0308": "", "\u00e4": ""})
    (line,) = told(tmp_path)
    assert "is there twice" in line
    (tmp_path / "\u00e4").unlink()
    assert list(build_tree(str(tmp_path), "pack").files) == ["\u00e4"]


def test_names_that_are_not_text(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"a\xff"), "w"):
        pass
    (line,) = told(tmp_path)
    assert line.startswith("pack/a\\udcff: ")


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, {str(number): "x" * 10 for number in range(8)})
    monkeypatch.setattr(scan, "MOST_ENTRIES", 7)
    assert told(tmp_path) == ["pack: holds more than 7 files or folders (split the pack)"]
    monkeypatch.setattr(scan, "MOST_ENTRIES", 8)
    monkeypatch.setattr(trees, "MOST_BYTES", 79)
    assert "holds more than" in told(tmp_path)[0]
    monkeypatch.setattr(trees, "MOST_BYTES", 80)
    assert len(build_tree(str(tmp_path), "pack").files) == 8


def test_folders_are_counted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        (tmp_path / str(number)).mkdir()
    monkeypatch.setattr(scan, "MOST_ENTRIES", 4)
    assert told(tmp_path) == ["pack: holds more than 4 files or folders (split the pack)"]


def test_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    assert told(tmp_path / "nothing") == ["pack: cannot be read: No such file or directory"]


def test_a_stored_tree_reads_and_verifies_each_file(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path / "blobs"), "store/blobs")
    files = {"a": b"1", "b/c": b"2"}
    entries = {path: TreeEntry(write_blob(blobs, data), "755") for path, data in files.items()}
    tree = read_tree(blobs, write_blob(blobs, encode_tree(entries)))
    assert dict(tree) == files
    assert tree.entries["a"].mode == "755"
    assert len(tree) == 2
    assert "nothing" not in tree
    Path(blobs.path(entries["a"].hash)).write_bytes(b"3")
    assert tree["b/c"] == b"2"
    with pytest.raises(DamageError):
        tree["a"]


HASH = sha256(b"")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"hello", "not JSON"),
        (b"{}", "does not say flux.tree.v1"),
        (b'{"files":{},"schema":"flux.tree.v2"}', "does not say flux.tree.v1"),
        (b'{"files":[],"schema":"flux.tree.v1"}', "does not say flux.tree.v1"),
        (b'{"files":{"a":{"hash":"x","mode":"644"}},"schema":"flux.tree.v1"}', "no usable hash or mode"),
        (b'{"files":{"a":7},"schema":"flux.tree.v1"}', "no usable hash or mode"),
        (encode_tree({"../a": TreeEntry(HASH)}), "leaves the pack"),
        (encode_tree({"/a": TreeEntry(HASH)}), "absolute"),
        (encode_tree({"a": TreeEntry(HASH), "A": TreeEntry(HASH)}), "differ only in case"),
        (encode_tree({"a": TreeEntry(HASH, "777")}), "no usable hash or mode"),  # type: ignore[arg-type]  # no mode
        (encode_tree({"a": TreeEntry(HASH)}).replace(b'"644"', b'"644","size":1'), "not in canonical form"),
        (encode_tree({"a": TreeEntry(HASH)}) + b"\n", "not in canonical form"),
        (encode_tree({"a": TreeEntry(HASH)}).replace(b'"a":', b'"\\u0061":'), "not in canonical form"),
        (encode_tree({str(number): TreeEntry(HASH) for number in range(4_097)}), "more than 4096 files"),
    ],
)
def test_what_is_no_tree(document: bytes, why: str) -> None:
    with pytest.raises(StoreError) as caught:
        decode_tree(document, PLACE)
    assert why in str(caught.value)
    assert str(caught.value).startswith("store/blobs/ab/abcd: the blob is no tree of files: ")


def test_a_tree_of_the_most_files_is_read() -> None:
    entries = {f"{'folder/' * 8}{number}": TreeEntry(HASH) for number in range(4_096)}
    assert len(decode_tree(encode_tree(entries), PLACE)) == 4_096
