"""What a Mixer or a rack exports by OpenTelemetry while it serves, as the variables of its environment say."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.telemetry.opening import open_telemetry
from pytest_fluxscenario.telemetry.wanted import read_wanted

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry


@contextmanager
def serving(
    service: str, line: Callable[[str], None], more: Mapping[str, str] | None = None
) -> Iterator[Telemetry | None]:
    """The telemetry of a service for as long as it serves; None for nothing.

    ``line`` tells people what it lacks; ``more`` is true of all that it exports.
    """
    opened = open_telemetry(read_wanted(os.environ), service, tool().rpartition(" ")[2], line, more)
    for fault in (*opened.faults, opened.missing):
        if fault:
            line(shown(fault, 1000))
    try:
        yield opened.telemetry
    finally:
        lost = opened.telemetry.end() if opened.telemetry is not None else ""
        if lost:
            line(f"telemetry: {lost}")


class ExportingHandler(logging.Handler):
    """Exports what is logged, with the span that it belongs to."""

    def __init__(self, telemetry: Telemetry) -> None:
        super().__init__()
        self._telemetry = telemetry

    def emit(self, record: logging.LogRecord) -> None:
        """One record."""
        said = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            # Not what it says: nobody has looked whether that may be seen elsewhere.
            said += f": {type(record.exc_info[1]).__name__}"
        self._telemetry.log(said, record.levelno)
