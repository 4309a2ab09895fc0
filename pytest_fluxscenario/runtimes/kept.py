"""What to start so that nothing of a program is left when it ends, or when whoever started it does (``warden.py``)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def kept(command: Sequence[str]) -> list[str]:
    """What to start instead of ``command``, whose program is a path; SIGTERM ends it with all that it has started.

    The kernel takes the end of the thread that starts it for the end of its process.
    """
    warden = os.path.join(os.path.dirname(os.path.abspath(__file__)), "warden.py")
    return [sys.executable, "-I", "-S", warden, "keep", str(os.getpid()), *command]
