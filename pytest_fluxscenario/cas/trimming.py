"""Trimming blobs that no index names: what was not used for long goes, and the oldest of what is too much.

A blob is as old as its last use: whoever needs one says so with ``touch``. What somebody needs is removed only where he
has not said so for the time of grace; then it has to be brought again.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.clock import Clock, SystemClock
from pytest_fluxscenario.base.fs import remove_file, sync_folder
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.holdings import Holding, holdings

#: Seconds after a use in which nothing is removed, whatever the bounds: between two messages of somebody who needs it.
GRACE: Final = 600.0
#: Seconds after which a file that a writer has left is no writer's any more.
_DEAD: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What was removed, and what is left."""

    removed: int = 0
    freed: int = 0
    left: int = 0


@dataclass(slots=True)
class Trimmer:
    """Uses and trims the blobs of one folder, from several threads."""

    blobs: Blobs
    clock: Clock = field(default_factory=SystemClock)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def touch(self, digest: str) -> bool:
        """Say that a blob is needed: whether it is there. It stays for the time of grace at least."""
        with self._lock:
            return touch(self.blobs, digest, self.clock)

    def trim(self, keep: Collection[str], most_seconds: float, most_bytes: int, grace: float = GRACE) -> Trimmed:
        """Remove what nobody has used for ``most_seconds``, and then the oldest beyond ``most_bytes``.

        Neither what is in ``keep`` nor what was used within ``grace`` seconds. Raises StoreError for a folder that
        cannot be read, WriteError.
        """
        now = self.clock.now().timestamp()
        found: list[tuple[float, int, Holding]] = []
        for holding in holdings(self.blobs):
            status = _status(holding)
            if status is None or holding.role == "stray":
                continue
            if holding.role == "temporary":
                if now - status.st_mtime > _DEAD:
                    remove_file(holding.path)
            else:
                found.append((status.st_mtime, status.st_size, holding))
        found.sort(key=lambda one: (one[0], one[2].name))
        left, removed, freed = sum(size for _, size, _ in found), 0, 0
        folders: set[str] = set()
        for used, size, holding in found:
            if now - used <= most_seconds and left <= most_bytes:
                break
            if holding.name not in keep and self._remove(holding, now - grace):
                folders.add(holding.folder)
                left, removed, freed = left - size, removed + 1, freed + size
        for folder in folders:
            sync_folder(folder)
        return Trimmed(removed, freed, left)

    def _remove(self, holding: Holding, before: float) -> bool:
        """Remove a blob, unless somebody has said meanwhile that it is needed."""
        with self._lock:
            status = _status(holding)
            if status is None or status.st_mtime > before:
                return False
            remove_file(holding.path)
            return True


def touch(blobs: Blobs, digest: str, clock: Clock = SystemClock()) -> bool:  # noqa: B008 - a frozen value
    """Say that a blob is used: whether it is there."""
    now = clock.now().timestamp()
    try:
        os.utime(blobs.path(digest), (now, now))
    except FileNotFoundError:
        return False
    except OSError:
        # A folder that cannot be written to is not trimmed either.
        return blobs.lies(digest)
    return True


def _status(holding: Holding) -> os.stat_result | None:
    """Of a regular file; None for what is gone, and for what is none."""
    with contextlib.suppress(FileNotFoundError):
        status = os.lstat(holding.path)
        if stat.S_ISREG(status.st_mode):
            return status
    return None
