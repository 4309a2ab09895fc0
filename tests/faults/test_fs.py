"""Durable writes when the system refuses: the old state or the new, nothing left, the path named (faults.md, "Store").

Every call that a write makes of the system is made to fail, each with every errno; and the order of the calls is held
against what survives a crash.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.fs import WriteError, create_file, make_folder, replace_file
from pytest_fluxscenario.base.log import Log

ERRNOS = ["EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "EACCES"]
OLD, NEW = b"the old bytes", b"the new bytes, and more of them"
#: What base/fs may call of ``os`` that changes something, or that can fail.
CALLS = ["open", "write", "fsync", "close", "replace", "mkdir", "unlink", "ftruncate", "link"]


class Calls:
    """Stands before the functions of ``os``, writes down what is called, and lets one call fail."""

    def __init__(self, fail: str = "", at: int = 0, code: int = 0, *, after: bool = False) -> None:
        self.fail, self.at, self.code, self.after = fail, at, code, after
        self.made: list[str] = []
        self.failed = False
        self.names: dict[int, str] = {}

    def wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            what = self._what(name, arguments)
            number = sum(one.split()[0] == name for one in self.made)
            self.made.append(what)
            hit = name == self.fail and number == self.at
            if hit and not self.after:
                self.failed = True
                raise OSError(self.code, os.strerror(self.code))
            result = real(*arguments, **more)
            if name == "open":
                self.names[result] = what.split(" ", 1)[1]
            if hit:
                self.failed = True
                raise OSError(self.code, os.strerror(self.code))
            return result

        return call

    def _what(self, name: str, arguments: tuple[Any, ...]) -> str:
        first = arguments[0]
        if isinstance(first, int):
            return f"{name} {self.names.get(first, '?')}"
        shown = os.path.basename(first)
        return f"{name} {'temporary' if shown.endswith('.tmp') else shown}"


@contextmanager
def watched(calls: Calls) -> Iterator[Calls]:
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, calls.wrap(name, getattr(os, name)))
        yield calls


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


# ---- replace_file

REPLACE = [
    "open temporary",
    "write temporary",
    "fsync temporary",
    "close temporary",
    "replace temporary",
    "open folder",
    "fsync folder",
    "close folder",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    place.mkdir()
    return place


def test_the_order_of_calls_is_the_one_that_survives_a_crash(folder: Path) -> None:
    with watched(Calls()) as calls:
        replace_file(str(folder / "file"), NEW)
    assert calls.made == REPLACE
    assert (folder / "file").read_bytes() == NEW
    assert os.listdir(folder) == ["file"]


@pytest.mark.parametrize("code", ERRNOS)
@pytest.mark.parametrize("old", [OLD, None], ids=["there", "new"])
@pytest.mark.parametrize("step", range(len(REPLACE)), ids=[step.replace(" ", "-") for step in REPLACE])
def test_a_failed_replacement_leaves_the_old_or_the_new(folder: Path, step: int, old: bytes | None, code: str) -> None:
    path = folder / "file"
    if old is not None:
        path.write_bytes(old)
    name = REPLACE[step].split()[0]
    at = sum(one.split()[0] == name for one in REPLACE[:step])
    # The system lets go of a descriptor even where close() fails.
    calls = Calls(name, at, getattr(errno, code), after=name == "close")
    before = descriptors()
    with watched(calls), pytest.raises(WriteError) as caught:
        replace_file(str(path), NEW)
    assert calls.failed
    renamed = step > REPLACE.index("replace temporary")
    kept = NEW if renamed else old
    assert (path.read_bytes() if path.exists() else None) == kept
    assert os.listdir(folder) == ([] if kept is None else ["file"])
    assert str(caught.value) == f"{path}: cannot be written: {os.strerror(getattr(errno, code))}"
    assert caught.value.exit_status == 2
    assert descriptors() == before


# ---- create_file

CREATE = [
    *("open temporary", "write temporary", "fsync temporary", "close temporary", "link temporary", "unlink temporary"),
    *("open folder", "fsync folder", "close folder"),
]


def test_a_new_file_lasts_before_it_has_its_name(folder: Path) -> None:
    with watched(Calls()) as calls:
        assert create_file(str(folder / "file"), NEW)
    assert calls.made == CREATE
    assert (folder / "file").read_bytes() == NEW
    assert os.listdir(folder) == ["file"]


@pytest.mark.parametrize("code", ERRNOS)
@pytest.mark.parametrize("step", [0, 1, 2, 3, 4, 6, 7, 8], ids=lambda at: CREATE[at].replace(" ", "-"))
def test_a_new_file_that_fails_leaves_all_of_it_or_nothing(folder: Path, step: int, code: str) -> None:
    name = CREATE[step].split()[0]
    at = sum(one.split()[0] == name for one in CREATE[:step])
    calls = Calls(name, at, getattr(errno, code), after=name == "close")
    before = descriptors()
    with watched(calls), pytest.raises(WriteError) as caught:
        create_file(str(folder / "file"), NEW)
    assert calls.failed
    assert os.listdir(folder) == (["file"] if step > CREATE.index("link temporary") else [])
    assert str(caught.value) == f"{folder / 'file'}: cannot be written: {os.strerror(getattr(errno, code))}"
    assert descriptors() == before


@pytest.mark.parametrize("code", ["EPERM", "ENOSYS", "EOPNOTSUPP"])
def test_without_hard_links_a_new_file_is_written_in_its_place(folder: Path, code: str) -> None:
    with watched(Calls("link", 0, getattr(errno, code))):
        assert create_file(str(folder / "file"), NEW)
    assert (folder / "file").read_bytes() == NEW
    assert os.listdir(folder) == ["file"]
    with watched(Calls("link", 0, getattr(errno, code))):
        assert not create_file(str(folder / "file"), OLD)
    assert (folder / "file").read_bytes() == NEW
    # The first write is of the temporary file, the second in the place.
    no_link, no_space = Calls("link", 0, getattr(errno, code)), Calls("write", 1, errno.ENOSPC)
    said = pytest.raises(WriteError, match=os.strerror(errno.ENOSPC))
    with watched(no_link), watched(no_space), said:
        create_file(str(folder / "other"), NEW)
    assert os.listdir(folder) == ["file"]


def test_when_the_temporary_file_cannot_be_removed_either_the_first_error_is_told(folder: Path) -> None:
    def refuse(path: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with watched(Calls("fsync", 0, errno.EIO)), pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        with pytest.raises(WriteError, match=os.strerror(errno.EIO)):
            replace_file(str(folder / "file"), NEW)
    assert not (folder / "file").exists()


def test_an_interrupt_leaves_no_temporary_file(folder: Path) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            replace_file(str(folder / "file"), NEW)
    assert os.listdir(folder) == []


# ---- make_folder


def test_every_new_folder_is_made_durable_in_its_parent(folder: Path) -> None:
    with watched(Calls()) as calls:
        make_folder(str(folder / "a" / "b"))
    assert calls.made == [
        *("mkdir a", "open folder", "fsync folder", "close folder"),
        *("mkdir b", "open a", "fsync a", "close a"),
    ]
    with watched(Calls()) as calls:
        make_folder(str(folder / "a" / "b"))
    assert calls.made == []


@pytest.mark.parametrize("code", ERRNOS)
@pytest.mark.parametrize("name", ["mkdir", "open", "fsync", "close"])
@pytest.mark.parametrize("at", [0, 1])
def test_a_folder_that_cannot_be_made_is_told_with_its_path(folder: Path, name: str, at: int, code: str) -> None:
    before = descriptors()
    calls = Calls(name, at, getattr(errno, code), after=name == "close")
    with watched(calls), pytest.raises(WriteError) as caught:
        make_folder(str(folder / "a" / "b"))
    assert calls.failed
    path = folder / "a" / "b" if at else folder / "a"
    assert str(caught.value) == f"{path}: cannot be written: {os.strerror(getattr(errno, code))}"
    assert descriptors() == before
    make_folder(str(folder / "a" / "b"))
    assert (folder / "a" / "b").is_dir()


def test_a_folder_that_another_process_makes_first_is_made_durable_all_the_same(folder: Path) -> None:
    real = os.mkdir

    def overtaken(path: str) -> None:
        real(path)
        real(path)

    calls = Calls()
    with watched(calls), pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "mkdir", overtaken)
        make_folder(str(folder / "a"))
    assert calls.made == ["open folder", "fsync folder", "close folder"]


# ---- Log


def opened(folder: Path) -> Log:
    log = Log(str(folder / "log"))
    log.open()
    return log


def test_a_log_makes_its_lines_and_its_name_durable(folder: Path) -> None:
    with watched(Calls()) as calls:
        log = opened(folder)
        log.append(b"one\n")
        log.sync()
        log.close()
    assert calls.made == [
        *("open log", "write log", "fsync log"),
        *("open folder", "fsync folder", "close folder"),
        "close log",
    ]


REWRITE = [
    "open temporary",
    "write temporary",
    "fsync temporary",
    "replace temporary",
    "close log",
    "open folder",
    "fsync folder",
    "close folder",
]


def test_a_log_is_written_anew_in_the_order_that_survives_a_crash(folder: Path) -> None:
    log = opened(folder)
    log.append(b"one\n")
    calls = Calls()
    calls.names[log._descriptor] = "log"
    with watched(calls):
        log.rewrite(NEW)
    assert calls.made == REWRITE
    log.close()


@pytest.mark.parametrize("code", ERRNOS)
@pytest.mark.parametrize("step", range(len(REWRITE)), ids=[step.replace(" ", "-") for step in REWRITE])
def test_a_log_that_cannot_be_written_anew_has_the_old_lines_or_the_new(folder: Path, step: int, code: str) -> None:
    before = descriptors()
    log = opened(folder)
    log.append(b"one\n")
    name = REWRITE[step].split()[0]
    at = sum(one.split()[0] == name for one in REWRITE[:step])
    with watched(Calls(name, at, getattr(errno, code), after=name == "close")) as calls:
        with pytest.raises(WriteError) as caught:
            log.rewrite(NEW)
        assert calls.failed
    assert str(caught.value) == f"{folder / 'log'}: cannot be written: {os.strerror(getattr(errno, code))}"
    assert (folder / "log").read_bytes() == (NEW if step > REWRITE.index("replace temporary") else b"one\n")
    assert os.listdir(folder) == ["log"]
    with pytest.raises(WriteError, match="another session"):
        opened(folder)
    log.close()
    assert descriptors() == before


@pytest.mark.parametrize("code", ERRNOS)
@pytest.mark.parametrize(
    ("name", "at"),
    [
        *(("open", 0), ("ftruncate", 0), ("write", 1), ("fsync", 0)),
        *(("open", 1), ("fsync", 1), ("close", 0), ("close", 1)),
    ],
)
def test_a_log_that_cannot_be_written_is_told_with_its_path(folder: Path, name: str, at: int, code: str) -> None:
    before = descriptors()
    calls = Calls(name, at, getattr(errno, code), after=name == "close")
    log = Log(str(folder / "log"))

    def use() -> None:
        log.open()
        log.clear()
        log.append(b"one\n")
        log.append(b"two\n")
        log.sync()
        log.close()

    with watched(calls):
        with pytest.raises(WriteError) as caught:
            use()
        assert calls.failed
        log.close()
    assert str(caught.value) == f"{folder / 'log'}: cannot be written: {os.strerror(getattr(errno, code))}"
    assert descriptors() == before


@pytest.mark.parametrize("code", ERRNOS)
def test_half_a_line_is_taken_back_so_that_the_next_one_stands_where_it_says(folder: Path, code: str) -> None:
    real = os.write
    log = opened(folder)
    log.append(b"one\n")

    def half(descriptor: int, data: Any) -> int:
        if len(data) == 2:
            raise OSError(getattr(errno, code), "full")
        return real(descriptor, bytes(data)[:2])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.raises(WriteError, match="full"):
            log.append(b"two\n")
    assert (folder / "log").read_bytes() == b"one\n"
    assert log.append(b"three\n") == 4
    assert log.read(4, 6) == b"three\n"
    log.close()
