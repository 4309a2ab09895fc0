"""One trace across pytest, a Mixer and racks, all of them processes, and a collector (telemetry.md)."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_fluxscenario.fleet.messages.message import Evidence, Work
from pytest_fluxscenario.fleet.messages.subjects import once_key, work
from pytest_fluxscenario.fleet.rack.config import LinkConfig, RackConfig
from pytest_fluxscenario.fleet.rack.rack import Rack
from pytest_fluxscenario.fleet.rack.slot import Slot
from pytest_fluxscenario.fleet.rack.state import RackState
from pytest_fluxscenario.fleet.snake.transport import Terms, Transport
from pytest_fluxscenario.telemetry.provider import Telemetry
from pytest_fluxscenario.telemetry.wanted import Wanted
from tests.fakes.collector import Collector, SeenSpan, collecting
from tests.fakes.fleet import TOKEN, running_mixer
from tests.fakes.hooks import answering
from tests.fakes.memory import Hub, MemoryTransport
from tests.fakes.packs import failing, needs_hook, scenario, step, write, write_hook, write_pack
from tests.fakes.quiet import QUIETER
from tests.fakes.waiting import until
from tests.fleet.desk import cases_of, open_desk

_TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass
class Fleet:
    """A Mixer and racks, started as their owners do."""

    root: Path
    environ: dict[str, str]
    url: str = ""
    snake: str = ""
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def mixer(self) -> None:
        racks = {"auto_adopt": True, "beat": 0.2}
        listen = {"listen": "127.0.0.1:0"}
        config = {"api": listen, "snake": listen, "racks": racks, "work": {"ack_wait": 2}}
        (self.root / "mixer.yaml").write_text(json.dumps(config))
        log = self._start("mixer", "pytest_fluxscenario.cli.mixer", "-c", "mixer.yaml")
        found = until(lambda: re.search(r"mixer: (http\S+) .* Snake (nats://[^,]+),", log.read_text()))
        self.url, self.snake = found[1], found[2]

    def rack(self, name: str, **more: object) -> None:
        snake = {"url": self.snake, "joining": "data/keys/joining.nk"}
        config = {"name": name, "data": name, "slots": 2, "snake": snake, **more}
        (self.root / f"{name}.yaml").write_text(json.dumps(config))
        log = self._start(name, "pytest_fluxscenario.cli.main", "rack", "start", "-c", f"{name}.yaml")
        until(lambda: re.search("active, at", log.read_text()))

    def pytest(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", *QUIETER, f"--fluxscenario-mixer={self.url}", *arguments, "packs"],
            cwd=self.root,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def end(self) -> None:
        """As SIGTERM does: racks first."""
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def _start(self, name: str, module: str, *arguments: str) -> Path:
        log = self.root / f"{name}.log"
        with log.open("wb") as file:
            command = [sys.executable, "-m", module, *arguments]
            self._running.append(
                subprocess.Popen(command, cwd=self.root, env=self.environ, stdin=subprocess.DEVNULL, stderr=file)
            )
        return log


@contextmanager
def _fleet(root: Path, **environ: str) -> Iterator[Fleet]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    fleet = Fleet(root, {**kept, "FLUXRIG_API_TOKEN": TOKEN, **environ})
    try:
        fleet.mixer()
        yield fleet
    finally:
        fleet.end()


def _by_name(spans: list[SeenSpan], name: str) -> list[SeenSpan]:
    return [span for span in spans if span.name == name]


def test_pytest_mixer_and_racks_give_one_trace(tmp_path: Path) -> None:
    pack = write_hook(write_pack(tmp_path / "packs" / "small"), answering('{"risky": False}'))
    (tmp_path / "pytest.ini").write_text("[pytest]\nfluxscenario_redact = tok-[0-9]+\n")
    named = step("with tok-2026", payload={"what": "a payload nobody exports"})
    write(pack / "scenarios" / "all.scenario.json", scenario("good", named), failing(), needs_hook())
    with collecting() as collector:
        with _fleet(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as fleet:
            fleet.rack("one")
            fleet.rack("two")
            run = fleet.pytest("-n2", TRACEPARENT=_TRACEPARENT)
            assert run.returncode == 1, run.stdout
        said = "".join(log.read_text() for log in tmp_path.glob("*.log"))
        assert "telemetry" not in said, said
        assert {span.trace for span in collector.spans} == {_TRACEPARENT.split("-")[1]}
        _check_trace(collector.spans)
        _check_metrics(collector)
    logs = {(log.resource["service.name"], log.body) for log in collector.logs}
    assert ("fluxrig-mixer", "0 racks known; Ctrl-C ends it") in logs
    assert ("fluxrig-rack", f"active, at {fleet.snake}") in logs
    assert {log.resource.get("fluxscenario.rack") for log in collector.logs} == {"one", "two", None}
    for secret_text in (b"tok-2026", b"nobody exports", TOKEN.encode()):
        assert secret_text not in collector.bytes


def _check_trace(spans: list[SeenSpan]) -> None:
    """Of a session with two workers on two racks."""
    by_id = {span.id: span for span in spans}
    (session,) = _by_name(spans, "pytest")
    assert (session.parent, session.service) == (_TRACEPARENT.split("-")[2], "pytest-fluxscenario")
    assert [span.name for span in spans if span.parent not in by_id] == ["pytest"]
    assert session.attributes["fluxscenario.where"] == "mixer"
    # Both workers submit the run; it is the same.
    taken = _by_name(spans, "take a run")
    assert {(span.parent, span.service, span.kind) for span in taken} == {(session.id, "fluxrig-mixer", 2)}
    (run,) = {span.attributes["fluxscenario.run"] for span in taken}
    done = _by_name(spans, "work")
    assert {(span.parent, span.service, span.kind) for span in done} == {(taken[0].id, "fluxrig-rack", 5)}
    assert [span.attributes["fluxscenario.run"] for span in done] == [run] * 3
    assert all(span.attributes["fluxscenario.delivery"] >= 1 for span in done)
    below = {span.name: span for span in spans if by_id.get(span.parent) in done}
    assert set(below) == {"scenario good", "scenario bad", "scenario hooked"}
    assert {below[name].status for name in ("scenario good", "scenario hooked")} == {0}
    assert below["scenario bad"].status == 2
    assert [span.name for span in spans if span.parent == below["scenario bad"].id] == [
        "step first",
        "step wrong",
        "step last",
    ]
    assert [span.name for span in spans if span.parent == below["scenario good"].id] == ["step with [redacted]"]
    (hook,) = _by_name(spans, "hook assess")
    assert by_id[hook.parent].parent == below["scenario hooked"].id
    stored = _by_name(spans, "store records")
    assert {(span.parent, span.service) for span in stored} == {(taken[0].id, "fluxrig-mixer")}
    assert sorted(link for span in stored for link in span.links) == sorted((span.trace, span.id) for span in done)
    assert sum(span.attributes["fluxscenario.records.new"] for span in stored) == 3
    waits = _by_name(spans, "wait for a record")
    assert {(span.parent, span.service, span.kind) for span in waits} == {(session.id, "pytest-fluxscenario", 3)}
    assert sorted(span.attributes["fluxscenario.verdict"] for span in waits) == ["failed", "passed", "passed"]
    racks = {span.attributes["fluxscenario.rack"] for span in done}
    assert racks == {span.attributes["fluxscenario.rack"] for span in waits} <= {"one", "two"}


def _check_metrics(collector: Collector) -> None:
    value = collector.value
    assert value("fluxscenario.scenarios", verdict="passed") == 2
    assert value("fluxscenario.scenarios", verdict="failed") == 1
    assert value("fluxscenario.hook.duration") == 1
    assert value("fluxscenario.rack.scenarios", outcome="ran") == 3
    assert value("fluxscenario.mixer.records", verdict="passed") == 2
    assert value("fluxscenario.mixer.records", verdict="failed", outcome="ran") == 1
    assert value("fluxscenario.mixer.queue.size", pool="default") == 0
    assert value("fluxscenario.mixer.runs") == 0
    assert sum(value("fluxscenario.mixer.racks", state=state) for state in ("active", "offline")) == 2
    assert sum(value("fluxscenario.rack.slots", state=state) for state in ("busy", "free")) == 4
    # By both workers.
    assert value("http.server.request.duration", route="/v1/runs/{run}", method="PUT", status_code=200) == 2


def _telemetry(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    """Of a rack in this process; the variable is there as long as it is made."""
    with monkeypatch.context() as there:
        there.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        return Telemetry(Wanted(("otlp",), ("otlp",), ("otlp",)), "fluxrig-rack", "1")


def _rack(hub: Hub, folder: Path, telemetry: Telemetry) -> Rack:
    config = RackConfig(name="one", data=str(folder), snake=LinkConfig(joining="given"), drain_seconds=5)

    async def connect(_: str) -> Transport:
        return MemoryTransport(hub)

    rack = Rack(config, RackState.open(config.data, config.name), connect, telemetry.log, telemetry)
    rack.work.look = 0.1
    return rack


def test_who_has_no_telemetry_hands_the_trace_on_and_who_cannot_redact_says_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the session nor the Mixer has it; the pipeline and a rack do."""
    write(write_pack(tmp_path / "packs" / "small") / "scenarios" / "a.scenario.json", scenario("good"))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    with collecting() as collector, running_mixer(tmp_path / "mixer") as mixer:
        telemetry = _telemetry(collector, monkeypatch)
        rack, end = _rack(mixer.hub, tmp_path / "rack", telemetry), asyncio.Event()
        working = asyncio.run_coroutine_threadsafe(rack.run(end, asyncio.Event()), mixer.loop)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        fleet = Fleet(tmp_path, {**kept, "FLUXRIG_API_TOKEN": TOKEN, "MY_SECRET": "good"}, mixer.url)
        run = fleet.pytest(TRACEPARENT=_TRACEPARENT)
        secret = fleet.pytest("-o", "fluxscenario_redact_env=MY_SECRET")
        mixer.loop.call_soon_threadsafe(end.set)
        working.result(30)
        telemetry.end()
    assert (run.returncode, secret.returncode) == (0, 0), run.stdout + secret.stdout
    # A rack does not know what the second session redacts: it says no name of a file.
    named = ["work", ["scenario good", ["step start"]]]
    assert collector.tree() == [*named, "work", ["scenario [redacted]", ["step [redacted]"]]]
    first, _ = _by_name(collector.spans, "work")
    assert [first.trace, first.parent] == _TRACEPARENT.split("-")[1:3]
    hidden = [span for span in collector.spans if span.trace != first.trace]
    assert not any("good" in str(value) for span in hidden for value in (span.name, *span.attributes.values()))


