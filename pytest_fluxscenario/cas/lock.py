"""The one lock of a store: whoever changes the index holds it (faults.md, "Store")."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Final

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.fs import write_error
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown

LOCK_FILE: Final = ".lock"
#: Seconds that one waits for the others.
PATIENCE: Final = 30.0
_PID_WIDTH = 10


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
        if not _is_free(descriptor, path):
            _wait(descriptor, path, name, patience)
        # For whoever waits in vain, always as long: cutting a file costs more than all the rest. It is advice only, so
        # a full disk does not matter here.
        with suppress(OSError):
            os.pwrite(descriptor, f"{os.getpid():<{_PID_WIDTH}}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _is_free(descriptor: int, path: str) -> bool:
    """Whether the lock was free; then it is taken."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.EINTR):
            raise write_error(path, error) from error
        return False
    return True


def _wait(descriptor: int, path: str, name: str, patience: float) -> None:
    """Wait in the queue of the kernel, which wakes one after another. Raises like ``locked``."""
    queue = _Queue(os.dup(descriptor))
    try:
        queue.start()
    except RuntimeError as error:
        queue.leave()
        raise write_error(path, OSError(errno.EAGAIN, "no thread can be started to wait for it")) from error
    queue.join(patience)
    if queue.error is not None:
        raise write_error(path, queue.error) from queue.error
    if not queue.taken:
        holder = shown(os.pread(descriptor, _PID_WIDTH, 0).decode("ascii", "replace").strip()) or "unknown"
        message = f"the store is locked by another process (pid {holder}) for {patience:g} seconds"
        raise StoreError.of("store.locked", Place(f"{name}/{LOCK_FILE}"), message, "wait for it, or end it")


class _Queue(Thread):
    """Waits for a lock for as long as it takes, which a call of the system with a limit cannot do.

    It has a descriptor of its own for the one open file. Whoever no longer waits for it closes the other; then the lock
    is given back at the moment in which it is had.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(daemon=True)
        self._descriptor = descriptor
        self.taken = False
        self.error: OSError | None = None

    def run(self) -> None:
        """Wait."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            self.taken = True
        except OSError as error:
            self.error = error
        finally:
            self.leave()

    def leave(self) -> None:
        """Let go of the descriptor."""
        os.close(self._descriptor)
