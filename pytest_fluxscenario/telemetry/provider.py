"""One process's telemetry: its spans, metrics and logs, from the variables of the SDK to an end that is in time.

Nothing global is set: whoever else uses OpenTelemetry in this process has providers of their own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from opentelemetry import context as contexts
from opentelemetry import trace as api
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.runtimes.port import RuntimeMissing
from pytest_fluxscenario.telemetry import exporters
from pytest_fluxscenario.telemetry.collector import CollectorSession
from pytest_fluxscenario.telemetry.ids import SystemIds
from pytest_fluxscenario.telemetry.instruments import Instruments
from pytest_fluxscenario.telemetry.lane import Lane
from pytest_fluxscenario.telemetry.quiet import Quiet
from pytest_fluxscenario.telemetry.spans import Kind, Value
from pytest_fluxscenario.telemetry.trace import made, read
from pytest_fluxscenario.telemetry.wanted import Wanted
from pytest_fluxscenario.telemetry.words import ERROR_TYPE

_SCOPE: Final = "pytest-fluxscenario"
#: Seconds that the end of a process is held up at most.
PATIENCE: Final = 4.0
_KINDS: Final = {
    "internal": api.SpanKind.INTERNAL,
    "server": api.SpanKind.SERVER,
    "client": api.SpanKind.CLIENT,
    "producer": api.SpanKind.PRODUCER,
    "consumer": api.SpanKind.CONSUMER,
}
#: The SDK's own mark for a service that nobody has named.
_UNNAMED: Final = "unknown_service"
_MOST_LINKS: Final = 128


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """A span that is under way."""

    #: The SDK's.
    span: Any

    @property
    def trace(self) -> str:
        """The ``traceparent`` of what belongs below it."""
        return trace_of(self.span)

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Say more of it."""
        self.span.set_attributes(attributes)

    def fail(self, why: str) -> None:
        """It did not go well."""
        self.span.set_status(api.Status(api.StatusCode.ERROR, shown(why, 1000)))


