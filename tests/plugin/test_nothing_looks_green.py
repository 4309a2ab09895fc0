"""A manifest says ``passed`` only where everything that was there has run and passed (evidence.md)."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.evidence.verify import verify
from tests.fakes.packs import failing, scenario
from tests.fakes.project import Project, text_of

_LEAVES_OUT = """\
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if item.name != "b"]
"""
_MAKES_GREEN = """\
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        report.outcome, report.longrepr = "{outcome}", {longrepr}
    return report
"""
_RUNS_NOTHING = """\
import pytest
from _pytest.runner import runtestprotocol

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    item.runtest = lambda: None
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
_RAISES = """\
def pytest_fluxscenario_resolve_profile(scenario, path, config):
    if scenario.id == "b":
        raise RuntimeError("no idea")
"""

both_ways = pytest.mark.parametrize("plugin_args", [("-n0",), ("-n2",)], ids=["here", "workers"])


@both_ways
def test_what_a_plugin_removes_in_silence_has_not_run(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.add("a.json", scenario("a"), failing("b"))
    project.text("conftest.py", _LEAVES_OUT)
    project.run_with(plugin_args).assert_outcomes(passed=1)
    assert project.outcomes() == {"a": "passed", "b": "not_run"}
    assert project.manifest()["verdict"] == "incomplete"


@pytest.mark.parametrize(("outcome", "longrepr"), [("passed", "None"), ("skipped", "('a.json', 1, 'Skipped: later')")])
def test_a_report_that_a_plugin_changed_does_not_change_the_verdict(
    project: Project, outcome: str, longrepr: str
) -> None:
    project.add("a.json", failing("a"))
    project.text("conftest.py", _MAKES_GREEN.format(outcome=outcome, longrepr=longrepr))
    assert project.run().ret == pytest.ExitCode.OK
    assert project.outcomes() == {"a": "failed"}
    assert project.manifest()["scenarios"][0]["note"] == f"a plugin reports it as {outcome}"
    assert project.manifest()["verdict"] == "failed"


def test_a_scenario_that_a_plugin_did_not_run_has_not_passed(project: Project) -> None:
    project.add("a.json", failing("a"))
    project.text("conftest.py", _RUNS_NOTHING)
    project.run().assert_outcomes(passed=1)
    assert project.outcomes() == {"a": "error"}


@both_ways
@pytest.mark.parametrize("folder", ["packs/small/scenarios", "packs/other"])
def test_a_folder_that_cannot_be_collected(project: Project, folder: str, plugin_args: tuple[str, ...]) -> None:
    project.add("b.json", failing("b"))
    project.text(f"{folder}/conftest.py", "import nothing_there")
    project.text("later/t.scenario.json", (project.pack / "scenarios" / "b.json").read_text().replace('"bad"', '"t"'))
    result = project.run_with(plugin_args, "--continue-on-collection-errors")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    manifest = project.manifest()
    assert manifest["verdict"] == "failed"
    assert [error["file"] for error in manifest["errors"]] == [folder]


def test_a_hook_that_raises_for_one_file_leaves_its_neighbours_alone(project: Project) -> None:
    for name in "abc":
        project.add(f"{name}.json", scenario(name))
    project.text("packs/conftest.py", _RAISES)
    result = project.run("--continue-on-collection-errors")
    result.assert_outcomes(passed=2, errors=1)
    assert "ERROR packs/small/scenarios/b.json - RuntimeError: no idea" in text_of(result)
    assert [error["file"] for error in project.manifest()["errors"]] == ["packs/small/scenarios/b.json"]


@both_ways
def test_a_run_that_collects_nothing_good_does_not_leave_the_old_manifest(
    project: Project, plugin_args: tuple[str, ...]
) -> None:
    file = project.add("a.json", scenario("a"))
    project.run()
    assert project.manifest()["verdict"] == "passed"
    file.write_text("{", encoding="utf-8")
    assert project.run_with(plugin_args).ret != pytest.ExitCode.OK
    assert project.manifest()["verdict"] == "failed"


def test_two_scenarios_under_one_redacted_name(project: Project) -> None:
    project.ini("fluxscenario_redact = user-[a-z]+")
    project.add("a.json", scenario("user-a"), scenario("user-b"))
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "redaction gives this name to more than one scenario" in text_of(result)
    assert project.manifest()["verdict"] == "failed"


_PYTHON = "def test_it():\n    pass\n"


def _ran_before(project: Project, *args: str) -> None:
    project.add("a.json", scenario("a"))
    assert project.run(*args).ret == pytest.ExitCode.OK
    project.text("python/test_it.py", _PYTHON)


@both_ways
@pytest.mark.parametrize("named", ["--fluxscenario-evidence=out/evidence", "--junitxml=out/junit.xml"])
def test_evidence_of_an_earlier_run_is_replaced_where_its_folder_was_named(
    project: Project, plugin_args: tuple[str, ...], named: str
) -> None:
    _ran_before(project, named)
    result = project.run_with(plugin_args, named, "python")
    assert result.ret == pytest.ExitCode.OK
    folder = project.root / "out" / "evidence"
    manifest = project.manifest(folder)
    assert (manifest["verdict"], manifest["scenarios"], project.records(folder)) == ("incomplete", [], [])
    assert verify(str(folder)).problems == ()
    result.stdout.fnmatch_lines(["fluxscenario: evidence incomplete, 0 records in out/evidence"])


def test_evidence_of_an_earlier_run_stays_where_only_python_tests_ran_and_is_told(project: Project) -> None:
    _ran_before(project)
    before = project.manifest()
    result = project.run("python")
    assert project.manifest() == before
    result.stdout.fnmatch_lines(["fluxscenario: no scenario ran; an earlier run left the evidence in *evidence"])
    assert "an earlier run" not in text_of(project.run("python", "--fluxscenario-evidence=off"))
    assert "an earlier run" not in text_of(project.run("packs"))
    project.run("python", "--collect-only", "--fluxscenario-evidence=.fluxscenario/evidence")
    assert project.manifest()["verdict"] == "passed"


def test_a_session_that_ends_before_its_scenarios_run_leaves_no_older_verdict(project: Project) -> None:
    _ran_before(project)
    project.text("python/test_it.py", "raise RuntimeError\n")
    assert project.run().ret == pytest.ExitCode.INTERRUPTED
    assert project.manifest()["verdict"] == "incomplete"


def test_without_older_evidence_none_is_written(project: Project) -> None:
    project.text("python/test_it.py", _PYTHON)
    project.run("python", "--fluxscenario-evidence=out")
    assert not (project.root / "out").exists()


def test_older_evidence_that_cannot_be_replaced_fails_the_session(project: Project) -> None:
    _ran_before(project, "--fluxscenario-evidence=out")
    (project.root / "out").rename(project.root / "elsewhere")
    (project.root / "out").symlink_to(project.root / "elsewhere")
    result = project.run("python", "--fluxscenario-evidence=out")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "the evidence folder is a link" in text_of(result)