class _Broken(Slot):
    async def run(self, *_: object) -> list[Evidence]:
        raise RuntimeError("the slot broke")


def test_what_a_rack_loses_and_gives_up_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(collector: Collector) -> None:
        hub, telemetry = Hub(), _telemetry(collector, monkeypatch)
        link = MemoryTransport(hub)
        async with open_desk(link, tmp_path / "desk", terms=Terms(ack_wait=0.3)) as desk:
            rack, end = _rack(hub, tmp_path / "rack", telemetry), asyncio.Event()
            rack.work._free = [_Broken("one", rack.kept.blobs)]
            working = asyncio.create_task(rack.run(end, asyncio.Event()))
            (case,) = cases_of(tmp_path, desk, 1)
            body = Work(case=case, tries=2)
            data = desk.writer.encoded(body, run="run-0001", trace=_TRACEPARENT)
            await link.publish(work("default").of("run-0001"), data, once_key("run-0001", case.item, 1))
            await desk.collect(1)
            end.set()
            await working
            ((said,),) = desk.evidence.values()
            assert said.outcome == "given-up"
        await asyncio.to_thread(telemetry.end)

    with collecting() as collector:
        asyncio.run(main(collector))
    spans = _by_name(collector.spans, "work")
    assert {(span.trace, span.parent) for span in spans} == {tuple(_TRACEPARENT.split("-")[1:3])}
    assert [(span.attributes["fluxscenario.delivery"], span.status, span.message) for span in spans] == [
        (1, 2, "RuntimeError"),
        (2, 2, "RuntimeError"),
        (3, 2, "given-up"),
    ]
    lost = [log for log in collector.logs if log.body == "lost a scenario to RuntimeError: the slot broke"]
    assert [(log.trace, log.span) for log in lost] == [(span.trace, span.id) for span in spans[:2]]
    assert collector.value("fluxscenario.rack.redeliveries") == 2
    assert collector.value("fluxscenario.rack.scenarios", outcome="given-up") == 1
