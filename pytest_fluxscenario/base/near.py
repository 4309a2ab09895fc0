"""What lies beside a path that is not there, for hints."""

from __future__ import annotations

import os

from pytest_fluxscenario.base.text import meant, nearest


def near_path(path: str) -> str:
    """A hint that names what has nearly the name of ``path`` in its folder; empty where nothing has."""
    folder, name = os.path.split(os.path.normpath(path))
    try:
        found = nearest(name, sorted(os.listdir(folder or ".")))
    except (OSError, ValueError):
        return ""
    return meant(found) if found else ""
