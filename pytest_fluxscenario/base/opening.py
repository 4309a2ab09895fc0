"""How a file is opened that may be anything: a pipe, a terminal or a link in the place of a file (faults.md).

Whoever opens it so looks then whether it is a regular file. Not every system has every flag.
"""

from __future__ import annotations

import os
from typing import Final

#: To read: waits for nobody at the other end of a pipe, takes no terminal, is not handed on to programs.
TO_READ: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
#: Follows no link; 0 where the system cannot say so.
NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
