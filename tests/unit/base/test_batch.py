"""Many files that become durable together: all of them whole, or what stood there before and nothing beside it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_fluxscenario.base import syncfs
from pytest_fluxscenario.base.batch import Batch
from pytest_fluxscenario.base.fs import WriteError
from tests.fakes.refusal import Refusal

CALLS = ["open", "write", "fsync", "close", "replace", "mkdir"]
FILES = {f"{number}/file": f"content {number}".encode() for number in range(4)}
#: Files that are held open, and whether one sync is for all of them.
WAYS = [(16, False), (1, False), (1, True)]


def write(folder: Path, few: int) -> None:
    with Batch(str(folder), few) as batch:
        for name, data in FILES.items():
            path = folder / name
            batch.make_folder(str(path.parent))
            batch.add(str(path), (data[:3], data[3:]))
        batch.settle()


def held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


@pytest.fixture(params=WAYS, ids=["few", "many", "together"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    number, whole = request.param
    monkeypatch.setattr(syncfs, "syncs_whole", lambda _: whole)
    return int(number)


def test_all_files_are_there(tmp_path: Path, few: int) -> None:
    write(tmp_path, few)
    assert held(tmp_path) == FILES
    (tmp_path / "0" / "file").write_bytes(b"another")
    write(tmp_path, few)
    assert held(tmp_path) == FILES


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EMFILE])
def test_a_call_that_fails_leaves_whole_files_only(tmp_path: Path, few: int, code: int) -> None:
    seen = set()
    at = 0
    while True:
        folder = tmp_path / str(at)
        folder.mkdir()
        before = descriptors()
        with pytest.MonkeyPatch.context() as patch:
            failing = Refusal(at, code, patch, CALLS)
            try:
                write(folder, few)
                told = ""
            except WriteError as error:
                told = str(error)
        assert descriptors() == before
        assert held(folder).items() <= FILES.items(), f"call {at}, {failing.failed}"
        if not failing.failed:
            break
        seen.add(failing.failed)
        # The folder itself is only closed when all is done.
        assert told.startswith(str(folder)) or held(folder) == FILES, f"call {at}, {failing.failed}"
        assert os.strerror(code) in told or failing.failed == "close"
        at += 1
    assert seen >= {"open", "write", "close", "replace", "mkdir", "fsync"}
    assert at > 30


def test_what_is_not_settled_is_taken_back(tmp_path: Path, few: int) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    def interrupted(batch: Batch) -> None:
        for number in range(3):
            batch.add(str(tmp_path / f"file-{number}"), (b"x",))
        batch.add(str(tmp_path / "last"), broken())

    before = descriptors()
    with pytest.raises(KeyboardInterrupt), Batch(str(tmp_path), few) as batch:
        interrupted(batch)
    with Batch(str(tmp_path), few) as batch:
        batch.add(str(tmp_path / "file"), (b"x",))
    assert held(tmp_path) == {}
    assert descriptors() == before


_TEN_TIMES = """
import resource, sys
from pytest_fluxscenario.base.batch import Batch
resource.setrlimit(resource.RLIMIT_NOFILE, (30, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
with Batch(sys.argv[1], int(sys.argv[2])) as batch:
    for number in range(300):
        batch.add(f"{sys.argv[1]}/file-{number}", (b"x",))
    batch.settle()
"""


def test_ten_times_more_files_than_a_process_may_open(tmp_path: Path, few: int) -> None:
    pytest.importorskip("resource")
    # In a process of its own: what a long session of tests has open is not known.
    subprocess.run([sys.executable, "-c", _TEN_TIMES, str(tmp_path), str(few)], check=True, timeout=60)
    assert len(held(tmp_path)) == 300


def test_the_umask_says_who_may_read(tmp_path: Path, few: int) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path, few)
    finally:
        os.umask(before)
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in FILES} == {0o640}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="nothing: cannot be written"), Batch(str(tmp_path / "nothing")):
        pass
