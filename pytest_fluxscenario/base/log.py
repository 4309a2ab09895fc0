"""A file that grows line by line, each durable on its own (evidence.md, faults.md)."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass, field

from pytest_fluxscenario.base.digest import Digest
from pytest_fluxscenario.base.fs import NEW_MODE, beside, forget, sync_path, write_all, write_error

try:
    import fcntl
except ImportError:  # a system without POSIX locks; one session at a time is then up to its owner
    fcntl = None  # type: ignore[assignment]  # looked at before it is used


@dataclass(slots=True)
class Log:
    """A file that one process appends whole lines to; each is on its way to the disk when ``append`` returns."""

    path: str
    _descriptor: int = field(default=-1, repr=False)
    _hash: Digest = field(default_factory=Digest, repr=False)
    #: Bytes appended so far.
    size: int = 0

    def open(self) -> None:
        """Take hold of the file, which keeps what stands in it until ``clear``.

        Raises WriteError, also where another process holds it.
        """
        try:
            while self._descriptor < 0:
                self._descriptor = _held(self.path)
        except BlockingIOError as error:
            held = OSError(error.errno, "another session is writing to it")
            raise write_error(self.path, held) from error
        except OSError as error:
            raise write_error(self.path, error) from error

    def clear(self) -> None:
        """Begin the file anew, without what stood in it. Raises WriteError."""
        try:
            os.ftruncate(self._descriptor, 0)
        except OSError as error:
            raise write_error(self.path, error) from error

    def append(self, line: bytes) -> int:
        """Append one line, its line feed included; gives the offset where it begins.

        Raises WriteError; the file then ends where it ended before.
        """
        start = self.size
        try:
            write_all(self._descriptor, line)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, start)
            raise write_error(self.path, error) from error
        self.size += len(line)
        self._hash.add(line)
        return start

    @property
    def digest(self) -> str:
        """``sha256:`` of everything appended."""
        return self._hash.ref

    def read(self, start: int, length: int) -> bytes:
        """The bytes of an earlier line."""
        return os.pread(self._descriptor, length, start)

    def rewrite(self, lines: bytes) -> None:
        """Put ``lines`` in the place of everything, as ``replace_file`` does, and hold the new file as the old one.

        Raises WriteError.
        """
        folder, temporary = beside(self.path)
        try:
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, NEW_MODE)
            try:
                # Before anybody can see it: no other session comes in between.
                _hold(descriptor)
                write_all(descriptor, lines)
                os.fsync(descriptor)
                os.replace(temporary, self.path)
            except BaseException:
                os.close(descriptor)
                forget(temporary)
                raise
            self._descriptor, before = descriptor, self._descriptor
            os.close(before)
            sync_path(folder)
        except OSError as error:
            raise write_error(self.path, error) from error

    def sync(self) -> None:
        """Make the lines and the name of the file durable. Raises WriteError."""
        try:
            os.fsync(self._descriptor)
            sync_path(os.path.dirname(os.path.abspath(self.path)))
        except OSError as error:
            raise write_error(self.path, error) from error

    def close(self) -> None:
        """Let go of the file; again is the same. Raises WriteError."""
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        try:
            os.close(descriptor)
        except OSError as error:
            raise write_error(self.path, error) from error


def _held(path: str) -> int:
    """A descriptor that holds the file at ``path``; -1 where another file was put there in the meantime."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, NEW_MODE)
    try:
        _hold(descriptor)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False)):
                return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return -1


def _hold(descriptor: int) -> None:
    """Lock a file for as long as it is open; raises BlockingIOError where another process holds it."""
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # A file system without locks is like a system without them.
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
