"""The coverage of profiles in a session (coverage.md)."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import scenario, step, write_hook
from tests.fakes.project import Project, text_of

_ASKS = {"status": "nok", "route": "AskUser", "gate_id": "what_required"}
_WAITS = {"status": "nok", "route": "AwaitApproval"}
_PAYLOADS: tuple[dict[str, Any], ...] = ({"what": "a patch"}, {"what": "a patch", "risky": True})


def _fill(project: Project, *, without: str = "") -> None:
    """Scenarios that show the most of the small pack; ``without`` one of them."""
    write_hook(project.pack)
    denial = {"name": "deny", "approve": {"role": "approver", "scope": "waive", "decision": "denied"}}
    consent = {"name": "consent", "approve": {"role": "approver", "scope": "waive"}}
    documents = {
        "asks": (step("ask", payload={}, expect=_ASKS), step()),
        "checks": (
            step("safe", "work.check", payload=_PAYLOADS[0]),
            step("risky", "work.check", payload=_PAYLOADS[1], expect={"status": "nok", "route": "Blocked"}),
        ),
        "waits": (
            step("too early", "work.waive", expect=_WAITS),
            denial,
            step("denied", "work.waive", expect=_WAITS),
            consent,
            step("allowed", "work.waive"),
        ),
        "ends": (
            step("first", "work.finish", expect={"status": "nok", "route": "InstructAgent"}),
            step(),
            step("then", "work.finish", expect={"status": "ok", "route": "Complete"}),
        ),
    }
    for name, steps in documents.items():
        if name != without:
            project.add(f"{name}.json", scenario(name, *steps))


def _points(project: Project) -> dict[str, dict[str, dict[str, bool | None]]]:
    (coverage,) = project.manifest()["coverage"]
    found: dict[str, dict[str, dict[str, bool | None]]] = coverage["points"]
    return found


def _missing(project: Project) -> set[str]:
    return {
        f"{kind} {name} {way}"
        for kind, names in _points(project).items()
        for name, ways in names.items()
        for way, mark in ways.items()
        if mark is False and kind != "classes"
    }


def test_every_run_counts_and_workers_count_alike(project: Project, plugin_args: tuple[str, ...]) -> None:
    _fill(project)
    result = project.run_with(plugin_args)
    result.assert_outcomes(passed=4)
    assert "profile coverage" not in text_of(result)
    assert _missing(project) == {
        "actions work.report requested",
        "actions work.report allowed",
        "artifacts report created",
        "hooks assess failed",
        "materializations mock planned",
        "routes MaterializeMock returned",
    }
    points = _points(project)
    assert points["conditions"]["check_needs_facts.fact_true"] == {"held": True, "not_held": True}
    assert points["approvals"]["approver/waive"] == {"given": True, "denied": True, "missing": True}
    # Nothing can refuse a report: it has no required field, no schema, and one source. Of a start the gate asks before.
    assert points["artifacts"]["report"] == {"created": False, "refused": None}
    assert points["artifacts"]["start_record"] == {"created": True, "refused": None}
    # No action allows it.
    assert points["roles"]["task_user"] == {"acted": None}
    plain = project.manifest()["coverage"]
    if plugin_args:
        project.run()
        assert project.manifest()["coverage"] == plain


def test_the_command_counts_as_pytest_does(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fill(project)
    project.run("--fluxscenario-coverage")
    plain = project.manifest()["coverage"]
    monkeypatch.chdir(project.root)
    assert main(["scenario", "run", ".", "--evidence", "here", "--coverage"]) == 0
    said = capsys.readouterr().out
    assert project.manifest(project.root / "here")["coverage"] == plain
    assert "packs/small/profile.yaml:27: action work.report: never requested, never allowed" in said
    assert main(["scenario", "run", ".", "--evidence", "off", "--coverage-fail-under", "gates=100"]) == 0
    capsys.readouterr()
    for evidence in ("off", "here"):
        assert main(["scenario", "run", ".", "--evidence", evidence, "--coverage-fail-under", "100"]) == 1
        assert "coverage of small 1.0.0 is 6" in capsys.readouterr().err
    assert project.manifest(project.root / "here")["verdict"] == "failed"
    assert main(["evidence", "verify", "here"]) == 0


@pytest.mark.parametrize(
    ("without", "line"),
    [
        ("asks", "packs/small/profile.yaml:35: gate what_required: never fired"),
        ("checks", "packs/small/profile.yaml:46: condition check_needs_facts.fact_true: never looked at"),
        ("waits", "packs/small/profile.yaml:56: approval approver/waive: never given, never denied, never lacking"),
        ("ends", "packs/small/profile.yaml:58: gate finish_requires_start: never fired, never passed"),
    ],
)
def test_a_gate_without_its_only_scenario_shows(project: Project, without: str, line: str) -> None:
    _fill(project, without=without)
    result = project.run("--fluxscenario-coverage")
    result.stdout.fnmatch_lines(["*= profile coverage =*", "small 1.0.0 (sha256:*…, tree packs/small)", line])
    assert project.run("--fluxscenario-coverage-fail-under=gates=100").ret == pytest.ExitCode.TESTS_FAILED


def test_with_v_the_table_is_shown_and_what_is_missing_where_it_is_asked_for(project: Project) -> None:
    _fill(project)
    result = project.run("-v")
    result.stdout.fnmatch_lines(["*= profile coverage =*", "  gates * 8 of 8 *100.0%", "  total *"])
    assert "never" not in text_of(result)
    project.ini("fluxscenario_coverage = true")
    assert "hook assess: never failed" in text_of(project.run("-q"))


def test_too_little_fails_the_session(project: Project, plugin_args: tuple[str, ...]) -> None:
    _fill(project)
    result = project.run_with(plugin_args, "--fluxscenario-coverage-fail-under=90,gates=100,hooks=50.1")
    result.assert_outcomes(passed=4)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = text_of(result)
    assert text.count("fluxscenario: coverage of small 1.0.0 is ") == 1
    assert "fluxscenario: coverage of hooks of small 1.0.0 is 50.0%, below 50.1% (1 of 2)" in text
    assert "coverage of gates" not in text
    # What has to be done stands there too.
    assert "packs/small/profile.yaml:27: action work.report: never requested, never allowed" in text
    manifest = project.manifest()
    assert manifest["verdict"] == "failed"
    assert [one["file"] for one in manifest["errors"]] == ["packs/small", "packs/small"]


def test_enough_is_no_failure_and_hides_none(project: Project) -> None:
    _fill(project)
    least = "--fluxscenario-coverage-fail-under=50,gates=100,conditions=100"
    assert project.run(least).ret == 0
    project.add("bad.json", scenario("bad", step(expect=_ASKS)))
    result = project.run(least)
    result.assert_outcomes(passed=4, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "below" not in text_of(result)


def test_a_part_of_a_suite_is_held_against_the_same_number(project: Project) -> None:
    _fill(project)
    project.ini("fluxscenario_coverage_fail_under = gates=100")
    assert project.run().ret == 0
    result = project.run("-k", "asks")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "coverage of gates of small 1.0.0 is 25.0%, below 100% (2 of 8)" in text_of(result)
    # The command line decides.
    assert project.run("-k", "asks", "--fluxscenario-coverage-fail-under=0").ret == 0


def test_where_scenarios_were_collected_and_none_ran_nothing_is_covered(project: Project) -> None:
    project.add("later.json", scenario("later", skip="not now"))
    result = project.run("--fluxscenario-coverage-fail-under=1")
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "no scenario ran, so nothing of a profile is covered" in text_of(result)


def test_what_runs_no_scenario_is_not_judged(project: Project) -> None:
    _fill(project)
    for more in (("--collect-only", "-q"), ("--setup-plan",)):
        assert project.run("--fluxscenario-coverage-fail-under=100", *more).ret == 0
    project.text("test_it.py", "def test_it(): pass\n")
    assert project.run("--fluxscenario-coverage-fail-under=100", "test_it.py").ret == 0


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("gate=100", "'gate' is no kind of what is covered (did you mean 'gates'?)"),
        ("gates=", "'gates=' is no percentage"),
        ("101", "'101' is no percentage"),
        ("nan", "'nan' is no percentage"),
        ("90,80", "'80' is said twice"),
        ("", "--fluxscenario-coverage-fail-under is empty (0 asks for nothing)"),
    ],
)
def test_what_is_no_percentage_is_refused_before_anything_runs(project: Project, said: str, told: str) -> None:
    _fill(project)
    result = project.run(f"--fluxscenario-coverage-fail-under={said}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert told in text_of(result)
    assert not project.evidence.exists()


def test_a_control_of_the_team_counts_by_its_answers(project: Project) -> None:
    _fill(project)
    project.text(
        "packs/small/conftest.py",
        "import pytest\n"
        "class Control:\n"
        "    def __init__(self, inner): self.inner = inner\n"
        "    def begin(self, run_id, given): self.inner.begin(run_id, given)\n"
        "    def decide(self, request): return self.inner.decide(request)\n"
        "    def approve(self, run_id, approval): self.inner.approve(run_id, approval)\n"
        "@pytest.fixture\n"
        "def fluxscenario_control(fluxscenario_control): return Control(fluxscenario_control)\n",
    )
    project.run().assert_outcomes(passed=4)
    points = _points(project)
    assert points["gates"]["check_needs_facts"] == {"fired": True, "passed": True}
    # That the facts held is why the gate fired; that they did not, nobody has told.
    assert points["conditions"]["check_needs_facts.fact_true"] == {"held": True, "not_held": False}
    assert points["conditions"]["what_required.payload_missing"] == {"held": True, "not_held": True}
    assert points["approvals"]["approver/waive"] == {"given": True, "denied": True, "missing": True}


def test_lines_are_not_told_of_a_profile_that_has_changed(project: Project) -> None:
    _fill(project)
    project.text(
        "packs/small/conftest.py",
        "from pathlib import Path\n"
        "def pytest_unconfigure(): pass\n"
        "def pytest_sessionfinish(session):\n"
        "    path = Path(__file__).parent / 'profile.yaml'\n"
        "    path.write_text('# another line\\n' + path.read_text().replace('AskUser\\n', 'Blocked\\n'))\n",
    )
    text = text_of(project.run_with(("-n2",), "--fluxscenario-coverage"))
    assert "\naction work.report: never requested, never allowed" in text
    assert "profile.yaml:" not in text
