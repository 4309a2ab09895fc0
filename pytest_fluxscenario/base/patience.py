"""A bound for what strangers can make slow: regular expressions, and schemas that branch at every level.

Python cannot stop a regular expression from outside, but its matcher looks for signals while it works. The timer
counts the processor time of this process, so a busy machine changes no verdict, and its signal is not the one that
plugins for timeouts use. Where there is no such timer (Windows, a thread, one that somebody else has set) nothing is
bounded.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: Seconds of processor time; what is not hostile takes a thousandth of it.
PATIENCE = 2.0
#: Seconds between one signal and the next; far more than it takes to unwind the deepest stack.
_AGAIN = 0.25


class TooSlowError(Exception):
    """Something took more processor time than it may."""


@contextmanager
def patience(seconds: float | None = None) -> Iterator[None]:
    """Give what runs inside so many seconds of processor time, ``PATIENCE`` by default. Raises TooSlowError."""
    seconds = seconds or PATIENCE
    if not _can_be_timed():
        yield
        return
    armed = True

    def end(_signal: int, _frame: FrameType | None) -> None:
        if armed:
            raise TooSlowError(f"takes more than {seconds:g} s of processor time")

    before: Any = signal.signal(signal.SIGVTALRM, end)
    # Again and again: Python drops an exception that a signal raises in a destructor or a callback of the collector.
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN)
    try:
        yield
    finally:
        # First of all: a signal that comes now is too late to mean anything.
        armed = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _can_be_timed() -> bool:
    return (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getitimer(signal.ITIMER_VIRTUAL)[0] == 0
        # None is a handler that was not set from Python, and could not be put back.
        and signal.getsignal(signal.SIGVTALRM) is not None
    )
