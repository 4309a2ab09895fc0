"""One sync for everything that was written to a file system, where that is as good as one for each file.

It is where the system says so (docs/adr/0025): Linux reports from 5.17 on whatever went wrong since the descriptor was
opened, and the file systems named here wait until the disk has it all. Elsewhere, behind FUSE or a network above all,
nobody promises that.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Final

_LINUX: Final = (5, 17)
_RELEASE = re.compile(r"([0-9]+)\.([0-9]+)")
#: ``statfs(2)``: what the file systems call themselves.
_MAGIC: Final = frozenset({0xEF53, 0x58465342, 0x9123683E})  # ext4, XFS, btrfs
_STATFS_BYTES: Final = 256


def syncs_whole(descriptor: int) -> bool:
    """Whether ``sync_whole`` of an open folder is as good as a sync of each file."""
    if sys.platform != "linux":
        return False
    release = _RELEASE.match(os.uname().release)
    if release is None or (int(release[1]), int(release[2])) < _LINUX:
        return False
    # Imported here: it costs more than most imports into a store take.
    import ctypes

    try:
        libc = ctypes.CDLL(None, use_errno=True)
        held = ctypes.create_string_buffer(_STATFS_BYTES)
        if not hasattr(libc, "syncfs") or libc.fstatfs(descriptor, held):
            return False
    except (OSError, AttributeError):
        return False
    # The first field, which is a word of the machine nearly everywhere; where it is not, no number fits.
    return ctypes.c_long.from_buffer(held).value & 0xFFFFFFFF in _MAGIC


def sync_whole(descriptor: int) -> None:
    """Make all that was written to the file system of an open folder durable.

    Raises OSError, also for what failed since the descriptor was opened.
    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syncfs(descriptor):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
