"""A log that one process appends to; tests/faults has the system refuse."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pytest_fluxscenario.base import log as module
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.fs import WriteError, replace_file
from pytest_fluxscenario.base.log import Log

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
    real, calls = module._hold, 0

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
        patch.setattr(module, "_hold", overtaken)
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
