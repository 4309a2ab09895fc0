"""Many files that become durable together: all are written beside their places, synced, and then renamed.

A sync waits for the disk, whether it is for one file or for ten thousand (docs/adr/0025).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from pytest_fluxscenario.base import syncfs
from pytest_fluxscenario.base.fs import WriteError, beside, forget, open_new, sync_folder, write_all, write_error

#: Files that are synced one by one; more are synced together.
FEW: Final = 16


@dataclass(slots=True)
class Batch:
    """Writes files below ``folder``, which is there. To be left with ``with``: what was not settled is taken back."""

    folder: str
    few: int = FEW
    #: Temporary file and place, of those that were not yet renamed.
    _files: list[tuple[str, str]] = field(default_factory=list)
    #: Of the last of them, open: descriptor and place.
    _open: list[tuple[int, str]] = field(default_factory=list)
    #: Folders whose names are to last: before a file is put in its place, and after.
    _first: set[str] = field(default_factory=set)
    _last: set[str] = field(default_factory=set)
    #: The folder, opened before the first write, so that an error of any write is seen by its sync.
    _root: int = -1
    #: Whether files were closed that one sync of the file system is to make durable.
    _together: bool = False

    def __enter__(self) -> Self:
        try:
            self._root = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise write_error(self.folder, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor, _ in self._open:
            _close(descriptor)
        self._open.clear()
        for temporary, _ in self._files:
            forget(temporary)
        self._files.clear()
        _close(self._root)

    def make_folder(self, path: str) -> None:
        """Make the folder ``path``, whose parent is there; one that is there is no error. Raises WriteError.

        It lasts before any file of the batch is in its place, so whoever sees such a file may rely on the folder.
        """
        try:
            with suppress(FileExistsError):
                os.mkdir(path)
        except OSError as error:
            raise write_error(path, error) from error
        self.touch_first(os.path.dirname(path))

    def touch_first(self, folder: str) -> None:
        """Let the names in ``folder``, whoever put them there, last before any file of the batch is in its place."""
        self._first.add(folder)

    def touch(self, folder: str) -> None:
        """Let the names in ``folder`` last too, whoever put them there."""
        self._last.add(folder)

    def add(self, path: str, pieces: Iterable[bytes]) -> None:
        """Write the pieces as what will be ``path``. Raises WriteError, and what ``pieces`` raises."""
        folder, temporary = beside(path)
        try:
            descriptor = open_new(temporary)
            self._files.append((temporary, path))
            self._open.append((descriptor, path))
            for piece in pieces:
                write_all(descriptor, piece)
            if len(self._open) > self.few:
                self._lighten()
        except OSError as error:
            raise write_error(path, error) from error
        self._last.add(folder)

    def settle(self) -> None:
        """Put all files in their places, durably. Raises WriteError; then some may be there, each of them whole."""
        self._sync()
        for folder in sorted(self._first):
            sync_folder(folder)
        self._first.clear()
        for temporary, path in self._files:
            try:
                os.replace(temporary, path)
            except OSError as error:
                raise write_error(path, error) from error
        # What failed before leaves temporary files to be removed; from here on there are none.
        self._files.clear()
        self._sync_last()

    def _sync_last(self) -> None:
        for folder in sorted(self._last):
            try:
                sync_folder(folder)
            except WriteError as error:
                # A folder that somebody removed has no names to be kept.
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise
        self._last.clear()

    def _lighten(self) -> None:
        """Close the files that are open: there are more than a process may hold."""
        if self._together or syncfs.syncs_whole(self._root):
            self._together = True
            self._each(os.close)
        else:
            self._each(_sync_and_close)

    def _sync(self) -> None:
        if not self._together:
            self._each(_sync_and_close)
            return
        self._each(os.close)
        try:
            syncfs.sync_whole(self._root)
        except OSError as error:
            raise write_error(self.folder, error) from error

    def _each(self, work: Callable[[int], None]) -> None:
        """Do that with each open file, which closes it. Raises WriteError."""
        while self._open:
            descriptor, path = self._open.pop()
            try:
                work(descriptor)
            except OSError as error:
                raise write_error(path, error) from error


def _sync_and_close(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _close(descriptor: int) -> None:
    with suppress(OSError):
        os.close(descriptor)
