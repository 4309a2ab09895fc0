"""Waiting for what another thread or process does: a test looks again and again, and counts no seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

#: Seconds for whatever has to happen: far more than it takes, on a machine that has much to do.
PATIENCE: Final = 120.0
_T = TypeVar("_T")


def until(look: Callable[[], _T | None], wait: float = PATIENCE) -> _T:
    """What ``look`` gives, as soon as that is true. Raises AssertionError where it is not in time."""
    end = time.monotonic() + wait
    while not (found := look()):
        assert time.monotonic() < end, f"not so within {wait:g} seconds"
        time.sleep(0.01)
    return found
