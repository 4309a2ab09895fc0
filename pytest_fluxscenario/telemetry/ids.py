"""Ids of traces and spans that take nothing from the ``random`` of the tests around them.

The generator of the SDK draws from it: a test that sets a seed would get other numbers, and two would share ids.
"""

from __future__ import annotations

import os

from opentelemetry.sdk.trace.id_generator import IdGenerator


class SystemIds(IdGenerator):  # type: ignore[misc]  # where the extra is not installed, the library has no types
    """From the system's source of chance."""

    def generate_span_id(self) -> int:
        """64 bits, not all of them zero."""
        return int.from_bytes(os.urandom(8)) or 1

    def generate_trace_id(self) -> int:
        """128 bits, not all of them zero."""
        return int.from_bytes(os.urandom(16)) or 1

    def is_trace_id_random(self) -> bool:
        """They are."""
        return True
