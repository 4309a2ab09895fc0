"""What a hook may use: the environment it sees, and the limits of its processes (faults.md, "Hooks")."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Mapping
from typing import Final

from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.leftovers import TOKEN

#: Bytes that one process may write to, in its own memory and in its address space; an interpreter reserves more
#: than it uses.
MEMORY_BYTES: Final = 1 << 30
ADDRESS_BYTES: Final = 4 << 30
FILE_BYTES: Final = 64 << 20
DESCRIPTORS: Final = 256
#: The same wherever a scenario runs: a hook that tells the time or sorts must not depend on the machine.
_FIXED: Final = {"LANG": "C.UTF-8", "TZ": "UTC"}


def environment_of(settings: HookSettings, variables: Mapping[str, str], home: str, token: str) -> dict[str, str]:
    """All that a hook sees: an allowlist, and what the configuration names."""
    return {
        **_FIXED,
        **variables,
        "PATH": settings.path,
        **settings.variables,
        "HOME": home,
        "TMPDIR": home,
        TOKEN: token,
    }


def limits_of(timeout: float | None, *, bounded: bool) -> list[tuple[int, int]]:
    """Limits of each process, as ``setrlimit`` takes them, where the system has them.

    ``timeout`` is None for a process that stays, whose time is bounded by the call. ``bounded`` is False for an
    interpreter that reserves more addresses than any machine has memory.
    """
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": FILE_BYTES,
        "RLIMIT_NOFILE": DESCRIPTORS,
        "RLIMIT_DATA": MEMORY_BYTES,
    }
    if bounded:
        wanted["RLIMIT_AS"] = ADDRESS_BYTES
    if timeout is not None:
        # Each thread spends time of its own.
        wanted["RLIMIT_CPU"] = (math.ceil(timeout) + 1) * (os.cpu_count() or 1)
    return [(getattr(resource, name), most) for name, most in wanted.items() if hasattr(resource, name)]
