"""How paths are called."""

from __future__ import annotations

import os


def seen_from(root: str, path: str) -> str:
    """The path as seen from the root, so that it is the same wherever a command was started; as it is where outside."""
    name = os.path.relpath(path, root).replace(os.sep, "/")
    return path if name.startswith("../") else name
