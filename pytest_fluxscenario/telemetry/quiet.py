"""What the libraries log while they export for us is kept from the logs of tests: a lane says it once, at the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LOGGERS: Final = (
    "opentelemetry.attributes",
    "opentelemetry.exporter.otlp.common.http",
    "opentelemetry.exporter.otlp.proto.http._common",
    "opentelemetry.exporter.otlp.proto.http._log_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk._shared_internal",
    "opentelemetry.sdk.metrics._internal.export",
    "urllib3.connectionpool",
)


class Quiet(logging.Filter):
    """Passes over what is logged inside ``here``, in that thread alone: others may use the same libraries."""

    def __init__(self) -> None:
        super().__init__()
        self._local = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the signature of a filter
        """Whether somebody else is to see it."""
        return not getattr(self._local, "depth", 0)

    @contextmanager
    def here(self) -> Iterator[None]:
        """For the length of a block."""
        self._local.depth = getattr(self._local, "depth", 0) + 1
        try:
            yield
        finally:
            self._local.depth -= 1

    def begin(self) -> None:
        """Listen."""
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)

    def end(self) -> None:
        """No more."""
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)
