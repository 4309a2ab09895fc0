"""One process's telemetry, against a collector that is a server (telemetry.md)."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_fluxscenario.telemetry import exporters
from pytest_fluxscenario.telemetry.opening import open_telemetry
from pytest_fluxscenario.telemetry.provider import Telemetry
from pytest_fluxscenario.telemetry.spans import span
from pytest_fluxscenario.telemetry.wanted import Wanted, read_wanted
from tests.fakes import collector as collectors
from tests.fakes.collector import Collector, collecting
from tests.fakes.waiting import PATIENCE, until

_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@contextmanager
def _exporting(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[Any], None] | None = None, **more: Any
) -> Iterator[tuple[Telemetry, Collector]]:
    with collecting(answer) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        # What the exporters alone would wait for.
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600")
        opened = open_telemetry(read_wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}), "a-service", "1.2", **more)
        assert opened.telemetry is not None
        yield opened.telemetry, collector


def test_spans_lie_in_what_their_parent_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with _exporting(monkeypatch, more={"of": "all"}) as (telemetry, collector):
        with (
            span(telemetry, "outer", _PARENT, "server", {"a": 1, "b": ["x"]}) as outer,
            span(telemetry, "inner", outer.trace, "client", links=[_PARENT, ""]) as inner,
        ):
            inner.fail("it did not work")
        assert telemetry.end() == ""
    assert collector.tree() == ["outer", ["inner"]]
    seen, below = collector.named("outer"), collector.named("inner")
    assert (seen.trace, seen.parent, seen.kind, seen.attributes) == (
        "0af7651916cd43dd8448eb211c80319c",
        "b7ad6b7169203331",
        2,
        {"a": 1, "b": ["x"]},
    )
    assert outer.trace == f"00-{seen.trace}-{seen.id}-01"
    assert (below.status, below.message, below.kind, below.links) == (
        2,
        "it did not work",
        3,
        (("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"),),
    )
    assert (seen.service, seen.resource["service.version"], seen.resource["of"]) == ("a-service", "1.2", "all")


def test_an_exception_is_told_by_its_class_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with _exporting(monkeypatch) as (telemetry, collector):
        with pytest.raises(ValueError, match="secret"), span(telemetry, "fails"):
            raise ValueError("a secret")
        telemetry.end()
    seen = collector.named("fails")
    assert (seen.status, seen.message, seen.attributes) == (2, "ValueError", {"error.type": "ValueError"})
    assert b"secret" not in collector.bytes


def test_without_telemetry_a_span_hands_its_parent_on() -> None:
    with span(None, "nothing", _PARENT, "server", {"a": 1}) as opened:
        opened.set({"b": 2})
        opened.fail("")
        assert opened.trace == _PARENT


def test_logs_belong_to_the_span_that_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    with _exporting(monkeypatch) as (telemetry, collector):
        with span(telemetry, "at work"):
            telemetry.log("said\x1b inside", logging.WARNING)
        telemetry.log("said outside")
        telemetry.log("said of another", logging.ERROR, trace=_PARENT)
        telemetry.end()
    at_work = collector.named("at work")
    assert [(log.body, log.severity, log.trace, log.span) for log in collector.logs] == [
        ("said\\x1b inside", "WARN", at_work.trace, at_work.id),
        ("said outside", "INFO", "", ""),
        ("said of another", "ERROR", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"),
    ]


def test_metrics_are_measured_and_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    with _exporting(monkeypatch) as (telemetry, collector):
        instruments = telemetry.instruments
        for number in (1, 2):
            instruments.count("done", "{thing}", "Things", {"a.b": "c"}, number)
            instruments.lasted("took", "Time", number / 1000, {})
        instruments.watch("waiting", "{thing}", "Things", lambda: [({"pool": "x"}, 7)])
        telemetry.end()
    assert {(point.metric, point.unit): (point.value, point.sum) for point in collector.points} == {
        ("done", "{thing}"): (3, 3),
        ("took", "s"): (2, pytest.approx(0.003)),
        ("waiting", "{thing}"): (7, 7),
    }


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (collectors.refuses, "answers 500"),
        (collectors.hangs, "gives no answer in time"),
        (collectors.garbles, "breaks off, or speaks no HTTP"),
        (collectors.redirects, "sends elsewhere (307)"),
        (collectors.floods, "answers with more than anybody asked for"),
        (collectors.drips, "gives no answer in time"),
    ],
)
def test_a_bad_collector_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, bad: Callable[[Any], None], said: str
) -> None:
    with _exporting(monkeypatch, bad) as (telemetry, collector):
        with span(telemetry, "one"):
            pass
        begun = time.monotonic()
        lost = telemetry.end(0.7)
        assert time.monotonic() - begun < PATIENCE
    assert lost.startswith("1 of 1 span")
    assert lost.endswith(f" not delivered: {collector.url} {said}")
    assert caplog.records == []


def test_where_nobody_is_there_nothing_is_tried_twice_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600")
    telemetry = Telemetry(Wanted(traces=("otlp",)), "a", "1")
    with span(telemetry, "one"):
        pass
    begun = time.monotonic()
    assert telemetry.end(600) == "1 of 1 span not delivered: http://127.0.0.1:9 cannot be reached"
    # The exporter alone tries for ten minutes.
    assert time.monotonic() - begun < PATIENCE


def test_a_service_says_when_delivering_fails_and_when_it_is_well_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    with _exporting(monkeypatch, collectors.redirects, say=told.append) as (telemetry, collector):
        for answer in (collectors.redirects, collectors.redirects, None, None):
            collector.answer = answer
            with span(telemetry, "one"):
                pass
            until(lambda: all(lane.taken == lane.delivered + lane.failed for lane in telemetry.lanes))
        lost = telemetry.end()
    assert told == [
        f"telemetry (spans) is not delivered: {collector.url} sends elsewhere (307)",
        "telemetry (spans) is delivered again; 2 were lost",
    ]
    assert lost.startswith("2 of 4 spans not delivered: ")


def test_a_queue_that_is_full_drops_and_counts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "5")
    with _exporting(monkeypatch, collectors.hangs) as (telemetry, _):
        begun = time.monotonic()
        for _ in range(1_000):
            with span(telemetry, "one"):
                pass
        # Nobody waits for room: the collector would not make any for minutes.
        assert time.monotonic() - begun < PATIENCE
        lost = telemetry.end(0.2)
    assert lost.startswith("1000 of 1000 spans")
    assert "995 dropped because the queue was full" in lost
    assert caplog.records == []


def test_nothing_is_taken_from_the_chance_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with _exporting(monkeypatch) as (telemetry, collector):
        random.seed(3)
        for _ in range(2):
            with span(telemetry, "one"):
                random.seed(3)
        drawn = random.random()  # noqa: S311 - a test's own number
        telemetry.end()
    random.seed(3)
    assert drawn == random.random()  # noqa: S311 - as above
    assert len({seen.id for seen in collector.spans}) == len({seen.trace for seen in collector.spans}) == 2


def test_nothing_global_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry import trace

    before = trace.get_tracer_provider()
    filters = [logging.getLogger(name).filters[:] for name in ("urllib3.connectionpool",)]
    with _exporting(monkeypatch) as (telemetry, _):
        assert trace.get_tracer_provider() is before
        telemetry.end()
    assert [logging.getLogger(name).filters for name in ("urllib3.connectionpool",)] == filters


def test_what_the_libraries_raise_is_a_line_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("of another version\x1b")

    monkeypatch.setattr(exporters.Spans, "__init__", broken)
    opened = open_telemetry(Wanted(traces=("otlp",)), "a", "1")
    assert opened.telemetry is None
    assert opened.faults == ("telemetry cannot begin: RuntimeError: of another version\\x1b",)
