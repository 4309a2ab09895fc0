"""Durable writes where nothing goes wrong, and where something is in the way; tests/faults has the system refuse."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from pytest_fluxscenario.base.fs import (
    WriteError,
    create_file,
    is_temporary,
    make_folder,
    remove_file,
    remove_folder,
    replace_file,
    sync_folder,
)
from pytest_fluxscenario.base.log import Log

OLD, NEW = b"the old bytes", b"the new bytes, and more of them"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    place.mkdir()
    return place


def test_a_system_that_writes_a_little_at_a_time_loses_nothing(folder: Path) -> None:
    real = os.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:3]))
        replace_file(str(folder / "file"), NEW)
    assert (folder / "file").read_bytes() == NEW


def test_nothing_is_something_to_write(folder: Path) -> None:
    replace_file(str(folder / "file"), b"")
    assert (folder / "file").read_bytes() == b""


def test_a_name_without_a_folder_is_written_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    replace_file("file", NEW)
    assert os.listdir(folder) == ["file"]


def test_a_link_is_replaced_and_what_it_led_to_stays(folder: Path) -> None:
    (folder / "target").write_bytes(OLD)
    (folder / "file").symlink_to("target")
    replace_file(str(folder / "file"), NEW)
    assert not (folder / "file").is_symlink()
    assert (folder / "target").read_bytes() == OLD


def test_a_folder_in_the_way_is_told(folder: Path) -> None:
    (folder / "file" / "inside").mkdir(parents=True)
    with pytest.raises(WriteError, match="cannot be written"):
        replace_file(str(folder / "file"), NEW)
    assert os.listdir(folder) == ["file"]


def test_a_folder_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(WriteError, match=r"/no/file: cannot be written: No such file or directory"):
        replace_file(str(folder / "no" / "file"), NEW)


@pytest.mark.parametrize("what", ["file", "folder", "link", "broken link"])
def test_what_stands_there_is_never_overwritten(folder: Path, what: str) -> None:
    path, target = folder / "name", folder / "target"
    if what == "file":
        path.write_bytes(OLD)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("target")
        if what == "link":
            target.write_bytes(OLD)
    before = sorted(os.listdir(folder))
    assert not create_file(str(path), NEW)
    assert sorted(os.listdir(folder)) == before
    assert all(one.read_bytes() == OLD for one in (path, target) if one.is_file())


def test_a_path_that_is_hostile_is_named_in_one_line(folder: Path) -> None:
    with pytest.raises(WriteError) as caught:
        replace_file(str(folder / "a\nb\x1b[2J" / "file"), NEW)
    assert len(str(caught.value).splitlines()) == 1
    assert "a\\x0ab\\x1b[2J" in str(caught.value)


def test_a_file_in_the_way_of_a_folder_is_told(folder: Path) -> None:
    (folder / "a").write_bytes(OLD)
    with pytest.raises(WriteError, match=r"/a: cannot be written: a file is in the way"):
        make_folder(str(folder / "a"))
    with pytest.raises(WriteError, match=r"/a: cannot be written: a file is in the way"):
        make_folder(str(folder / "a" / "b"))
    assert (folder / "a").read_bytes() == OLD


def test_a_link_that_leads_nowhere_is_in_the_way_too(folder: Path) -> None:
    (folder / "a").symlink_to("nowhere")
    with pytest.raises(WriteError, match="a file is in the way"):
        make_folder(str(folder / "a"))


@pytest.mark.parametrize(
    ("mask", "file", "made"), [(0o022, 0o644, 0o755), (0o002, 0o664, 0o775), (0o077, 0o600, 0o700)]
)
def test_the_umask_says_who_may_read(folder: Path, mask: int, file: int, made: int) -> None:
    old = os.umask(mask)
    try:
        make_folder(str(folder / "sub"))
        replace_file(str(folder / "sub" / "file"), NEW)
        log = Log(str(folder / "sub" / "log"))
        log.open()
        log.close()
    finally:
        os.umask(old)
    assert stat.S_IMODE((folder / "sub").stat().st_mode) == made
    assert stat.S_IMODE((folder / "sub" / "file").stat().st_mode) == file
    assert stat.S_IMODE((folder / "sub" / "log").stat().st_mode) == file


def test_a_folder_that_cannot_be_synced_is_named(tmp_path: Path) -> None:
    sync_folder(str(tmp_path))
    with pytest.raises(WriteError, match=r"nowhere: cannot be written: No such file"):
        sync_folder(str(tmp_path / "nowhere"))


def test_removing_a_file_again_is_no_error_and_a_folder_is_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    remove_file(str(tmp_path / "file"))
    remove_file(str(tmp_path / "file"))
    assert os.listdir(tmp_path) == []
    with pytest.raises(WriteError):
        remove_file(str(tmp_path))


def test_what_a_dead_writer_leaves_is_known_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(os, "replace", die)
    monkeypatch.setattr(os, "unlink", die)
    with pytest.raises(SystemExit):
        replace_file(str(tmp_path / "index.json"), b"x")
    (name,) = os.listdir(tmp_path)
    assert is_temporary(name)
    assert not any(map(is_temporary, ("index.json", ".lock", ".gitignore", "x.tmp", ".mine.tmp")))


def test_a_folder_is_removed_when_nothing_is_in_it(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "full").mkdir()
    (folder / "full" / "file").touch()
    assert remove_folder(str(folder / "empty"))
    assert [remove_folder(str(folder / name)) for name in ("empty", "full", "full/file")] == [False] * 3
    assert sorted(os.listdir(folder)) == ["full"]


def test_a_folder_that_the_system_keeps_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    monkeypatch.setattr(os, "rmdir", refuse)
    with pytest.raises(WriteError, match="Read-only file system"):
        remove_folder(str(folder))
