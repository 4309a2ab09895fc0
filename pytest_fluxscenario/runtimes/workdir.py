"""A private folder with the files that hooks run from: the very bytes that were hashed when the pack was loaded."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.runtimes.code import PackCode
from pytest_fluxscenario.runtimes.port import HookUnavailable

_Print = tuple[int, int, int, int]


@dataclass(slots=True)
class WorkFolder:
    """``pack`` with the files of one pack, and ``home``, which is empty at the beginning of every call."""

    code: PackCode
    #: The folder that holds both; made at the first ``prepare``.
    base: str = ""
    #: What each file and folder of the pack looked like when it was written.
    _prints: dict[str, _Print] = field(default_factory=dict, init=False)

    @property
    def pack(self) -> str:
        """Where a hook is started."""
        return os.path.join(self.base, "pack")

    @property
    def home(self) -> str:
        """The home of a hook, and its temporary folder."""
        return os.path.join(self.base, "home")

    def prepare(self) -> None:
        """Make both folders as they must be before a call: what an earlier one has changed is written anew.

        Raises HookUnavailable where a file is not what it was when the pack was loaded, or cannot be written.
        """
        try:
            if not self.base:
                self.base = os.path.realpath(tempfile.mkdtemp(prefix="fluxscenario-"))
            if not self._prints or any(_print(path) != known for path, known in self._prints.items()):
                self._write()
            if os.path.islink(self.home) or not os.path.isdir(self.home) or os.listdir(self.home):
                remove(self.home)
                os.mkdir(self.home, 0o700)
        except OSError as error:
            why = shown(error.strerror or type(error).__name__)
            message = f"the files of its hooks cannot be written to {shown(self.base) or 'a temporary folder'}: {why}"
            raise HookUnavailable.of("hook.folder", Place(self.code.files.where), message) from error

    def close(self) -> None:
        """Remove it all."""
        if self.base:
            remove(self.base)
        self.base = ""
        self._prints.clear()

    def _write(self) -> None:
        self._prints.clear()
        remove(self.pack)
        os.makedirs(self.pack, 0o700)
        folders = {self.pack}
        for path, digest in self.code.digests.items():
            data = self.code.content(path, digest)
            target = os.path.join(self.pack, *path.split("/"))
            folder = os.path.dirname(target)
            if folder not in folders:
                os.makedirs(folder, 0o700, exist_ok=True)
                folders.add(folder)
            mode = 0o500 if self.code.files.may_run(path) else 0o400
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with open(descriptor, "wb") as file:
                file.write(data)
        for folder, _, names in os.walk(self.pack):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                found = _print(path)
                if found is not None:
                    self._prints[path] = found


def _print(path: str) -> _Print | None:
    """What changes with every write: a process of the same user can set the other times, but not this one."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return (found.st_ino, found.st_ctime_ns, found.st_size, found.st_mode)


def remove(path: str) -> None:
    """Remove a file, link or folder with all that is in it, whatever modes it has; what cannot go stays."""
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.lexists(path):
        shutil.rmtree(path, onerror=_open_and_retry)


def _open_and_retry(function: Callable[[str], Any], path: str, _: object) -> None:
    """A folder that its owner closed is opened, and tried once more."""
    folder = os.path.dirname(path)
    try:
        for closed in (folder, path):
            if stat.S_ISDIR(os.lstat(closed).st_mode):
                os.chmod(closed, 0o700)
        if function in (os.unlink, os.rmdir):
            function(path)
        else:
            shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return
