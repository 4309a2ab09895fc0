from __future__ import annotations

import pytest

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.telemetry import wanted as module
from pytest_fluxscenario.telemetry.wanted import Choice, Wanted, check_choice, read_wanted

_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_OTLP = ("otlp",)
_ALL = {"traces": _OTLP, "metrics": _OTLP, "logs": _OTLP}
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.mark.parametrize(
    ("environ", "signals"),
    [
        ({_ENDPOINT: "http://a"}, _ALL),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a"}, {"traces": _OTLP}),
        ({"OTEL_LOGS_EXPORTER": "console"}, {"logs": ("console",)}),
        ({"OTEL_TRACES_EXPORTER": " otlp , console,otlp"}, {"traces": ("otlp", "console")}),
        ({_ENDPOINT: "http://a", "OTEL_METRICS_EXPORTER": "none"}, {"traces": _OTLP, "logs": _OTLP}),
        ({_ENDPOINT: "http://a", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, _ALL),
        (
            {
                _ENDPOINT: "http://a",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/protobuf",
            },
            {"logs": _OTLP},
        ),
    ],
)
def test_a_signal_goes_where_a_variable_says(environ: dict[str, str], signals: dict[str, tuple[str, ...]]) -> None:
    found = read_wanted(environ)
    assert found is not None
    assert {name: exporters for name, exporters in found.signals.items() if exporters} == signals


@pytest.mark.parametrize(
    ("environ", "choice"),
    [
        ({}, ""),
        ({_ENDPOINT: " "}, ""),
        ({"OTEL_SERVICE_NAME": "a", "OTEL_RESOURCE_ATTRIBUTES": "a=b"}, ""),
        ({_ENDPOINT: "http://a"}, "off"),
        ({_ENDPOINT: "http://a", "OTEL_SDK_DISABLED": "True"}, ""),
        ({_ENDPOINT: "http://a", "OTEL_SDK_DISABLED": "true"}, "on"),
        (dict.fromkeys(("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"), "none"), ""),
    ],
)
def test_nothing_is_wanted_that_nobody_asks_for(environ: dict[str, str], choice: Choice) -> None:
    assert read_wanted(environ, choice) is None


def test_on_means_the_usual_place_where_nothing_else_is_said() -> None:
    found = read_wanted({"OTEL_METRICS_EXPORTER": "console"}, "on")
    assert found is not None
    assert found.signals == _ALL | {"metrics": ("console",)}
    assert found.named


def test_what_cannot_be_done_is_said_once() -> None:
    found = read_wanted({_ENDPOINT: "http://a", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json\x1b[2J"})
    assert found is not None
    assert not any(found.signals.values())
    assert found.faults == ("OTEL_EXPORTER_OTLP_PROTOCOL is 'http/json\\x1b[2J', and known here is http/protobuf",)


@pytest.mark.parametrize(
    ("text", "parent"),
    [
        (_TRACE, _TRACE),
        (f" {_TRACE}\n", _TRACE),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", ""),
        ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""),
        ("nonsense", ""),
    ],
)
def test_the_parent_is_a_traceparent_or_none(text: str, parent: str) -> None:
    found = read_wanted({_ENDPOINT: "http://a", "TRACEPARENT": text})
    assert found is not None
    assert found.parent == parent


def test_what_was_asked_for_by_name_and_cannot_be_had_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = read_wanted({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "on")
    with pytest.raises(UsageError, match="nothing can be exported: OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'"):
        check_choice(asked, "--otel")
    monkeypatch.setattr(module, "is_installed", lambda: False)
    with pytest.raises(UsageError, match=r"--otel: .*not installed \(pip install 'pytest-fluxscenario\[otel\]'\)"):
        check_choice(Wanted(traces=_OTLP, named=True), "--otel")
    # Variables may be meant for others.
    check_choice(Wanted(traces=_OTLP), "--otel")
    check_choice(None, "--otel")
