"""What varies from run to run: the ``volatile`` part of a record (evidence.md)."""

from __future__ import annotations

import platform
import socket
from functools import cache

from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.gears.port import GearControl
from pytest_fluxscenario.model.evidence import Volatile
from pytest_fluxscenario.runner.run import Outcome


@cache
def _machine() -> tuple[str, str]:
    """Host and Python, which do not change while a process lives."""
    return socket.gethostname(), platform.python_version()


@cache
def tool() -> str:
    """The name of this tool, with its version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"pytest-fluxscenario {version('pytest-fluxscenario')}"
    except PackageNotFoundError:
        return "pytest-fluxscenario 0+source"


#: Characters of what a hook wrote to its standard error that a record keeps: the end of it.
_STDERR = 4096


def hook_notes(outcome: Outcome) -> dict[str, str]:
    """What hooks wrote to their standard error in a scenario that did not pass, by hook."""
    notes: dict[str, str] = {}
    for hook_id, text in outcome.errors:
        name = f"stderr of the hook {hook_id}"
        notes[name] = (notes.get(name, "") + text)[-_STDERR:]
    return notes


def circumstances(
    started: str,
    duration: float,
    worker: str = "main",
    earlier: tuple[str, ...] = (),
    notes: dict[str, str] | None = None,
    control: Control | None = None,
) -> Volatile:
    """The volatile part of a record; ``duration`` in seconds, ``earlier`` refs of this process's earlier attempts.

    ``control`` is what answered.
    """
    host, python = _machine()
    gear = control.name if isinstance(control, GearControl) else ""
    return Volatile(started, duration, host, python, tool(), worker, len(earlier) + 1, earlier, notes or {}, gear)
