"""``fluxrig scenario run`` exports what a session of pytest does (telemetry.md)."""

from __future__ import annotations

import json

import pytest

from pytest_fluxscenario.cli.fleet.mixers import client_of_process
from tests.fakes.collector import collecting
from tests.fakes.packs import failing, scenario
from tests.unit.cli.conftest import Rig

_TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_run_is_one_trace(rig: Rig) -> None:
    rig.add("a.json", scenario("good"), failing())
    with collecting() as collector:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "TRACEPARENT": _TRACEPARENT}
        run = rig("scenario", "run", "packs", "--redact", "goo.", env=environ)
    assert (run.returncode, run.stderr) == (1, "")
    below = ["scenario [redacted]", ["step start"], "scenario bad", ["step first", "step wrong", "step last"]]
    assert collector.tree() == ["fluxrig scenario run", below]
    top = collector.named("fluxrig scenario run")
    assert [top.trace, top.parent] == _TRACEPARENT.split("-")[1:3]
    assert (top.service, top.status, top.attributes["fluxscenario.exit_status"]) == ("fluxrig", 2, 1)
    manifest, records = rig.evidence()
    assert top.attributes["fluxscenario.evidence.root"] == manifest["root"]
    (ref,) = [record["ref"] for record in records if record["result"]["verdict"] == "failed"]
    assert collector.named("scenario bad").attributes["fluxscenario.evidence.ref"] == ref
    assert collector.value("fluxscenario.scenarios", verdict="passed") == 1
    assert b"good" not in collector.bytes


def test_without_evidence_the_spans_are_the_same(rig: Rig) -> None:
    rig.add("a.json", scenario("good"))
    with collecting() as collector:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        assert rig("scenario", "run", "packs", "--evidence", "off", env=environ).returncode == 0
        assert collector.tree() == ["fluxrig scenario run", ["scenario good", ["step start"]]]
        collector.requests.clear()
        assert rig("scenario", "run", "packs", "--otel", "off", env=environ).returncode == 0
        (rig.root / "pytest.ini").write_text("[pytest]\nfluxscenario_otel = off\n")
        assert rig("scenario", "run", "packs", env=environ).returncode == 0
    assert collector.requests == []


def test_nobody_at_the_endpoint_is_a_line_on_standard_error(rig: Rig) -> None:
    rig.add("a.json", scenario("good"))
    run = rig("scenario", "run", "packs", "--json", env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    assert run.returncode == 0
    assert json.loads(run.stdout)["verdict"] == "passed"
    assert run.stderr.startswith("telemetry: 3 of 3 spans, ")
    assert run.stderr.endswith("not delivered: http://127.0.0.1:9 cannot be reached\n")


def test_what_was_asked_for_and_cannot_be_had_is_bad_usage(rig: Rig) -> None:
    rig.add("a.json", scenario("good"))
    run = rig("scenario", "run", "packs", "--otel", "on", env={"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        "--otel: telemetry was asked for, and nothing can be exported: OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc', and known"
        " here is http/protobuf (see docs/telemetry.md)\n"
    )
    (rig.root / "pytest.ini").write_text("[pytest]\nfluxscenario_otel = maybe\n")
    run = rig("scenario", "run", "packs")
    assert run.returncode == 2
    assert run.stderr.endswith("pytest.ini: fluxscenario_otel is 'maybe' (it can be 'on' or 'off')\n")


@pytest.mark.parametrize(("given", "passed_on"), [(_TRACEPARENT, _TRACEPARENT), ("nonsense\r\nx: y", ""), (None, "")])
def test_what_asks_a_mixer_passes_on_the_trace_of_whoever_starts_it(
    monkeypatch: pytest.MonkeyPatch, given: str | None, passed_on: str
) -> None:
    monkeypatch.delenv("TRACEPARENT", raising=False)
    if given is not None:
        monkeypatch.setenv("TRACEPARENT", given)
    assert client_of_process().trace == passed_on
