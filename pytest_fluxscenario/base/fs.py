"""The one door to durable writes (faults.md, "Store"): temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from dataclasses import dataclass, field

from pytest_fluxscenario.base.digest import Digest
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place

try:
    import fcntl
except ImportError:  # a system without POSIX locks; one session at a time is then up to its owner
    fcntl = None  # type: ignore[assignment]  # looked at before it is used

#: What a new file may be, before the umask: mkstemp's 0600 would shut the group out.
_MODE = 0o666
_TEMPORARY = re.compile(r"\..+\.[0-9]+\.[0-9a-f]{8}\.tmp", re.DOTALL)


class WriteError(FluxError):
    """A file or folder that cannot be written; what stands there is what stood before, or all of the new."""


def write_error(path: str, error: OSError) -> WriteError:
    """The error of a write to ``path``, with what the system said."""
    said = error.strerror or type(error).__name__
    return WriteError.of("fs.write", Place(path), f"cannot be written: {said}")


def make_folder(path: str) -> None:
    """Make ``path`` and its parents, each made durable in its own parent. Raises WriteError."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(os.path.abspath(path))
    if parent != path:
        make_folder(parent)
    try:
        try:
            os.mkdir(path)
        except FileExistsError:
            if not os.path.isdir(path):
                raise NotADirectoryError(errno.ENOTDIR, "a file is in the way") from None
        # Also where another process was first: it may not have come as far as this.
        _sync(parent)
    except OSError as error:
        raise write_error(path, error) from error


def replace_file(path: str, data: bytes, *, lasts: bool = True) -> None:
    """Write ``data`` as ``path``: a reader sees the old bytes or the new, never a part. Raises WriteError.

    Without ``lasts`` the caller syncs the folder before it relies on the new bytes; until then a crash may bring back
    the old ones.
    """
    folder, temporary = beside(path)
    try:
        descriptor = open_new(temporary)
        try:
            try:
                write_all(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(temporary, path)
        except BaseException:
            forget(temporary)
            raise
        if lasts:
            _sync(folder)
    except OSError as error:
        raise write_error(path, error) from error


def sync_folder(path: str) -> None:
    """Make the names in the folder ``path`` durable, whoever put them there. Raises WriteError."""
    try:
        _sync(path)
    except OSError as error:
        raise write_error(path, error) from error


def remove_file(path: str) -> None:
    """Remove the file ``path``; one that is gone already is no error. Durable once its folder is synced.

    Raises WriteError.
    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise write_error(path, error) from error


def remove_folder(path: str) -> bool:
    """Remove the folder ``path`` where nothing is in it; says whether it was. Durable once its parent is synced.

    Raises WriteError.
    """
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR):
            return False
        raise write_error(path, error) from error
    return True


def is_temporary(name: str) -> bool:
    """Whether a file of that name is what a writer that died here left behind."""
    return _TEMPORARY.fullmatch(name) is not None


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
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, _MODE)
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
            _sync(folder)
        except OSError as error:
            raise write_error(self.path, error) from error

    def sync(self) -> None:
        """Make the lines and the name of the file durable. Raises WriteError."""
        try:
            os.fsync(self._descriptor)
            _sync(os.path.dirname(os.path.abspath(self.path)))
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
    descriptor = os.open(path, flags, _MODE)
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


def open_new(path: str) -> int:
    """A descriptor of a file that was not there before, to be written. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)


def beside(path: str) -> tuple[str, str]:
    """The folder of ``path``, and the path of a temporary file in it."""
    folder = os.path.dirname(os.path.abspath(path))
    return folder, os.path.join(folder, f".{os.path.basename(path)}.{os.getpid()}.{secrets.token_hex(4)}.tmp")


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``, however little the system takes at a time. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def forget(path: str) -> None:
    """Remove a temporary file, where that can be done."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
