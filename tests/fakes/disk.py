"""A model of a disk: what may be left of a series of calls after a crash, when only what was synced is sure.

A write is sure once its file was synced, a name once its folder was; everything else may be there or not, each on its
own, and a write also in half. Names are made one after another, so what is left is never in another order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base import syncfs

#: Path, relative, to content; None for a folder.
State = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class Call:
    """One call that changes a disk, or makes a change sure."""

    #: create, write, rename, unlink, mkdir; sync, sync folder, sync all.
    what: str
    #: The folder that a name is in; of ``sync folder`` the folder.
    folder: str = ""
    name: str = ""
    #: Number of the file.
    file: int = -1
    data: bytes = b""
    #: What ``rename`` takes the name from.
    source: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.folder}/{self.name}"


class Killed(BaseException):
    """The process has ended here."""


@dataclass
class Disk:
    """Writes down the calls that change what is below ``root``; may kill the process at one of them."""

    root: Path
    calls: list[Call] = field(default_factory=list)
    kill_at: int = -1
    _dead: bool = False
    _files: dict[str, int] = field(default_factory=dict)
    _open: dict[int, tuple[str, int]] = field(default_factory=dict)
    _count: int = 0
    start: State = ()

    def begin(self) -> None:
        """What stands there now is sure."""
        found = sorted(self.root.rglob("*"))
        paths = [(path.relative_to(self.root).as_posix(), path) for path in found]
        self.start = tuple((name, None if path.is_dir() else path.read_bytes()) for name, path in paths)
        self.calls.clear()

    def _note(self, call: Call) -> None:
        if self._dead or len(self.calls) == self.kill_at:
            self._dead = True
            raise Killed
        self.calls.append(call)

    def _at(self, path: str) -> tuple[str, str] | None:
        try:
            relative = Path(os.path.abspath(path)).relative_to(self.root).as_posix()
        except ValueError:
            return None
        folder, _, name = relative.rpartition("/")
        return folder, name

    def _opened(self, real: Callable[..., int], path: str, flags: int, *more: Any, **named: Any) -> int:
        at = self._at(path)
        key = "/".join(at) if at else path
        if at and flags & os.O_CREAT and not os.path.lexists(path):
            self._count += 1
            self._note(Call("create", *at, file=self._count))
            self._files[key] = self._count
        descriptor = real(path, flags, *more, **named)
        if at:
            self._open[descriptor] = (key.removeprefix("/"), self._files.get(key, -1))
        return descriptor

    def _write(self, real: Callable[..., int], descriptor: int, data: bytes) -> int:
        if descriptor in self._open:
            self._note(Call("write", name=self._open[descriptor][0], file=self._open[descriptor][1], data=bytes(data)))
        return real(descriptor, data)

    def _fsync(self, real: Callable[..., None], descriptor: int) -> None:
        if descriptor in self._open:
            path, file = self._open[descriptor]
            is_folder = os.path.isdir(self.root / path)
            folder = "" if path == "." else path
            self._note(Call("sync folder", folder) if is_folder else Call("sync", name=path, file=file))
        # Nothing is lost here: the disk that forgets is the model.

    def _sync_whole(self, real: Callable[..., None], descriptor: int) -> None:
        self._note(Call("sync all"))

    def _close(self, real: Callable[..., None], descriptor: int) -> None:
        self._open.pop(descriptor, None)
        real(descriptor)

    def _replace(self, real: Callable[..., None], source: str, target: str) -> None:
        one, other = self._at(source), self._at(target)
        assert one is not None
        assert other is not None
        assert one[0] == other[0], "a file is renamed within its folder"
        file = self._files.pop("/".join(one))
        self._note(Call("rename", *other, file=file, source=one[1]))
        self._files["/".join(other)] = file
        real(source, target)

    def _mkdir(self, real: Callable[..., None], path: str, *more: Any) -> None:
        at = self._at(path)
        if at:
            self._note(Call("mkdir", *at))
        real(path, *more)

    def _unlink(self, real: Callable[..., None], path: str) -> None:
        at = self._at(path)
        if at:
            self._note(Call("unlink", *at))
        real(path)

    @contextmanager
    def watching(self, kill_at: int = -1) -> Iterator[None]:
        """Watch what is called; ``kill_at`` is the number of the call at which the process ends."""
        self.kill_at, self._dead = kill_at, False
        watchers: dict[str, Callable[..., Any]] = {"open": self._opened, "write": self._write, "fsync": self._fsync}
        watchers |= {"close": self._close, "replace": self._replace, "mkdir": self._mkdir, "unlink": self._unlink}
        with pytest.MonkeyPatch.context() as patch:
            for name, watcher in watchers.items():
                patch.setattr(os, name, _bound(watcher, getattr(os, name)))
            patch.setattr(syncfs, "sync_whole", _bound(self._sync_whole, syncfs.sync_whole))
            with suppress(Killed):
                yield


def _bound(watcher: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments, **named: watcher(real, *arguments, **named)


def states_after(start: State, calls: Sequence[Call]) -> set[State]:
    """Everything that may be left when the machine stops after these calls."""
    unsure = [number for number, call in enumerate(calls) if not _is_sure(call, calls[number + 1 :])]
    choices = [(0, 1, 2) if calls[number].what == "write" else (0, 2) for number in unsure]
    return {_replay(start, calls, dict(zip(unsure, chosen, strict=True))) for chosen in product(*choices)}


def states_during(start: State, calls: Sequence[Call]) -> set[State]:
    """Everything that may be left when the machine stops after any of these calls."""
    return {state for end in range(len(calls) + 1) for state in states_after(start, calls[:end])}


def _is_sure(call: Call, later: Sequence[Call]) -> bool:
    if call.what.startswith("sync") or any(one.what == "sync all" for one in later):
        return True
    if call.what == "write":
        return any(one.what == "sync" and one.file == call.file for one in later)
    return any(one.what == "sync folder" and one.folder == call.folder for one in later)


def _replay(start: State, calls: Sequence[Call], unsure: Mapping[int, int]) -> State:
    names: dict[str, bytes | int | None] = dict(start)
    contents: dict[int, bytes] = {}
    for number, call in enumerate(calls):
        left = unsure.get(number, 2)
        path = f"{call.folder}/{call.name}".removeprefix("/")
        if call.what == "write" and left:
            data = call.data if left == 2 else call.data[: len(call.data) // 2]
            contents[call.file] = contents.get(call.file, b"") + data
        elif left and call.what == "mkdir":
            names[path] = None
        elif left and call.what == "unlink":
            names.pop(path, None)
        elif left and call.what in {"create", "rename"}:
            names[path] = call.file
            if call.what == "rename":
                names.pop(f"{call.folder}/{call.source}".removeprefix("/"), None)
    there = {path: contents.get(held, b"") if isinstance(held, int) else held for path, held in names.items()}
    folders = {path for path, held in there.items() if held is None}
    return tuple(sorted((path, held) for path, held in there.items() if _is_reached(path, folders)))


def _is_reached(path: str, folders: set[str]) -> bool:
    return all(str(parent) in folders for parent in Path(path).parents if str(parent) != ".")
