"""The lock of a store: one after another, and nobody who gave up stands in the way."""

from __future__ import annotations

import fcntl
import threading
import time
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.fs import WriteError
from pytest_fluxscenario.cas.lock import locked


def take(folder: Path, patience: float = 120.0) -> None:
    with locked(str(folder), "store", patience):
        pass


def test_one_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with locked(str(tmp_path), "store"):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0001)
                inside -= 1

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert (inside, most) == (0, 1)


def test_who_gave_up_does_not_hold_it_later(tmp_path: Path) -> None:
    with locked(str(tmp_path), "store"):
        for _ in range(3):
            with pytest.raises(StoreError, match="is locked by another process"):
                take(tmp_path, 0.01)
    # Those that gave up still stand in the queue of the kernel, and give the lock back when it is their turn.
    take(tmp_path)


def test_who_waits_goes_on_when_it_is_free(tmp_path: Path) -> None:
    done = threading.Event()

    def wait() -> None:
        take(tmp_path)
        done.set()

    with locked(str(tmp_path), "store"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not done.wait(0.05)
    assert done.wait(120)
    waiting.join()


def test_an_error_of_the_wait_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int, how: int) -> None:
        raise OSError(11 if how & fcntl.LOCK_NB else 37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", broken)
    with pytest.raises(WriteError, match=r"/\.lock: cannot be written: No locks available"):
        take(tmp_path)


def test_a_system_without_a_thread_to_spare_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with locked(str(tmp_path), "store"), monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none_left)
        with pytest.raises(WriteError, match="no thread can be started"):
            take(tmp_path)
    take(tmp_path, 0)
