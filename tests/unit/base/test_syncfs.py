"""One sync for a file system: only where that is as good as one for each file (docs/adr/0025)."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_fluxscenario.base.syncfs import sync_whole, syncs_whole

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has it")


@pytest.fixture
def folder(tmp_path: Path) -> int:
    return os.open(tmp_path, os.O_RDONLY)


def statfs(magic: int) -> Any:
    """A C library whose file system is the one of that number."""

    def fstatfs(_: int, buffer: Any) -> int:
        ctypes.c_long.from_buffer(buffer).value = magic
        return 0

    return lambda *_, **__: SimpleNamespace(fstatfs=fstatfs, syncfs=lambda _: 0)


@pytest.mark.parametrize(
    ("magic", "good"), [(0xEF53, True), (0x58465342, True), (0x9123683E, True), (0x65735546, False), (0x6969, False)]
)
def test_file_systems_that_wait_are_named(folder: int, magic: int, good: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release="6.1.0-13-amd64"))
    monkeypatch.setattr(ctypes, "CDLL", statfs(magic))
    assert syncs_whole(folder) is good
    os.close(folder)


@pytest.mark.parametrize("release", ["5.16.20", "4.18.0-553.el8", "3.10", "unknown", ""])
def test_a_system_that_does_not_tell_errors_is_not_relied_on(
    folder: int, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", statfs(0xEF53))
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    assert not syncs_whole(folder)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release="5.17.0"))
    assert syncs_whole(folder)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not syncs_whole(folder)
    os.close(folder)


def test_the_real_one(folder: int) -> None:
    sync_whole(folder)
    os.close(folder)
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        sync_whole(folder)
    proc = os.open("/proc", os.O_RDONLY)
    assert not syncs_whole(proc)
    os.close(proc)
