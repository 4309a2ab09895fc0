"""Starts a program that ends when whoever started it does, however that ends.

A program of its own (``python -I -S leash.py PARENT PROGRAM ARGUMENT…``) that imports nothing of this package: it asks
the kernel for a signal at the death of its parent, and becomes the program.
"""

from __future__ import annotations

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the program; return where the parent is gone already."""
    parent, program = int(arguments[0]), arguments[1:]
    try:
        from ctypes import CDLL

        CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # not Linux: the program outlives a parent that is killed
    # It may have died before the kernel was asked.
    if os.getppid() == parent:
        os.execv(program[0], program)  # noqa: S606 - the program and its arguments come from this package  # nosec B606


if __name__ == "__main__":
    main(sys.argv[1:])
