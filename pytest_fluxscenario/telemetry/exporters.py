"""The exporters of the SDK, each with a lane that counts what arrives."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, TextIO

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, ConsoleLogRecordExporter
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

from pytest_fluxscenario.telemetry.lane import Lane
from pytest_fluxscenario.telemetry.quiet import Quiet

#: Spans or records that may be under way where no variable says so: scenarios end faster than the SDK's 2,048 leave.
ROOM: Final = 16_384
_BATCH: Final = 512


class _Counted:
    """Before an exporter in the order of methods: tells the lane what became of each batch."""

    lane: Lane
    quiet: Quiet
    ended: bool = False

    def export(self, batch: Any, *rest: Any, **more: Any) -> Any:
        """What the exporter does with it; what it raises is a failure, told by the lane."""
        count = len(batch) if isinstance(batch, Sequence) else 1
        with self.quiet.here():
            try:
                result = super().export(batch, *rest, **more)  # type: ignore[misc]  # of the exporter behind it
            except Exception as error:
                self.lane.settle(count, arrived=False, why=type(error).__name__)
                raise
        self.lane.settle(count, arrived=result.name == "SUCCESS")
        return result

    def shutdown(self, *rest: Any, **more: Any) -> None:
        """End; the end of a process and that of a batch may both ask for it."""
        if not self.ended:
            self.ended = True
            with self.quiet.here():
                super().shutdown(*rest, **more)  # type: ignore[misc]  # of the exporter behind it

    def watched(self, lane: Lane, quiet: Quiet) -> Any:
        """Itself, with what it tells."""
        self.lane, self.quiet = lane, quiet
        return self


class Spans(_Counted, OTLPSpanExporter):  # type: ignore[misc]  # where the extra is not installed, it has no types
    """Spans by OTLP."""


class Metrics(_Counted, OTLPMetricExporter):  # type: ignore[misc]  # as above
    """Metrics by OTLP: each export is one."""

    def export(self, batch: Any, *rest: Any, **more: Any) -> Any:
        """The same; metrics stand in no queue."""
        self.lane.enter()
        return super().export(batch, *rest, **more)


class Logs(_Counted, OTLPLogExporter):  # type: ignore[misc]  # as above
    """Log records by OTLP."""


class ConsoleSpans(_Counted, ConsoleSpanExporter):  # type: ignore[misc]  # as above
    """Spans as JSON."""


class ConsoleMetrics(_Counted, ConsoleMetricExporter):  # type: ignore[misc]  # as above
    """Metrics as JSON."""

    def export(self, batch: Any, *rest: Any, **more: Any) -> Any:
        """The same; metrics stand in no queue."""
        self.lane.enter()
        return super().export(batch, *rest, **more)


class ConsoleLogs(_Counted, ConsoleLogRecordExporter):  # type: ignore[misc]  # as above
    """Log records as JSON."""


class SpanGate(SpanProcessor):  # type: ignore[misc]  # as above
    """Lets spans into a batch while there is room: one that is full would log for each that it drops."""

    def __init__(self, exporter: Any, lane: Lane) -> None:
        self._lane = lane
        self._batch = BatchSpanProcessor(exporter, max_queue_size=lane.room, max_export_batch_size=_batch("OTEL_BSP"))

    def on_end(self, span: ReadableSpan) -> None:
        """A span is complete."""
        if span.context is not None and span.context.trace_flags.sampled and self._lane.enter():
            self._batch.on_end(span)

    def shutdown(self) -> None:
        """Deliver what is there, and end; may take as long as the collector does."""
        self._batch.shutdown()

    def force_flush(self, timeout_millis: int | None = None) -> bool:
        """Deliver what is there."""
        return bool(self._batch.force_flush(timeout_millis))


class LogGate(LogRecordProcessor):  # type: ignore[misc]  # as above
    """The same for log records."""

    def __init__(self, exporter: Any, lane: Lane) -> None:
        self._lane = lane
        self._batch = BatchLogRecordProcessor(
            exporter, max_queue_size=lane.room, max_export_batch_size=_batch("OTEL_BLRP")
        )

    def on_emit(self, log_record: Any) -> None:
        """A record is there."""
        if self._lane.enter():
            self._batch.on_emit(log_record)

    def shutdown(self) -> None:
        """Deliver what is there, and end."""
        self._batch.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Deliver what is there."""
        return bool(self._batch.force_flush(timeout_millis))


def room_of(prefix: str) -> int:
    """How many may be under way: what the variable of the SDK says."""
    return _number(f"{prefix}_MAX_QUEUE_SIZE", ROOM)


def _batch(prefix: str) -> int:
    return min(_number(f"{prefix}_MAX_EXPORT_BATCH_SIZE", _BATCH), room_of(prefix))


def _number(variable: str, default: int) -> int:
    with suppress(ValueError):
        number = int(os.environ.get(variable, ""))
        if 0 < number <= 1_000_000:
            return number
    return default


def standard_error() -> TextIO:
    """Standard error, as it is now: what captures it for the time of a test gets nothing of what is exported then."""
    return os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace")
