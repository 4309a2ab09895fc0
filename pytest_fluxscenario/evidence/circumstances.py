"""What varies from run to run: the ``volatile`` part of a record (evidence.md)."""

from __future__ import annotations

import platform
import socket
from functools import cache

from pytest_fluxscenario.model.evidence import Volatile


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


def circumstances(
    started: str,
    duration: float,
    worker: str = "main",
    earlier: tuple[str, ...] = (),
    notes: dict[str, str] | None = None,
) -> Volatile:
    """The volatile part of a record; ``duration`` in seconds, ``earlier`` refs of this process's earlier attempts."""
    host, python = _machine()
    return Volatile(started, duration, host, python, tool(), worker, len(earlier) + 1, earlier, notes or {})
