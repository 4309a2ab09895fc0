"""pytest's own ways to choose, skip, mark and stop, on scenarios."""

from __future__ import annotations

import re

import pytest

from tests.fakes.packs import failing, scenario, step
from tests.fakes.project import Project, text_of


def ran(result: pytest.RunResult) -> list[str]:
    return re.findall(r"::(\S+) (?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)", result.stdout.str())


def test_tags_are_markers(project: Project) -> None:
    project.add("a.json", scenario("slow-one", tags=["slow", "nightly"]), scenario("plain"))
    result = project.run("-m", "slow and nightly")
    result.assert_outcomes(passed=1, deselected=1)
    assert project.outcomes() == {"slow-one": "passed", "plain": "not_run"}
    assert "Unknown" not in text_of(result)


def test_a_tag_needs_no_registration_unless_markers_are_strict(project: Project) -> None:
    project.ini("markers =", "    slow: takes long")
    path = project.add("a.json", scenario("one", tags=["slow", "slwo"]))
    project.run("-W", "error").assert_outcomes(passed=1)
    result = project.run("--strict-markers")
    result.assert_outcomes(errors=1)
    line = next(n for n, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if "slwo" in text)
    result.stdout.fnmatch_lines([f"*a.json:{line}:*: the tag 'slwo' is not a registered marker*did you mean 'slow'?*"])
    assert "Traceback" not in text_of(result)
    project.add("a.json", scenario("one", tags=["slow"]))
    project.run("--strict-markers").assert_outcomes(passed=1)


def test_classes_and_tags_are_keywords(project: Project) -> None:
    project.add("a.json", scenario("one", classes=["happy_path"]), scenario("two", tags=["night"]), scenario("three"))
    project.run("-k", "happy_path").assert_outcomes(passed=1, deselected=2)
    project.run("-k", "night").assert_outcomes(passed=1, deselected=2)
    project.run("-k", "three or one").assert_outcomes(passed=2, deselected=1)


def test_skip_gives_its_reason(project: Project) -> None:
    project.add("a.json", failing("later", skip="waits for the\nnew rules"), scenario("now"))
    result = project.run("-rs")
    result.assert_outcomes(passed=1, skipped=1)
    assert project.outcomes() == {"later": "skipped", "now": "passed"}
    note = next(one["note"] for one in project.manifest()["scenarios"] if one["id"].endswith("later"))
    assert note == "waits for the\nnew rules"
    assert [record["id"] for record in project.records()] == ["packs/small/scenarios/a.json::now"]
    assert project.manifest()["verdict"] == "passed"


def test_xfail_is_a_failure_that_was_expected(project: Project) -> None:
    project.add("a.json", failing("known", xfail="ticket 12"), scenario("mended", xfail="ticket 13"))
    result = project.run("-rxX")
    result.assert_outcomes(xfailed=1, xpassed=1)
    assert result.ret == pytest.ExitCode.OK
    assert project.outcomes() == {"known": "xfailed", "mended": "passed"}
    assert len(project.records()) == 2
    notes = {one["id"].split("::")[1]: one["note"] for one in project.manifest()["scenarios"]}
    assert notes == {"known": "ticket 12", "mended": "passed against the mark xfail: ticket 13"}


def test_an_expected_failure_that_passes_fails_where_xfail_is_strict(project: Project) -> None:
    project.ini("xfail_strict = true")
    project.add("a.json", scenario("mended", xfail="ticket 13"))
    result = project.run()
    result.assert_outcomes(failed=1)
    assert project.outcomes() == {"mended": "failed"}
    assert project.manifest()["verdict"] == "failed"


def test_collect_only_writes_nothing(project: Project) -> None:
    project.add("a.json", scenario("one"), failing("two"))
    result = project.run("--co")
    result.stdout.fnmatch_lines(["*<ScenarioFile a.json>*", "*<ScenarioItem one>*", "*<ScenarioItem two>*"])
    assert result.ret == pytest.ExitCode.OK
    assert not project.evidence.exists()


def test_last_failed_and_failed_first(project: Project) -> None:
    project.add("a.json", scenario("good"))
    project.add("b.json", failing("bad"))
    project.run().assert_outcomes(passed=1, failed=1)
    assert ran(project.run("-v", "--ff")) == ["bad", "good"]
    result = project.run("-v", "--lf")
    assert ran(result) == ["bad"]
    project.add("b.json", scenario("bad"))
    project.run("--lf").assert_outcomes(passed=1)


def test_stepwise_goes_on_at_the_failure(project: Project) -> None:
    project.add("a.json", scenario("first"), failing("second"), scenario("third"))
    assert ran(project.run("-v", "--sw")) == ["first", "second"]
    project.add("a.json", scenario("first"), scenario("second"), scenario("third"))
    assert ran(project.run("-v", "--sw")) == ["second", "third"]


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_what_did_not_run_is_in_the_evidence(project: Project, option: str) -> None:
    project.add("a.json", scenario("a"), failing("b"), scenario("c"))
    result = project.run(option)
    result.assert_outcomes(passed=1, failed=1)
    assert project.outcomes() == {"a": "passed", "b": "failed", "c": "not_run"}
    manifest = project.manifest()
    assert manifest["verdict"] == "failed"
    assert manifest["counts"]["not_run"] == 1


def test_what_is_deselected_makes_the_run_incomplete(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.add("a.json", scenario("a"), scenario("b"))
    result = project.run_with(plugin_args, "-k", "a.json and not b")
    assert result.ret == pytest.ExitCode.OK
    assert project.outcomes() == {"a": "passed", "b": "not_run"}
    assert project.manifest()["verdict"] == "incomplete"
    assert {one["id"].split("::")[1]: one.get("note") for one in project.manifest()["scenarios"]}["b"] == "deselected"


def test_without_the_plugin_scenario_files_are_left_alone(project: Project) -> None:
    project.add("a.json", scenario())
    result = project.spawn("-p", "no:fluxscenario")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_setup_plan_runs_nothing(project: Project) -> None:
    project.add("a.json", failing("plain"))
    project.text("conftest.py", "import pytest\n@pytest.fixture\ndef fluxscenario_environment():\n    return {}\n")
    result = project.run("--setup-plan")
    result.stdout.fnmatch_lines(["*SETUP*F fluxscenario_environment*"])
    assert result.ret == pytest.ExitCode.OK


def test_fixtures_and_markers_are_listed(project: Project) -> None:
    result = project.run("--fixtures", "-p", "no:anyio")
    for name in ("case", "control", "environment", "clock", "hooks", "step_hooks"):
        result.stdout.fnmatch_lines([f"fluxscenario_{name}*"])
    assert "no docstring available" not in result.stdout.str()


def test_the_options_are_in_the_help(project: Project) -> None:
    result = project.run("--help")
    for option in ("store=DIR", "evidence=DIR|off", "strict", "on-failure={continue,stop}"):
        result.stdout.fnmatch_lines([f"*--fluxscenario-{option}*"])
    for key in ("files", "redact", "redact_env", "limits"):
        result.stdout.fnmatch_lines([f"*fluxscenario_{key}*"])


def test_a_step_with_a_scenario_name_is_no_item(project: Project) -> None:
    """One item a scenario: the names of steps are no ids."""
    path = project.add("a.json", scenario("one", step("first"), step("second")))
    assert project.run(f"{path}::first").ret == pytest.ExitCode.USAGE_ERROR