@dataclass(eq=False)
class Telemetry:
    """What is exported by one process; ``end`` is called once."""

    wanted: Wanted
    #: What the service is called, unless a variable says otherwise; and its version.
    service: str
    version: str
    #: Tells people when delivering begins to fail and when it is well again; not called in a session, which tells at
    #: its end.
    say: Callable[[str], None] | None = None
    #: What is true of all that it exports, beside the variables.
    more: Mapping[str, str] = field(default_factory=dict)
    tracer: Any = None
    logger: Any = None
    instruments: Instruments = field(init=False)
    lanes: list[Lane] = field(default_factory=list)
    _quiet: Quiet = field(default_factory=Quiet)
    _session: CollectorSession = field(default_factory=CollectorSession)
    #: What ends each signal; each may take long.
    _ends: list[Callable[[], None]] = field(default_factory=list)
    _exporters: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._quiet.begin()
        resource = self._resource()
        traces = TracerProvider(resource=resource, id_generator=SystemIds(), shutdown_on_exit=False)
        for name in self.wanted.traces:
            lane = self._lane("span", "spans", exporters.room_of("OTEL_BSP"))
            gate = exporters.SpanGate(self._exporter(name, exporters.Spans, exporters.ConsoleSpans, lane), lane)
            traces.add_span_processor(gate)
            self._ends.append(gate.shutdown)
        self.tracer = traces.get_tracer(_SCOPE, self.version)
        readers = []
        for name in self.wanted.metrics:
            lane = self._lane("export of metrics", "exports of metrics", exporters.ROOM)
            exporter = self._exporter(name, exporters.Metrics, exporters.ConsoleMetrics, lane)
            readers.append(PeriodicExportingMetricReader(exporter))
        meters = MeterProvider(readers, resource, shutdown_on_exit=False)
        self._ends.extend(reader.shutdown for reader in readers)
        self.instruments = Instruments(meters.get_meter(_SCOPE, self.version))
        logs = LoggerProvider(resource, shutdown_on_exit=False)
        for name in self.wanted.logs:
            lane = self._lane("log record", "log records", exporters.room_of("OTEL_BLRP"))
            keeper = exporters.LogGate(self._exporter(name, exporters.Logs, exporters.ConsoleLogs, lane), lane)
            logs.add_log_record_processor(keeper)
            self._ends.append(keeper.shutdown)
        self.logger = logs.get_logger(_SCOPE, self.version) if self.wanted.logs else None

    @contextmanager
    def span(
        self, name: str, parent: str, kind: Kind, attributes: Mapping[str, Value], links: Sequence[str] = ()
    ) -> Iterator[OpenSpan]:
        """A span around a block; see ``spans.span``."""
        linked = [api.Link(_remote(link)) for link in links[:_MOST_LINKS] if link]
        opened = self.start(name, parent, kind, attributes, linked)
        token = contexts.attach(api.set_span_in_context(opened.span))
        try:
            yield opened
        except RuntimeMissing:
            # The machine lacks something: that is no failure of what was asked.
            raise
        except BaseException as error:
            # Not what it says: that may hold anything.
            opened.set({ERROR_TYPE: type(error).__name__})
            opened.fail(type(error).__name__)
            raise
        finally:
            contexts.detach(token)
            opened.span.end()

    def start(
        self,
        name: str,
        parent: str,
        kind: Kind = "internal",
        attributes: Mapping[str, Value] | None = None,
        links: Sequence[Any] = (),
        start_time: int | None = None,
    ) -> OpenSpan:
        """A span that whoever asked for it ends."""
        # Not the current context: the span of somebody else's instrumentation is no place for these.
        above = context_of(parent)
        span = self.tracer.start_span(name, above, _KINDS[kind], attributes, links, start_time)
        return OpenSpan(span)

    def log(self, text: str, level: int = logging.INFO, trace: str = "") -> None:
        """What was said, as a log record that belongs to the span that is under way, or to ``trace``."""
        if self.logger is None:
            return
        above = context_of(trace) if trace else contexts.get_current()
        number, word = next((pair for least, pair in _SEVERITIES if level >= least), _SEVERITIES[-1][1])
        with suppress(Exception):
            self.logger.emit(context=above, severity_number=number, severity_text=word, body=shown_lines(text)[:4000])

    def end(self, patience: float = PATIENCE) -> str:
        """Deliver what is there, for ``patience`` seconds at most; gives what was lost and why, or nothing."""
        until = seconds() + patience
        self._session.ending = True
        # Daemons: one that a collector holds up does not hold up the process.
        ending = [threading.Thread(target=_quietly, args=(end,), daemon=True) for end in self._ends]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join(max(0.0, until - seconds()))
        if any(thread.is_alive() for thread in ending):
            # What is left behind says nothing either, whenever it comes back.
            for exporter in self._exporters:
                _quietly(exporter.shutdown)
        else:
            self._quiet.end()
        return self.lost()

    def lost(self) -> str:
        """What has not been delivered, on one line; empty where all of it was."""
        said = [text for lane in self.lanes if (text := lane.said())]
        if not said:
            return ""
        faults = [lane.fault or self._session.fault for lane in self.lanes if lane.lost > 0]
        dropped = sum(lane.dropped for lane in self.lanes)
        full = f"{dropped} dropped because the queue was full" if dropped else ""
        why = "; ".join(dict.fromkeys(text for text in (full, *faults) if text)) or "no answer in time"
        return f"{', '.join(said)} not delivered: {why}"

    def _lane(self, one: str, several: str, room: int) -> Lane:
        lane = Lane(one, several, room, why=lambda: self._session.fault, changed=self._changed)
        self.lanes.append(lane)
        return lane

    def _changed(self, lane: Lane) -> None:
        if self.say is not None and not self._session.ending:
            if lane.failing:
                self.say(f"telemetry ({lane.several}) is not delivered: {lane.fault or 'the exporter failed'}")
            else:
                lost = f"; {lane.failed + lane.dropped} were lost" if lane.failed + lane.dropped else ""
                self.say(f"telemetry ({lane.several}) is delivered again{lost}")

    def _exporter(self, name: str, otlp: Any, console: Any, lane: Lane) -> Any:
        if name == "console":
            made = console(out=exporters.standard_error()).watched(lane, self._quiet)
        else:
            made = otlp(session=self._session).watched(lane, self._quiet)
        self._exporters.append(made)
        return made

    def _resource(self) -> Resource:
        # What the variables say goes first, but for the name that the SDK makes up.
        found = Resource.create()
        ours = {"service.version": self.version, **self.more}
        if str(found.attributes.get("service.name", _UNNAMED)).startswith(_UNNAMED):
            return found.merge(Resource({"service.name": self.service, **ours}))
        return Resource(ours).merge(found)


_SEVERITIES: Final = (
    (logging.ERROR, (SeverityNumber.ERROR, "ERROR")),
    (logging.WARNING, (SeverityNumber.WARN, "WARN")),
    (logging.INFO, (SeverityNumber.INFO, "INFO")),
    (0, (SeverityNumber.DEBUG, "DEBUG")),
)


def trace_of(span: Any) -> str:
    """The ``traceparent`` of what belongs below a span of the SDK."""
    found = span.get_span_context()
    return made(found.trace_id, found.span_id, int(found.trace_flags))


def context_of(parent: str) -> Any:
    """The context of what belongs below ``parent``; an empty one where that is empty."""
    if not parent:
        return contexts.Context()
    return api.set_span_in_context(api.NonRecordingSpan(_remote(parent)), contexts.Context())


def _remote(parent: str) -> api.SpanContext:
    trace, span, flags = read(parent)
    return api.SpanContext(trace, span, is_remote=True, trace_flags=api.TraceFlags(flags))


def _quietly(end: Callable[[], None]) -> None:
    with suppress(Exception):
        end()
