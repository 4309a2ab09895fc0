"""Where a span belongs, as text: the ``traceparent`` of W3C Trace Context, of the version that is known here."""

from __future__ import annotations

import re
from typing import Final

#: A version, a trace, the span above, flags.
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
#: The header, and the variable of whoever starts a program, that hold it.
HEADER: Final = "traceparent"
PARENT_VARIABLE: Final = "TRACEPARENT"


def is_traceparent(text: str) -> bool:
    """Whether ``text`` says where a span belongs."""
    return _TRACEPARENT.fullmatch(text) is not None


def traceparent(text: str) -> str:
    """``text`` where it is a traceparent; empty where it is anything else, as the specification of W3C asks for."""
    text = text.strip()
    return text if is_traceparent(text) else ""


def made(trace: int, span: int, flags: int) -> str:
    """The text for a span; empty for one that is none."""
    return f"00-{trace:032x}-{span:016x}-{flags & 0xFF:02x}" if trace and span else ""


def read(text: str) -> tuple[int, int, int]:
    """Trace, span and flags of what ``is_traceparent`` takes."""
    _, trace, span, flags = text.split("-")
    return int(trace, 16), int(span, 16), int(flags, 16)
