"""Workers, orders and repetitions: the same evidence, whoever ran what (evidence.md, "Under xdist")."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.packs import failing, needs_hook, scenario, step
from tests.fakes.project import Project, junit_of, text_of


@pytest.fixture
def mixed(project: Project) -> Project:
    """Every outcome but a crash, in several files."""
    project.add("a.json", scenario("a1"), failing("a2"), scenario("a3", skip="later"))
    project.add("b.json", needs_hook("b1"), failing("b2", xfail="known"), scenario("b3", tags=["slow"]))
    rows = [{"what": f"text {n}"} for n in range(5)]
    project.add("c.json", scenario("c", step(payload={"what": "${what}"}), parameters=rows))
    project.add("d.json", scenario("d"))
    return project


def essence(project: Project) -> dict[str, Any]:
    """What must not differ between runs: the manifest without what covers times, and what the refs stand for."""
    manifest = project.manifest()
    for varies in ("started", "log", "check"):
        del manifest[varies]
    return {**manifest, "results": [(one["id"], one["ref"], one["result"]) for one in project.records()]}


@pytest.mark.parametrize("dist", ["load", "loadscope", "loadfile", "loadgroup", "worksteal", "each", "no"])
def test_every_way_to_distribute_gives_the_same_evidence(mixed: Project, dist: str) -> None:
    plain = mixed.run("-m", "not slow")
    expected = essence(mixed)
    args = ("--dist=each", "--tx=2*popen") if dist == "each" else ("-n2", f"--dist={dist}")
    result = mixed.spawn(*args, "-m", "not slow")
    assert result.ret == plain.ret == pytest.ExitCode.TESTS_FAILED
    assert essence(mixed) == expected
    result.stdout.fnmatch_lines(["fluxscenario: 10 scenarios on small 1.0.0 *"])
    assert expected["counts"]["not_run"] == 1
    if dist != "each":
        counts = {key: value for key, value in result.parseoutcomes().items() if key != "deselected"}
        assert counts == {key: value for key, value in plain.parseoutcomes().items() if key != "deselected"}


_CRASHES = """\
import os
import pytest

class Crashes:
    def begin(self, run_id, given): pass
    def approve(self, run_id, approval): pass
    def decide(self, request):
        os._exit(3)

@pytest.fixture
def fluxscenario_control(fluxscenario_case, fluxscenario_step_hooks):
    if fluxscenario_case.scenario.id == "dies":
        return Crashes()
    return fluxscenario_case.control(fluxscenario_step_hooks)
"""


def test_a_worker_that_dies_leaves_what_it_finished(project: Project) -> None:
    project.text("conftest.py", _CRASHES)
    for name in ("a", "b", "dies", "y", "z"):
        project.add(f"{name}.json", scenario(name))
    result = project.spawn("-n2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert project.outcomes() == {"a": "passed", "b": "passed", "dies": "crashed", "y": "passed", "z": "passed"}
    manifest = project.manifest()
    assert manifest["verdict"] == "failed"
    assert manifest["counts"]["crashed"] == 1
    assert len(project.records()) == 4
    assert "INTERNALERROR" not in text_of(result)


def test_workers_that_come_to_different_results_fail_the_run(project: Project) -> None:
    """``--dist each`` runs everything twice; a control that looks at its process answers twice otherwise."""
    project.text(
        "conftest.py",
        "import os, pytest\n"
        "@pytest.fixture\n"
        "def fluxscenario_environment():\n"
        "    return {'capabilities': [os.environ.get('PYTEST_XDIST_WORKER', '')]}\n",
    )
    project.add("a.json", scenario())
    result = project.spawn("--dist=each", "--tx=2*popen")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["fluxscenario: *a.json::one: the workers gw? and gw? came to different results*"])
    assert project.manifest()["verdict"] == "failed"


def test_maxfail_leaves_the_rest_as_not_run(project: Project) -> None:
    project.add("a.json", *[failing(f"s{n:02}") for n in range(30)])
    result = project.spawn("-n2", "--maxfail=2")
    assert result.ret in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.TESTS_FAILED)
    counts = project.manifest()["counts"]
    assert counts["failed"] >= 2
    assert counts["failed"] + counts["not_run"] == 30
    assert len(project.records()) == counts["failed"]
    assert project.manifest()["verdict"] == "failed"


@pytest.mark.parametrize("seed", [1, 4])
def test_a_random_order_gives_the_same_evidence(mixed: Project, seed: int) -> None:
    mixed.run()
    expected = essence(mixed)
    result = mixed.pytester.runpytest_subprocess("-v", f"--randomly-seed={seed}")
    assert "Using --randomly-seed" in result.stdout.str()
    order = [line.split()[0] for line in result.outlines if "::" in line and line.startswith("packs")]
    assert order != sorted(order)
    assert essence(mixed) == expected


_FLAKY = """\
import pytest

SEEN = {}

@pytest.fixture
def fluxscenario_environment(fluxscenario_case):
    name = fluxscenario_case.scenario.id
    SEEN[name] = SEEN.get(name, 0) + 1
    if name == "flaky" and SEEN[name] < 3 or name == "never":
        return {"connectors": ["git"]}
    return fluxscenario_case.environment

@pytest.fixture
def fluxscenario_hooks():
    return {"assess": lambda call: {"status": "ok", "facts": {"risky": False}}}
"""


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["plain", "n2"])
def test_repetitions_are_told(project: Project, workers: tuple[str, ...]) -> None:
    project.text("conftest.py", _FLAKY)
    for name in ("flaky", "never", "steady"):
        project.add(f"{name}.json", needs_hook(name))
    result = project.spawn("--reruns=2", *workers)
    assert {key: count for key, count in result.parseoutcomes().items() if key in ("passed", "failed", "rerun")} == {
        "passed": 2,
        "failed": 1,
        "rerun": 4,
    }
    assert project.outcomes() == {"flaky": "passed", "never": "failed", "steady": "passed"}
    result.stdout.fnmatch_lines(["fluxscenario: 3 scenarios on small 1.0.0 *"])
    records = {record["result"]["scenario"]["id"]: record for record in project.records()}
    assert len(project.records()) == 3
    assert "attempt" not in records["steady"]["volatile"]
    for name in ("flaky", "never"):
        volatile = records[name]["volatile"]
        assert volatile["attempt"] == 3
        assert len(volatile["earlier"]) == 2
    assert len(set(records["never"]["volatile"]["earlier"]) | {records["never"]["ref"]}) == 1
    assert records["flaky"]["ref"] not in records["flaky"]["volatile"]["earlier"]


def test_each_attempt_has_its_own_properties(project: Project) -> None:
    """rerunfailures makes a testcase of each attempt of any test; none carries the properties of another."""
    project.text("conftest.py", _FLAKY)
    project.add("flaky.json", needs_hook("flaky"))
    project.spawn("--reruns=2", "--junitxml=junit.xml").assert_outcomes(passed=1)
    cases = list(junit_of(project).iter("testcase"))
    found = [[(one.get("name"), one.get("value")) for one in case.iter("property")] for case in cases]
    steps = [[name for name, _ in properties if str(name).startswith("step[")] for properties in found]
    assert steps == [["step[failure]"], ["step[failure]"], ["step[passed]"]]
    assert [dict(properties)["fluxscenario.evidence"] for properties in found][-1] == project.records(
        project.root / "evidence"
    )[0]["ref"]
