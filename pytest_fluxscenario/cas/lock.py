"""The one lock of a store: whoever changes the index holds it (faults.md, "Store")."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.fs import write_error
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown

LOCK_FILE: Final = ".lock"
#: Seconds that one waits for the others.
PATIENCE: Final = 30.0
_PID_WIDTH = 10
_PAUSE_LEAST = 0.0005
_PAUSE_MOST = 0.02


@contextmanager
def locked(store: str, name: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of ``store``. The kernel lets go of it when the process ends, however it ends.

    Raises StoreError that names the holder when it is not free within ``patience`` seconds, WriteError where the
    lock file cannot be opened or is a link.
    """
    path = os.path.join(store, LOCK_FILE)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise write_error(path, error) from error
    try:
        _wait(descriptor, path, name, patience)
        # For whoever waits in vain, always as long: cutting a file costs more than all the rest. It is advice only, so
        # a full disk does not matter here.
        with suppress(OSError):
            os.pwrite(descriptor, f"{os.getpid():<{_PID_WIDTH}}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: str, name: str, patience: float) -> None:
    end = seconds() + patience
    pause = _PAUSE_LEAST
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
                raise write_error(path, error) from error
        else:
            return
        if seconds() >= end:
            holder = shown(os.pread(descriptor, _PID_WIDTH, 0).decode("ascii", "replace").strip()) or "unknown"
            message = f"the store is locked by another process (pid {holder}) for {patience:g} seconds"
            raise StoreError.of("store.locked", Place(f"{name}/{LOCK_FILE}"), message, "wait for it, or end it")
        # Random, so that many that wait do not all come back at once.
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        pause = min(pause * 1.5, _PAUSE_MOST)
