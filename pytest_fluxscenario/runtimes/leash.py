"""Starts a program that ends when whoever started it does, however that ends.

A program of its own (``python -I -S leash.py SIGNAL PARENT PROGRAM ARGUMENT…``) that imports nothing of this package:
it asks the kernel for a signal at the death of its parent, and becomes the program.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def leashed(command: Sequence[str], number: int = signal.SIGTERM) -> list[str]:
    """What to start instead of ``command``, whose program is a path; the kernel means the thread that starts it."""
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), str(int(number)), str(os.getpid()), *command]


def main(arguments: list[str]) -> int:
    """Become the program; return where the parent is gone already, or where it cannot be."""
    number, parent, program = int(arguments[0]), int(arguments[1]), arguments[2:]
    try:
        from ctypes import CDLL

        CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # not Linux: the program outlives a parent that is killed
    # It may have died before the kernel was asked.
    if os.getppid() != parent:
        return 1
    try:
        os.execv(program[0], program)  # noqa: S606 - both come from whoever starts it  # nosec B606
    except OSError as error:
        sys.stderr.write(f"cannot be started: {error.strerror}\n")
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
