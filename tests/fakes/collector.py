"""A collector: an HTTP server that takes OTLP as protobuf, and keeps what it was given. It can also be a bad one."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_KINDS: dict[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


@dataclass(frozen=True)
class SeenSpan:
    name: str
    trace: str
    id: str
    parent: str
    kind: int
    #: 0 unset, 1 ok, 2 error.
    status: int
    message: str
    start: int
    end: int
    attributes: dict[str, Any]
    links: tuple[tuple[str, str], ...]
    resource: dict[str, Any]

    @property
    def service(self) -> str:
        return str(self.resource["service.name"])


@dataclass(frozen=True)
class SeenPoint:
    metric: str
    unit: str
    attributes: dict[str, Any]
    #: Of a histogram how many were measured.
    value: float
    sum: float
    resource: dict[str, Any]


@dataclass(frozen=True)
class SeenLog:
    body: str
    severity: str
    trace: str
    span: str
    resource: dict[str, Any]


@dataclass
class Collector:
    """``answer`` says what becomes of a request, and may write to it what it likes."""

    url: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[Any], None] | None = None

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.requests.append(
            (path, headers, gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
        )

    def _of(self, path: str) -> Iterator[Any]:
        for known, headers, body in list(self.requests):
            if known == path:
                assert headers["content-type"] == "application/x-protobuf"
                yield _KINDS[path].FromString(body)

    @property
    def spans(self) -> list[SeenSpan]:
        """All spans, in the order of their beginning."""
        found = [
            _span(span, _plain(one.resource.attributes))
            for request in self._of("/v1/traces")
            for one in request.resource_spans
            for scope in one.scope_spans
            for span in scope.spans
        ]
        return sorted(found, key=lambda span: span.start)

    def named(self, name: str) -> SeenSpan:
        """The only span that is called so."""
        (span,) = [span for span in self.spans if span.name == name]
        return span

    def children(self, span: SeenSpan) -> list[str]:
        """The names of what lies in a span, in order."""
        return [other.name for other in self.spans if other.parent == span.id]

    def tree(self, parent: str = "") -> list[Any]:
        """Names, each followed by the list of what lies in it; what has an unknown parent is at the top."""
        spans = self.spans
        known = {span.id for span in spans}
        top = [span for span in spans if (span.parent == parent if parent else span.parent not in known)]
        found: list[Any] = []
        for span in top:
            found.append(span.name)
            below = self.tree(span.id)
            if below:
                found.append(below)
        return found

    @property
    def points(self) -> list[SeenPoint]:
        """The last value of each metric, by service instance and attributes."""
        found: dict[Any, SeenPoint] = {}
        for request in self._of("/v1/metrics"):
            for one in request.resource_metrics:
                resource = _plain(one.resource.attributes)
                for scope in one.scope_metrics:
                    for metric in scope.metrics:
                        for point in _points(metric, resource):
                            key = point.metric, resource["service.instance.id"], tuple(sorted(point.attributes.items()))
                            found[key] = point
        return list(found.values())

    def value(self, metric: str, **attributes: Any) -> float:
        """The sum of a metric over all processes; attributes as they are called behind their last dot."""
        points = [point for point in self.points if point.metric == metric]
        short = [
            ({name.rpartition(".")[2]: said for name, said in point.attributes.items()}, point) for point in points
        ]
        return sum(point.value for names, point in short if attributes.items() <= names.items())

    @property
    def logs(self) -> list[SeenLog]:
        return [
            SeenLog(
                record.body.string_value,
                record.severity_text,
                record.trace_id.hex(),
                record.span_id.hex(),
                _plain(one.resource.attributes),
            )
            for request in self._of("/v1/logs")
            for one in request.resource_logs
            for scope in one.scope_logs
            for record in scope.log_records
        ]

    @property
    def bytes(self) -> bytes:
        """All that was sent."""
        return b"\n".join(body for _, _, body in self.requests)


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None


def _plain(attributes: Any) -> dict[str, Any]:
    return {one.key: _value(one.value) for one in attributes}


def _span(span: Any, resource: dict[str, Any]) -> SeenSpan:
    return SeenSpan(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.kind,
        span.status.code,
        span.status.message,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _plain(span.attributes),
        tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        resource,
    )


def _points(metric: Any, resource: dict[str, Any]) -> Iterator[SeenPoint]:
    kind = metric.WhichOneof("data")
    for point in getattr(metric, kind).data_points:
        attributes = _plain(point.attributes)
        if kind == "histogram":
            yield SeenPoint(metric.name, metric.unit, attributes, point.count, point.sum, resource)
        else:
            number = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
            yield SeenPoint(metric.name, metric.unit, attributes, number, number, resource)


@contextmanager
def collecting(answer: Callable[[Any], None] | None = None) -> Iterator[Collector]:
    """A collector on a free port."""
    collector = Collector(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if collector.answer is not None:
                self.close_connection = True
                with suppress(OSError):
                    collector.answer(self)
                return
            collector.take(self.path, headers, body)
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refuses(handler: BaseHTTPRequestHandler) -> None:
    """Answers 500."""
    handler.send_error(500)


def hangs(handler: BaseHTTPRequestHandler) -> None:
    """Answers nothing, until the other side has gone."""
    handler.connection.settimeout(600)
    with suppress(OSError):
        handler.rfile.read(1)


def garbles(handler: BaseHTTPRequestHandler) -> None:
    """Answers what is no HTTP."""
    handler.wfile.write(b"\x00\xff no protocol at all \r\n\r\n" * 100)


def redirects(handler: BaseHTTPRequestHandler) -> None:
    """Sends elsewhere."""
    handler.send_response(307)
    handler.send_header("location", "http://127.0.0.1:9/v1/traces")
    handler.send_header("content-length", "0")
    handler.end_headers()


def floods(handler: BaseHTTPRequestHandler) -> None:
    """Answers without an end."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


def drips(handler: BaseHTTPRequestHandler) -> None:
    """Answers a byte at a time."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(6_000):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)
