"""What a NATS server leaves of how it fares: its log, and the disk that it writes to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.text import shown

#: What it says of a disk that is full, and how much of its log is looked at.
_SAID: Final = ("no space left on device", "disk quota exceeded")
_TAIL: Final = 64 << 10
#: Room that is none, and room that is enough again.
_NONE: Final = 64 << 10
_ROOM: Final = 8 << 20


def last_words(log: str, program: str) -> str:
    """The last line of a log that says what is wrong; empty where there is none."""
    try:
        lines = _tail(log, 4_096)
    except OSError:
        return ""
    said = [line for line in lines if "[FTL]" in line or "[ERR]" in line or line.startswith(program)] or lines
    return f"it said: {shown(said[-1], 300)}" if said else ""


@dataclass(slots=True)
class Disk:
    """The disk of a server that keeps nothing more once it was full, until it is started anew.

    It answers questions about its streams as if nothing were wrong, and what is published not at all. So there are two
    signs: the disk was seen full, or the server has said so, of a disk with a quota for instance.
    """

    #: Where it keeps its streams.
    store: str
    log: str
    _was_full: bool = False
    #: Size of the log when it was looked at last.
    _looked: int = -1

    def is_full(self) -> bool:
        """Whether nothing can be written now."""
        full = self._room() < _NONE
        self._was_full = self._was_full or full
        return full

    def is_over(self, pid: int) -> bool:
        """Whether it was full, for the server with that number, and has room again. True once."""
        if self._room() < _ROOM:
            return False
        over = self._was_full or self._is_said(pid)
        self._was_full = False
        return over

    def _room(self) -> int:
        try:
            disk = os.statvfs(self.store)
        except OSError:
            return _ROOM
        return disk.f_bavail * disk.f_frsize

    def _is_said(self, pid: int) -> bool:
        try:
            size = os.stat(self.log).st_size
            if size == self._looked:
                return False
            self._looked = size
            lines = [line for line in _tail(self.log, _TAIL) if line.startswith(f"[{pid}]")]
        except OSError:
            return False
        return any(word in line for line in lines for word in _SAID)


def _tail(path: str, most: int) -> list[str]:
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - most))
        return file.read().decode("utf-8", "replace").splitlines()
