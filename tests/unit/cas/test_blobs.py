from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, StoreError
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.writing import write_blob


def blobs(folder: Path, most: int = 1_000) -> Blobs:
    return Blobs(str(folder / "blobs"), "store/blobs", most)


def test_a_blob_is_its_bytes_under_its_hash(tmp_path: Path) -> None:
    digest = write_blob(blobs(tmp_path), b"hello\n")
    assert digest == sha256(b"hello\n")
    assert (tmp_path / "blobs" / digest[:2] / digest).read_bytes() == b"hello\n"
    assert blobs(tmp_path).read(digest) == b"hello\n"


def test_modes_are_those_that_the_umask_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        digest = write_blob(blobs(tmp_path), b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "blobs" / digest[:2] / digest).stat().st_mode & 0o777 == 0o640


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    digest = write_blob(blobs(tmp_path), b"x")
    path = tmp_path / "blobs" / digest[:2] / digest
    before = path.stat()
    write_blob(blobs(tmp_path), b"x")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("damaged", [b"", b"hell", b"hellp\n", b"hello\nmore"])
def test_writing_again_repairs(tmp_path: Path, damaged: bytes) -> None:
    digest = write_blob(blobs(tmp_path), b"hello\n")
    (tmp_path / "blobs" / digest[:2] / digest).write_bytes(damaged)
    with pytest.raises(DamageError):
        blobs(tmp_path).read(digest)
    assert write_blob(blobs(tmp_path), b"hello\n") == digest
    assert blobs(tmp_path).read(digest) == b"hello\n"


def test_a_blob_that_is_there_is_not_taken_for_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = write_blob(blobs(tmp_path), b"x")
    synced: list[str] = []
    monkeypatch.setattr("pytest_fluxscenario.base.batch.sync_folder", synced.append)
    write_blob(blobs(tmp_path), b"x")
    assert synced == [str(tmp_path / "blobs" / digest[:2])]


def test_folders_that_a_dead_writer_made_are_not_taken_for_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = sha256(b"x")
    (tmp_path / "blobs" / digest[:2]).mkdir(parents=True)
    synced: list[str] = []
    monkeypatch.setattr("pytest_fluxscenario.base.batch.sync_folder", synced.append)
    write_blob(blobs(tmp_path), b"x")
    # Before the blob is in its place, so that whoever sees it may rely on the folder.
    assert synced == [str(tmp_path / "blobs"), str(tmp_path / "blobs" / digest[:2])]


def test_a_missing_blob_is_named(tmp_path: Path) -> None:
    digest = sha256(b"x")
    with pytest.raises(StoreError) as caught:
        blobs(tmp_path).read(digest)
    assert not isinstance(caught.value, DamageError)
    assert str(caught.value).startswith(f"store/blobs/{digest[:2]}/{digest}: there is no blob")


@pytest.mark.parametrize("digest", ["", "abc", "../../etc/passwd", "A" * 64, "0" * 63 + "\n"])
def test_what_is_no_hash_reaches_no_file(tmp_path: Path, digest: str) -> None:
    with pytest.raises(StoreError, match="64 lowercase hex digits"):
        blobs(tmp_path).read(digest)


def test_too_large_to_write_or_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the limit is 10 bytes"):
        write_blob(blobs(tmp_path, 10), b"x" * 11)
    assert not (tmp_path / "blobs").exists()
    digest = write_blob(blobs(tmp_path, 11), b"x" * 11)
    assert blobs(tmp_path, 11).read(digest) == b"x" * 11
    with pytest.raises(StoreError, match="the limit is 10 bytes"):
        blobs(tmp_path, 10).read(digest)
