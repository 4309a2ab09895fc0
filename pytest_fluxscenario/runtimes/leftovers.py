"""What a killed warden left behind: processes that carry its token in their environment."""

from __future__ import annotations

import os
import signal
import time

from pytest_fluxscenario.base.clock import seconds

#: The variable that every process of a hook is started with.
TOKEN = "FLUXSCENARIO_HOOK"


def end_leftovers(token: str, patience: float) -> bool:
    """Kill every process that was started with ``token``, for at most ``patience`` seconds; whether none is left.

    Knows nothing where the system has no ``/proc``, and nothing of a process that cleared its environment.
    """
    deadline = seconds() + patience
    while True:
        found = carriers(token)
        for number in found:
            try:
                os.kill(number, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if not found:
            return True
        if seconds() > deadline:
            return False
        time.sleep(0.002)


def carriers(token: str) -> list[int]:
    """The processes, other than this one and ended ones, in whose environment the token stands."""
    sought, own, found = f"{TOKEN}={token}".encode(), os.getpid(), list[int]()
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if not name.isdigit() or int(name) == own:
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if sought in file.read().split(b"\0"):
                    found.append(int(name))
        except OSError:
            continue
    return found
