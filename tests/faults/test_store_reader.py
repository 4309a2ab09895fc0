"""A store that the world has damaged: every fault is found by whoever reads it, and is called by its name."""

from __future__ import annotations

import errno
import json
import os
import random
from pathlib import Path

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, StoreError
from pytest_fluxscenario.base.names import TagRef
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.index import Index
from pytest_fluxscenario.cas.store import Store, open_store
from pytest_fluxscenario.cas.trees import read_tree
from pytest_fluxscenario.cas.writing import write_blob
from tests.fakes.imports import import_tree

UNIX = b"process:\n  id: review\n  version: '1.0.0'\n"
DOS = UNIX.replace(b"\n", b"\r\n")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    pack = tmp_path / "pack"
    (pack / "logic").mkdir(parents=True)
    (pack / "process.manifest.yaml").write_bytes(UNIX)
    (pack / "logic" / "main.py").write_bytes(b"print()\n" * 20)
    import_tree(str(tmp_path / "store"), str(pack))
    opened = open_store(str(tmp_path / "store"), "store")
    assert opened is not None
    return opened


def blob(folder: Path, data: bytes, held: bytes) -> tuple[Blobs, str]:
    """The blob of ``data``, whose file holds something else."""
    blobs = Blobs(str(folder / "blobs"), "store/blobs")
    digest = write_blob(blobs, data)
    Path(blobs.path(digest)).write_bytes(held)
    return blobs, digest


def fault(blobs: Blobs, digest: str) -> tuple[str, str]:
    with pytest.raises(DamageError) as caught:
        blobs.read(digest)
    assert caught.value.exit_status == 3
    assert caught.value.place.file == f"store/blobs/{digest[:2]}/{digest}"
    (problem,) = caught.value.problems
    return problem.code, str(problem)


def parsed(data: bytes) -> Index | None:
    """The index, or None where it is refused, shortly and by its name."""
    try:
        return Index.parse(data, "store/index.json")
    except DamageError as error:
        told = [str(problem) for problem in error.problems]
    if not all(line.startswith("store/index.json") and len(line) < 2_000 for line in told):
        pytest.fail("\n".join(told))
    return None


def test_every_single_bit_flip_in_a_blob_is_found(tmp_path: Path) -> None:
    blobs, digest = blob(tmp_path, UNIX, UNIX)
    path = Path(blobs.path(digest))
    for position in range(len(UNIX) * 8):
        flipped = bytearray(UNIX)
        flipped[position // 8] ^= 1 << position % 8
        path.write_bytes(flipped)
        with pytest.raises(DamageError):
            blobs.read(digest)
    path.write_bytes(UNIX)
    assert blobs.read(digest) == UNIX


def test_every_truncation_of_a_blob_is_found(tmp_path: Path) -> None:
    blobs, digest = blob(tmp_path, UNIX, UNIX)
    for length in range(len(UNIX)):
        Path(blobs.path(digest)).write_bytes(UNIX[:length])
        code, text = fault(blobs, digest)
        assert code == "store.damaged-blob"
        assert ("empty" in text) is (length == 0)


def test_every_blob_that_a_tree_needs_is_missed(store: Store) -> None:
    digest = store.resolve("profiles", TagRef("review", "latest")).hash
    tree = read_tree(store.blobs, digest)
    for path, entry in tree.entries.items():
        os.unlink(store.blobs.path(entry.hash))
        with pytest.raises(StoreError, match=f"there is no blob {entry.hash}"):
            tree[path]
    os.unlink(store.blobs.path(digest))
    with pytest.raises(StoreError, match=f"there is no blob {digest}"):
        read_tree(store.blobs, digest)


@pytest.mark.parametrize(
    ("data", "held", "words"),
    [(UNIX, DOS, "changed from LF to CRLF"), (DOS, UNIX, "changed from CRLF to LF")],
)
def test_line_endings_that_git_changed_are_named_as_such(tmp_path: Path, data: bytes, held: bytes, words: str) -> None:
    code, text = fault(*blob(tmp_path, data, held))
    assert code == "store.line-endings"
    assert words in text
    assert "* -text" in text


def test_other_damage_to_a_text_is_not_called_line_endings(tmp_path: Path) -> None:
    code, _ = fault(*blob(tmp_path, UNIX, DOS.replace(b"review", b"reviev")))
    assert code == "store.damaged-blob"


def test_a_git_lfs_pointer_is_named_as_such(tmp_path: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(UNIX)}\nsize {len(UNIX)}\n".encode()
    code, text = fault(*blob(tmp_path, UNIX, pointer))
    assert code == "store.lfs-pointer"
    assert "git lfs pull" in text
    blobs, digest = blob(tmp_path, pointer, pointer)
    assert blobs.read(digest) == pointer


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_a_blob_that_is_no_file_is_damage_and_never_hangs(tmp_path: Path, kind: str) -> None:
    blobs, digest = blob(tmp_path, UNIX, UNIX)
    path = Path(blobs.path(digest))
    path.rename(tmp_path / "elsewhere")
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    code, _ = fault(blobs, digest)
    assert code == ("store.link" if kind == "link" else "store.not-a-file")


def test_a_blob_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs, digest = blob(tmp_path, UNIX, UNIX)
    real = os.open

    def refusing(path: str, flags: int, mode: int = 0o777) -> int:
        if os.fspath(path).endswith(digest):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(StoreError, match="the blob cannot be read: Input/output error"):
        blobs.read(digest)


def test_a_blob_below_what_is_no_folder_is_not_there(tmp_path: Path) -> None:
    blobs, digest = blob(tmp_path, UNIX, UNIX)
    shard = Path(blobs.path(digest)).parent
    shard.rename(tmp_path / "elsewhere")
    shard.write_text("")
    with pytest.raises(StoreError, match=f"there is no blob {digest}"):
        blobs.read(digest)


def test_a_bit_flip_in_an_index_gives_a_fault_or_another_index_and_nothing_else(store: Store) -> None:
    data = store.index_bytes
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        index = parsed(bytes(flipped))
        # What is still an index is well formed; whether it is the right one is for the check of the whole store.
        assert index is None or index.to_bytes() != data


def test_a_truncated_index_is_found(store: Store) -> None:
    for length in range(len(store.index_bytes) - 1):
        with pytest.raises(DamageError):
            Index.parse(store.index_bytes[:length], "store/index.json")


def test_indexes_that_strangers_wrote_raise_nothing_foreign() -> None:
    dice = random.Random(7)  # noqa: S311 - the same mutations every time
    whole = json.dumps({"specs": {"a": {"v1.0.0": "a" * 64, "latest": "b" * 64}}, "profiles": {}}).encode()
    pieces = [b"{", b"}", b"[", b'"', b":", b",", b"null", b"latest", b"\\u0000", b"\xff", b"1e999", b"../", b"v9.9.9"]
    for _ in range(3_000):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data))
            data[at : at + dice.randint(0, 5)] = dice.choice(pieces)
        parsed(bytes(data))


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"specs":' * 5_000, b'{"specs": ' + b'{"a":' * 100 + b"1" + b"}" * 101],
    ids=["brackets", "objects", "nested"],
)
def test_an_index_that_is_a_trap_is_only_an_error(content: bytes) -> None:
    with pytest.raises(DamageError):
        Index.parse(content, "store/index.json")
