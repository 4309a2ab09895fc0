"""Writing archives of packs, ``.fstpack``: the same pack gives the same bytes, wherever and whenever it is packed.

A zip whose files are stored as they are: what deflate makes of a file differs between its libraries and their versions.
Nothing of the machine goes in: paths are sorted, times are the earliest that a zip can say, modes are 644 or 755.
"""

from __future__ import annotations

import io
import stat
import zipfile
from typing import Final

from pytest_fluxscenario.cas.trees import BuiltTree, TreeEntry

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3


def pack_tree(tree: BuiltTree) -> bytes:
    """The archive of ``tree``; reading it gives the same tree."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for path, entry in sorted(tree.entries.items()):
            archive.writestr(_member(path, entry), tree[path])
    return buffer.getvalue()


def _member(path: str, entry: TreeEntry) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, _EARLIEST)
    info.create_system = _UNIX
    info.external_attr = (stat.S_IFREG | int(entry.mode, 8)) << 16
    return info
