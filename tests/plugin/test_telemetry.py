"""What a session exports by OpenTelemetry, to a collector that takes it and to some that do not (telemetry.md)."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

# pytester forgets what a run imports, and these cost a quarter of a second.
from pytest_fluxscenario.telemetry import provider
from pytest_fluxscenario.telemetry import scenario as watch
from tests.fakes import collector as collectors
from tests.fakes.collector import Collector, collecting
from tests.fakes.hooks import answering
from tests.fakes.packs import failing, needs_hook, scenario, step, write_hook
from tests.fakes.project import Project, text_of
from tests.fakes.waiting import PATIENCE

_KEPT = (provider, watch)
#: Plugins of the environment that would keep scenarios from the short way through pytest (ADR 8).
_UNWATCHED = ("-p", "no:rerunfailures", "-p", "no:anyio", "-p", "no:xdist")
_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        yield found


def _various(project: Project) -> None:
    write_hook(project.pack, answering('{"risky": call["payload"].get("files", 0) > 20}'))
    no = {"status": "nok", "route": "Blocked", "gate_id": "check_needs_facts"}
    many = step("many", "work.check", payload={"files": 40}, expect=no)
    project.add("a.json", scenario("hooked", many, step("few", "work.check", payload={"files": 3})))
    project.add("b.json", failing(), scenario("good"))


def test_a_session_is_one_trace_of_its_scenarios_steps_and_hooks(
    project: Project, collector: Collector, monkeypatch: pytest.MonkeyPatch, plugin_args: tuple[str, ...]
) -> None:
    _various(project)
    project.add("c.json", scenario("faulted", _check() | {"expectation": _FAILED}, faults={"assess": "timeout"}))
    monkeypatch.setenv("TRACEPARENT", _PARENT)
    before = time.time_ns()
    result = project.run_with(plugin_args)
    after = time.time_ns()
    result.assert_outcomes(passed=3, failed=1)
    assert "telemetry" not in text_of(result)
    [top, below] = collector.tree()
    assert top == "pytest"
    found = dict(zip(below[::2], below[1::2], strict=True))
    assert found == {
        "scenario hooked": ["step many", ["hook assess"], "step few", ["hook assess"]],
        "scenario bad": ["step first", "step wrong", "step last"],
        "scenario good": ["step start"],
        "scenario faulted": ["step check", ["hook assess"]],
    }
    spans = collector.spans
    assert {span.trace for span in spans} == {_PARENT.split("-")[1]}
    assert collector.named("pytest").parent == _PARENT.split("-")[2]
    assert {span.service for span in spans} == {"pytest-fluxscenario"}
    by_id = {span.id: span for span in spans}
    assert len(by_id) == len(spans)
    assert all(before <= span.start <= span.end <= after for span in spans)
    inside = [span for span in spans if span.parent in by_id]
    assert all(by_id[span.parent].start <= span.start and span.end <= by_id[span.parent].end for span in inside)
    # A hook is a process: the span is as long as that takes, and no longer than its step.
    called = [span.end - span.start for span in spans if span.name == "hook assess" and span.status == 0]
    assert len(called) == 2
    assert all(took > 5_000_000 for took in called)
    assert collector.value("fluxscenario.scenarios", verdict="passed", id="small") == 3
    assert collector.value("fluxscenario.scenarios", verdict="failed") == 1
    assert collector.value("fluxscenario.scenario.duration") == 4
    assert collector.value("fluxscenario.hook.duration", status="ok", id="assess") == 2
    assert collector.value("fluxscenario.hook.failures") == 1
    assert collector.value("fluxscenario.hook.failures", status="timeout", id="assess") == 1
    measured = [point for point in collector.points if point.metric == "fluxscenario.hook.duration"]
    whole = sum(point.sum for point in measured if point.attributes["fluxscenario.hook.status"] == "ok")
    assert whole == pytest.approx(sum(called) / 1e9, rel=0.2)


def _check() -> dict[str, Any]:
    return step("check", "work.check")


_FAILED = {"status": "nok", "route": "InstructAgent"}


def test_spans_say_what_the_evidence_says(project: Project, collector: Collector) -> None:
    _various(project)
    project.run()
    records = {record["id"].split("::")[1]: record for record in project.records()}
    bad = collector.named("scenario bad")
    assert bad.attributes == {
        "test.case.name": records["bad"]["id"],
        "test.suite.name": "packs/small/scenarios/b.json",
        "test.case.result.status": "fail",
        "fluxscenario.scenario.id": "bad",
        "fluxscenario.scenario.hash": records["bad"]["result"]["scenario"]["hash"],
        "fluxscenario.profile.id": "small",
        "fluxscenario.profile.version": "1.0.0",
        "fluxscenario.profile.hash": records["bad"]["result"]["profile"]["hash"],
        "fluxscenario.attempt": 1,
        "fluxscenario.worker": "main",
        "fluxscenario.gear": "engine",
        "fluxscenario.steps": 3,
        "fluxscenario.verdict": "failed",
        "fluxscenario.evidence.ref": records["bad"]["ref"],
    }
    assert (bad.status, bad.message) == (2, "1 of 3 steps came back otherwise than expected")
    wrong = collector.named("step wrong")
    assert (wrong.status, wrong.message) == (2, "otherwise than expected: status, route")
    assert wrong.attributes["fluxscenario.mismatches"] == ["status", "route"]
    many = collector.named("step many")
    assert many.status == 0
    said = {name.removeprefix("fluxscenario."): value for name, value in many.attributes.items()}
    assert said == {
        "step.index": 1,
        "step.name": "many",
        "verdict": "passed",
        "action": "work.check",
        "actor.role": "agent",
        "status": "nok",
        "route": "Blocked",
        "gate.id": "check_needs_facts",
        "gate.type": records["hooked"]["result"]["steps"][0]["response"]["gate_type"],
    }
    session = collector.named("pytest")
    assert session.attributes["fluxscenario.evidence.root"] == project.manifest()["root"]
    assert session.attributes["test.suite.run.status"] == "failure"
    assert (session.attributes["fluxscenario.exit_status"], session.status) == (1, 2)


def test_a_hook_is_told_with_what_its_result_is_worth(project: Project, collector: Collector) -> None:
    """The call came back; that it claims authority is the engine's judgement."""
    write_hook(project.pack, answering('{"risky": False, "route": "Continue"}'))
    project.add("a.json", needs_hook("claims"))
    project.run().assert_outcomes(failed=1)
    hook = collector.named("hook assess")
    assert (hook.attributes["fluxscenario.hook.status"], hook.status) == ("forbidden_field", 2)


