"""Durable writes where nothing goes wrong, and where something is in the way; tests/faults has the system refuse."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from pytest_fluxscenario.base import fs
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.fs import (
    Log,
    WriteError,
    is_temporary,
    make_folder,
    remove_file,
    remove_folder,
    replace_file,
    sync_folder,
)

OLD, NEW = b"the old bytes", b"the new bytes, and more of them"
HELD = "another session is writing to it"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    place.mkdir()
    return place


def opened(folder: Path) -> Log:
    log = Log(str(folder / "log"))
    log.open()
    return log


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


def test_lines_are_appended_and_read_back(folder: Path) -> None:
    (folder / "log").write_bytes(OLD)
    log = opened(folder)
    assert (folder / "log").read_bytes() == OLD
    log.clear()
    assert [log.append(line) for line in (b"one\n", b"", b"three\n")] == [0, 4, 4]
    assert (log.read(0, 4), log.read(4, 6), log.size) == (b"one\n", b"three\n", 10)
    assert (folder / "log").read_bytes() == b"one\nthree\n"
    assert log.digest == sha256_ref(b"one\nthree\n")
    log.close()
    log.close()


def test_lines_are_written_anew(folder: Path) -> None:
    log = opened(folder)
    for line in (b"two\n", b"one\n"):
        log.append(line)
    with (folder / "log").open("rb") as before:
        log.rewrite(b"one\ntwo\n")
        # Whoever reads the old file goes on with it: nothing is written over.
        assert before.read() == b"two\none\n"
    assert (folder / "log").read_bytes() == b"one\ntwo\n"
    assert os.listdir(folder) == ["log"]
    log.close()


def _refused(folder: Path) -> bool:
    other = Log(str(folder / "log"))
    try:
        other.open()
    except WriteError as error:
        assert str(error).endswith("/log: cannot be written: " + HELD)  # noqa: PT017 - both outcomes are looked at
        return True
    other.close()
    return False


def test_one_log_at_a_time_holds_a_file(folder: Path) -> None:
    log = opened(folder)
    log.append(b"two\n")
    assert _refused(folder)
    log.rewrite(b"one\n")
    assert _refused(folder)
    log.close()
    assert not _refused(folder)


@pytest.mark.parametrize("gone", [False, True], ids=["written anew", "removed"])
def test_a_file_that_is_put_away_while_one_opens_it_is_not_written_to(folder: Path, *, gone: bool) -> None:
    """Between opening and holding, whoever held it may have put another in its place and let go of both."""
    first = opened(folder)
    real, calls = fs._hold, 0

    def overtaken(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            if gone:
                (folder / "log").unlink()
            else:
                first.rewrite(b"of the first\n")
            first.close()
        real(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fs, "_hold", overtaken)
        second = opened(folder)
    assert calls == (2 if gone else 3)
    second.append(b"of the second\n")
    second.close()
    assert (folder / "log").read_bytes().endswith(b"of the second\n")


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_written_to_all_the_same(folder: Path, code: int) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fcntl.flock", refuse)
        log = opened(folder)
    log.append(b"one\n")
    log.close()
    assert (folder / "log").read_bytes() == b"one\n"


def test_a_log_is_never_opened_through_a_link(folder: Path) -> None:
    (folder / "target").write_bytes(OLD)
    (folder / "log").symlink_to("target")
    with pytest.raises(WriteError, match="/log: cannot be written"):
        opened(folder)
    assert (folder / "target").read_bytes() == OLD


def test_no_descriptor_goes_on_to_a_child(folder: Path) -> None:
    flags: list[int] = []
    real = os.open

    def note(path: str, given: int, *more: int) -> int:
        flags.append(given)
        return real(path, given, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", note)
        replace_file(str(folder / "file"), NEW)
        log = opened(folder)
        log.rewrite(NEW)
        log.sync()
        log.close()
    assert len(flags) == 6
    assert all(given & os.O_CLOEXEC for given in flags)
    assert flags[0] & os.O_EXCL


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
