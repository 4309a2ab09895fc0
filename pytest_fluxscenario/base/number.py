"""Numbers as people write them in options and configurations: digits, with a point or without."""

from __future__ import annotations

import re
from typing import Final

#: What Python's own reading takes beyond that (``1_0``, ``1e3``, ``nan``, digits of other scripts) is a slip here.
_NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{0,15})?|\.[0-9]{1,15}")
#: Seconds: the longest that anything here is waited for.
DAY: Final = 86_400.0


def read_number(text: object, least: float, most: float) -> float | None:
    """The number that ``text`` is, from ``least`` to ``most``; None for anything else."""
    written = str(text).strip()
    if not _NUMBER.fullmatch(written):
        return None
    number = float(written)
    return number if least <= number <= most else None


def read_seconds(text: object, least: float = 1e-9) -> float | None:
    """So many seconds, up to a day; None for anything else, and for none at all."""
    return read_number(text, least, DAY)
