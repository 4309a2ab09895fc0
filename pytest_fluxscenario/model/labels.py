"""What a scenario calls versions and tags; both are few in a project, so the answers are kept."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from pytest_fluxscenario.base.names import tag_fault

_TAG: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
#: Markers that pytest acts on, and the words of its ``-m`` expressions.
_TAKEN: Final = frozenset(
    {"and", "filterwarnings", "not", "or", "parametrize", "skip", "skipif", "usefixtures", "xfail"}
)


@lru_cache(maxsize=1024)
def version_fault(version: str) -> str:
    """What to change in a ``profile_version``; empty where it is one."""
    if not tag_fault("v" + version):
        return ""
    return f"write it without the v: {version[1:]}" if not tag_fault(version) else "SemVer, like 1.0.0 or 2.1.0-rc.1"


@lru_cache(maxsize=1024)
def marker_fault(tag: str) -> str:
    """Why ``tag`` cannot be the name of a marker; empty where it can."""
    if not _TAG.fullmatch(tag):
        return "a tag is letters, digits, '_' and '-', and begins with a letter or '_'"
    return "pytest gives that word a meaning of its own" if tag in _TAKEN else ""
