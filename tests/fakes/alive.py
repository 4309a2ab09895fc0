"""Whether a process that a test knows by its number is still there."""

from __future__ import annotations

import os
import time
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether it runs: one that waits to be waited for does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def has_ended(pid: int, wait: float = 30.0) -> bool:
    """Whether it ends in so many seconds."""
    end = time.monotonic() + wait
    while is_alive(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
