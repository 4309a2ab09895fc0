"""The one door to durable writes (faults.md, "Store"): temporary file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterable

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place

#: What a new file may be, before the umask: mkstemp's 0600 would shut the group out.
NEW_MODE = 0o666
#: What a file system says that has no hard links.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
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
        sync_path(parent)
    except OSError as error:
        raise write_error(path, error) from error


def replace_file(path: str, data: bytes, *, lasts: bool = True, mode: int = NEW_MODE) -> None:
    """Write ``data`` as ``path``: a reader sees the old bytes or the new, never a part. Raises WriteError.

    Without ``lasts`` the caller syncs the folder before it relies on the new bytes; until then a crash may bring back
    the old ones. ``mode`` is what the file may be before the umask: a secret is its owner's from its first byte on.
    """
    replace_file_by(path, (data,), lasts=lasts, mode=mode)


def replace_file_by(path: str, pieces: Iterable[bytes], *, lasts: bool = True, mode: int = NEW_MODE) -> None:
    """The same for what comes piece by piece, and need not be held; what making a piece raises leaves the old file."""
    folder, temporary = beside(path)
    try:
        try:
            _write_new(temporary, pieces, mode)
            os.replace(temporary, path)
        except BaseException:
            forget(temporary)
            raise
        if lasts:
            sync_path(folder)
    except OSError as error:
        raise write_error(path, error) from error


def create_file(path: str, data: bytes) -> bool:
    """Write ``data`` as the new file ``path``; False, and nothing is changed, where something stands there.

    As with ``replace_file`` a reader sees all of it or nothing; but where the file system knows no hard links, a crash
    may leave a part. Raises WriteError.
    """
    folder, temporary = beside(path)
    try:
        try:
            _write_new(temporary, (data,))
            try:
                os.link(temporary, path, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                _create_in_place(path, data)
        except FileExistsError:
            return False
        finally:
            forget(temporary)
        sync_path(folder)
    except OSError as error:
        raise write_error(path, error) from error
    return True


def _create_in_place(path: str, data: bytes) -> None:
    descriptor = open_new(path)
    try:
        _fill(descriptor, (data,))
    except BaseException:
        forget(path)
        raise


def _write_new(temporary: str, pieces: Iterable[bytes], mode: int = NEW_MODE) -> None:
    """A temporary file with ``pieces`` in it, which lasts. Raises OSError; the caller removes it then."""
    _fill(open_new(temporary, mode), pieces)


def _fill(descriptor: int, pieces: Iterable[bytes]) -> None:
    try:
        for data in pieces:
            write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: str) -> None:
    """Make the names in the folder ``path`` durable, whoever put them there. Raises WriteError."""
    try:
        sync_path(path)
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


def open_new(path: str, mode: int = NEW_MODE) -> int:
    """A descriptor of a file that was not there before, to be written. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)


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


def sync_path(path: str) -> None:
    """Make what stands in a folder durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
