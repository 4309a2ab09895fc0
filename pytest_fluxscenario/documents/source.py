"""The bytes of one file, read once, without waiting for anything and without leaving the root."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError, FluxError
from pytest_fluxscenario.base.opening import NO_FOLLOW, TO_READ
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.limits import Limits

_PIECE = 1 << 20

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it was read: what runs is these bytes, whatever happens to the file later."""

    #: How the file is shown: its path relative to the root.
    name: str
    #: The bytes that were read, byte order mark and all.
    data: bytes
    #: SHA-256 of the data: 64 lowercase hex digits.
    digest: str


@dataclass(slots=True)
class Root:
    """A folder that reading may not leave; remembers which folders lie in it, so that many files cost one look each."""

    path: str
    _real: str = field(default="", init=False)
    _inside: dict[str, bool] = field(default_factory=dict, init=False)

    def holds(self, path: str) -> bool:
        """Whether ``path``, which has no links left in it, lies in this folder."""
        if not self._real:
            self._real = os.path.realpath(self.path)
        return path == self._real or path.startswith(self._real.rstrip(os.sep) + os.sep)

    def holds_folder(self, folder: str) -> bool:
        """Whether ``folder`` lies in this one when every link on its way is followed."""
        known = self._inside.get(folder)
        if known is None:
            known = self._inside[folder] = self.holds(os.path.realpath(folder))
        return known


def read_source(path: str, name: str, limits: Limits = Limits(), root: str | Root | None = None) -> Source:
    """Read the file at ``path``, to be shown as ``name``.

    Raises DocumentError when it is no regular file, is larger than the limit (before reading it, or when it
    grows meanwhile), cannot be read, or when it or a folder on its way is a link that leads out of ``root``.
    A ``Root`` instead of a string saves the look at the folders for every file after the first.
    """
    with opened_source(path, name, limits, root) as (descriptor, size):
        data = _read(descriptor, size, name, limits.file_bytes)
    return Source(name, data, sha256(data))


@contextmanager
def opened_source(
    path: str, name: str, limits: Limits = Limits(), root: str | Root | None = None
) -> Iterator[tuple[int, int]]:
    """The file at ``path``, open, and its size; raises what ``read_source`` does, also while it is read."""
    try:
        descriptor = _open(path, name, Root(root) if isinstance(root, str) else root)
        try:
            yield descriptor, _size(descriptor, name, limits.file_bytes)
        finally:
            os.close(descriptor)
    except OSError as error:
        _refuse_unreadable(path, name, error)
    except ValueError as error:  # a NUL or a lone surrogate in the path itself
        raise _error("unreadable", name, f"cannot be read: {shown(error)}") from error


def stream_source(path: str, name: str, limits: Limits = Limits(), root: str | Root | None = None) -> Iterator[bytes]:
    """The bytes of the file at ``path`` piece by piece; raises what ``read_source`` does, when that is seen."""
    with opened_source(path, name, limits, root) as (descriptor, size):
        left, most = size + 1, limits.file_bytes + 1
        while piece := os.read(descriptor, min(_PIECE, left, most)):
            left, most = max(left - len(piece), 1 << 12), most - len(piece)
            if not most:
                _refuse_size(name, "grew while it was read", limits.file_bytes)
            yield piece


def _error(code: str, name: str, message: str, hint: str = "") -> FluxError:
    return DocumentError.of("document." + code, Place(name), message, hint)


def _open(path: str, name: str, root: Root | None) -> int:
    if root is None:
        return os.open(path, TO_READ)
    folder = os.path.dirname(path)
    if not root.holds_folder(folder):
        hint = "move the file into the root, or run from a root that holds it"
        raise _error("link-out", name, f"lies out of the root, in {shown(os.path.realpath(folder))}", hint)
    # Where links cannot be refused in opening, they are looked for before.
    if NO_FOLLOW or not os.path.islink(path):
        try:
            return os.open(path, TO_READ | NO_FOLLOW)
        except OSError:
            # Systems differ in what they call it.
            if not os.path.islink(path):
                raise
    target = os.path.realpath(path)
    if not root.holds(target):
        raise _error("link-out", name, f"is a link out of the root, to {shown(target)}", "put a copy in its place")
    return os.open(target, TO_READ | NO_FOLLOW)


def _size(descriptor: int, name: str, most: int) -> int:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        _refuse_kind(name, status.st_mode)
    if status.st_size > most:
        _refuse_size(name, f"holds {status.st_size} bytes", most)
    return status.st_size


def _read(descriptor: int, size: int, name: str, most: int) -> bytes:
    # One byte more than there should be: getting exactly the size says that the file ended there.
    data = os.read(descriptor, size + 1)
    if len(data) == size and data:
        return data
    pieces = [data]
    length = len(data)
    while pieces[-1] and length <= most:
        pieces.append(os.read(descriptor, min(1 << 16, most + 1 - length)))
        length += len(pieces[-1])
    if length > most:
        _refuse_size(name, "grew while it was read", most)
    return b"".join(pieces)


def _refuse_size(name: str, what: str, most: int) -> NoReturn:
    raise _error("file-size", name, what, f"the limit file_bytes is {most}")


def _refuse_kind(name: str, mode: int) -> NoReturn:
    kind = next((words for test, words in _KINDS if test(mode)), "something special")
    raise _error("not-a-file", name, f"is {kind}, not a file")


def _refuse_unreadable(path: str, name: str, error: OSError) -> NoReturn:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        mode = 0
    # A socket cannot be opened at all, and a folder only on some systems: say what it is, not what failed.
    if mode and not stat.S_ISREG(mode):
        _refuse_kind(name, mode)
    raise _error("unreadable", name, f"cannot be read: {shown(error.strerror or error)}") from error