def test_what_is_not_sampled_is_not_exported_by_workers_either(
    project: Project, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    project.add("a.json", scenario("one"))
    project.spawn("-n1").assert_outcomes(passed=1)
    assert collector.spans == []
    assert collector.value("fluxscenario.scenarios") == 1


def test_the_variables_name_the_service(
    project: Project, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "review-rules")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "cicd.pipeline.run.id=47,service.version=7")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a")
    project.add("a.json", scenario("one"))
    project.run()
    (span, *_) = collector.spans
    assert (span.service, span.resource["cicd.pipeline.run.id"], span.resource["service.version"]) == (
        "review-rules",
        "47",
        "7",
    )
    assert {headers["content-encoding"] for _, headers, _ in collector.requests} == {"gzip"}
    assert {headers["x-tenant"] for _, headers, _ in collector.requests} == {"a"}


def test_evidence_output_and_status_are_those_of_a_session_without(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.ini("fluxscenario_redact = bad")
    _various(project)
    plain = project.run("-v")
    manifest, records = project.manifest(), project.records()
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        traced = project.run("-v")
        assert collector.spans
    assert traced.ret == plain.ret
    assert [record["ref"] for record in project.records()] == [record["ref"] for record in records]
    # What is redacted for the collector is not counted.
    assert project.manifest()["redactions"] == manifest["redactions"]
    assert {
        name: one for name, one in project.manifest().items() if name in ("root", "counts", "verdict", "coverage")
    } == {name: one for name, one in manifest.items() if name in ("root", "counts", "verdict", "coverage")}
    lines = [line for line in plain.outlines if " in " not in line and not line.startswith("rootdir")]
    assert lines == [line for line in traced.outlines if " in " not in line and not line.startswith("rootdir")]


def test_a_scenario_that_fails_is_exported_once(project: Project, collector: Collector) -> None:
    """Without hooks it is run again to be told (ADR 8); not where that would be told twice."""
    project.add("a.json", failing("f1"), failing("f2"))
    project.run(*_UNWATCHED).assert_outcomes(failed=2)
    assert sorted(span.name for span in collector.spans if span.name.startswith("scenario")) == [
        "scenario f1",
        "scenario f2",
    ]


def test_a_scenario_whose_hook_cannot_run_here_is_skipped_and_exported_once(
    project: Project, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_hook(project.pack, "", kind="js_ts_stdio", command=["node", "logic/facts.js"])
    (project.pack / "logic").mkdir(exist_ok=True)
    (project.pack / "logic" / "facts.js").write_text("")
    monkeypatch.setenv("PATH", str(project.root))
    project.add("a.json", needs_hook("lacks"))
    project.run(*_UNWATCHED).assert_outcomes(skipped=1)
    span = collector.named("scenario lacks")
    assert (span.attributes["fluxscenario.verdict"], span.status) == ("skipped", 0)
    assert "test.case.result.status" not in span.attributes


def test_a_further_attempt_is_a_span_of_its_own(project: Project, collector: Collector) -> None:
    project.add("a.json", failing("again"))
    project.run("-p", "rerunfailures", "--reruns=1")
    attempts = [span.attributes["fluxscenario.attempt"] for span in collector.spans if span.name == "scenario again"]
    assert attempts == [1, 2]


def test_no_secret_and_no_payload_is_exported(
    project: Project, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "wholly-unlikely-value")
    project.ini("fluxscenario_redact_env = MY_SECRET", "fluxscenario_redact =", "    tok-[0-9]+")
    long = "x" * 290 + "wholly-unlikely-value"
    named = step("names tok-20261231", payload={"what": "a payload nobody exports"})
    project.add("tok-20261231.json", scenario("wholly-unlikely-value", named, step(long)), failing("tok-99"))
    project.text("conftest.py", _RAISING)
    project.run()
    assert len(collector.spans) >= 6
    for secret in (b"wholly", b"unlikely", b"tok-2", b"tok-9", b"nobody exports", b"a reason with", b"Boom of"):
        assert secret not in collector.bytes
    assert b"[redacted]" in collector.bytes


_RAISING = """\
import pytest

class Raises:
    def __init__(self, inner, name):
        self.inner, self.name = inner, name

    def begin(self, run_id, given):
        self.inner.begin(run_id, given)

    def approve(self, run_id, approval):
        self.inner.approve(run_id, approval)

    def decide(self, request):
        if self.name == "tok-99":
            raise RuntimeError("Boom of a payload")
        return self.inner.decide(request)

@pytest.fixture
def fluxscenario_control(fluxscenario_case, fluxscenario_step_hooks):
    return Raises(fluxscenario_case.control(fluxscenario_step_hooks), fluxscenario_case.scenario.id)
"""


@pytest.mark.parametrize("bad", [collectors.refuses, collectors.hangs])
def test_a_bad_collector_costs_a_line_and_some_seconds(
    project: Project, monkeypatch: pytest.MonkeyPatch, bad: Callable[[Any], None]
) -> None:
    project.add("a.json", scenario("one"))
    with collecting(bad) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        # What the exporters alone would wait for.
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600")
        begun = time.monotonic()
        result = project.run()
        took = time.monotonic() - begun
    result.assert_outcomes(passed=1)
    assert result.ret == 0
    (line,) = [line for line in result.outlines if "telemetry" in line]
    assert line.startswith("fluxscenario: telemetry: 3 of 3 spans, 1 of 1 export of metrics not delivered: ")
    assert collector.url in line
    assert took < PATIENCE
    assert "Traceback" not in text_of(result)


def test_nobody_at_the_endpoint_is_told_once_for_all_processes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:password@127.0.0.1:9")
    project.add("a.json", scenario("one"), scenario("two"), failing())
    result = project.spawn("-n2")
    assert result.ret == 1
    (line,) = [line for line in result.outlines if "telemetry" in line]
    assert "not delivered: http://127.0.0.1:9 cannot be reached" in line
    assert "password" not in text_of(result)
    # What the libraries log in their threads is nothing of the tests'.
    assert "Captured log" not in text_of(result)


def test_what_does_not_fit_into_the_queue_is_dropped_and_counted(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("a.json", *[scenario(f"s{number}") for number in range(40)])
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10")
    with collecting(collectors.refuses) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        result = project.run()
    result.assert_outcomes(passed=40)
    (line,) = [line for line in result.outlines if "telemetry" in line]
    assert "81 of 81 spans" in line
    assert "dropped because the queue was full" in line
    assert "Queue full" not in text_of(result)


def test_other_exporters_and_protocols_are_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    project.add("a.json", scenario("one"))
    result = project.run()
    assert result.ret == 0
    assert [line for line in result.outlines if "OTEL_" in line] == [
        "fluxscenario: OTEL_TRACES_EXPORTER is 'zipkin', and known here are otlp, console, none",
        "fluxscenario: OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc', and known here is http/protobuf",
    ]


def test_the_console_is_standard_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    project.add("a.json", scenario("one"))
    result = project.spawn()
    said = result.stderr.str()
    names = [one["name"] for one in _documents(said)]
    assert sorted(names) == ["pytest", "scenario one", "step start"]
    assert '"name"' not in result.stdout.str()


def _documents(text: str) -> Iterator[dict[str, Any]]:
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        document, at = decoder.raw_decode(text, at)
        yield document


@pytest.mark.parametrize("how", [("--fluxscenario-otel=off",), ("ini",), ("disabled",), ("--collect-only",)])
def test_it_can_be_switched_off(
    project: Project, collector: Collector, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]
) -> None:
    if how == ("ini",):
        project.ini("fluxscenario_otel = off")
    if how == ("disabled",):
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    project.add("a.json", scenario("one"))
    project.run(*(option for option in how if option.startswith("-")))
    assert collector.requests == []


def test_on_exports_to_the_usual_place(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    project.add("a.json", scenario("one"))
    result = project.run("--fluxscenario-otel=on")
    (line,) = [line for line in result.outlines if "telemetry" in line]
    assert "http://localhost:4318 cannot be reached" in line


def test_a_session_without_scenarios_exports_nothing(project: Project, collector: Collector) -> None:
    project.text("test_plain.py", "def test_one(): pass\n")
    project.spawn("-n1", "test_plain.py").assert_outcomes(passed=1)
    assert collector.requests == []


_WITHOUT = """\
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name == "opentelemetry" or name.startswith("opentelemetry."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""


def test_without_the_extra_only_the_option_is_an_error(project: Project, collector: Collector) -> None:
    project.text("without.py", _WITHOUT)
    project.add("a.json", scenario("one"))
    hidden = ("-p", "without")
    project.pytester.syspathinsert(project.root)
    quiet = project.spawn(*hidden)
    quiet.assert_outcomes(passed=1)
    assert "OpenTelemetry" not in text_of(quiet)
    told = project.spawn(*hidden, "-v")
    [line] = [line for line in told.outlines if "OpenTelemetry" in line]
    assert line == (
        "fluxscenario: OpenTelemetry is asked for by the environment, and is not installed"
        " (pip install 'pytest-fluxscenario[otel]')"
    )
    asked = project.spawn(*hidden, "--fluxscenario-otel=on")
    assert asked.ret == 4
    assert (
        "ERROR: --fluxscenario-otel: telemetry was asked for, and OpenTelemetry is not installed"
        " (pip install 'pytest-fluxscenario[otel]')"
    ) in asked.stderr.str()
    assert collector.requests == []


def test_another_word_than_on_or_off_is_an_error(project: Project) -> None:
    project.ini("fluxscenario_otel = maybe")
    result = project.run()
    assert result.ret == 4
    assert "fluxscenario_otel is 'maybe'; it can be 'on' or 'off'" in text_of(result)


def test_ids_take_nothing_from_the_chance_of_the_tests(project: Project, collector: Collector) -> None:
    """A test that sets a seed gets the same numbers, and two scenarios get two ids."""
    project.text(
        "conftest.py",
        "import random\n\ndef pytest_runtest_protocol(item, nextitem):\n    random.seed(7)\n"
        "def pytest_runtest_logfinish(nodeid):\n    print('drawn', random.random())\n",
    )
    project.add("a.json", scenario("one"), scenario("two"))
    result = project.run("-s")
    expected = random.Random(7).random()  # noqa: S311 - as above
    assert [line for line in result.outlines if "drawn" in line and str(expected) in line]
    assert len({span.id for span in collector.spans}) == 5
