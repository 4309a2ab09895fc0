"""What passes, what fails, and what is said of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.packs import failing, needs_hook, scenario, step
from tests.fakes.project import Project, junit_of, text_of

_EXPECTED: dict[str, Any] = {
    "status": "nok",
    "route": "AskUser",
    "gate_id": "what_required",
    "gate_type": "decision",
    "reason": "It is not said what to do.",
    "instruction": "Ask the user what to do.",
    "missing_artifacts": None,
    "required_approval": None,
    "created_artifacts": None,
    "next_allowed_actions": ["work.start"],
    "completion_report_exists": False,
    "idempotent_replay": False,
    "idempotency_conflict": False,
    "materialization": None,
    "hook_calls": [],
}
_WRONG: dict[str, Any] = {
    "status": "ok",
    "route": "Blocked",
    "gate_id": None,
    "gate_type": "approval",
    "reason": "It is said.",
    "instruction": None,
    "missing_artifacts": ["start_record"],
    "required_approval": {"role": "approver", "scope": "waive"},
    "created_artifacts": ["start_record"],
    "next_allowed_actions": ["work.start", "work.finish"],
    "completion_report_exists": True,
    "idempotent_replay": True,
    "idempotency_conflict": True,
    "materialization": {"mode": "mock"},
    "hook_calls": {"assess": "ok"},
}


def line_of(path: Path, text: str) -> int:
    """The line of the step's opening brace, which stands before its name."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line) - 1


def test_the_table_has_every_field() -> None:
    from pytest_fluxscenario.model.scenario import Expectation

    assert tuple(_EXPECTED) == tuple(_WRONG) == Expectation.__struct_fields__


def test_each_field_that_is_wrong_fails_at_its_step(project: Project) -> None:
    scenarios = [scenario("right", step("asks", expect=dict(_EXPECTED), payload={}))]
    for field, wrong in _WRONG.items():
        expect = {**_EXPECTED, field: wrong}
        scenarios.append(scenario(f"wrong.{field}", step("good"), step(f"asks {field}", expect=expect, payload={})))
    path = project.add("fields.json", *scenarios)
    result = project.run("--junitxml=junit.xml")
    result.assert_outcomes(passed=1, failed=len(_WRONG))
    output = result.stdout.str()
    assert "Traceback" not in output
    cases = {case.get("name"): case for case in junit_of(project).iter("testcase")}
    for field in _WRONG:
        line = line_of(path, f'"name": "asks {field}"')
        assert f"packs/small/scenarios/fields.json:{line}: {field}\n" in output
        failure = cases[f"wrong.{field}"].find("failure")
        assert failure is not None
        assert failure.text is not None
        assert f"packs/small/scenarios/fields.json:{line}: {field}" in failure.text
        assert str(failure.get("message")).startswith(f"step 2 'asks {field}': {field}: expected ")


def test_a_failure_says_step_gate_values_and_hint(project: Project) -> None:
    expect = {"status": "ok", "route": "Complete", "gate_id": "finish_requires_stat"}
    path = project.add("a.json", scenario("one", step("finish", "work.finish", expect=expect)))
    result = project.run()
    line = line_of(path, '"name": "finish"')
    result.stdout.fnmatch_lines(
        [
            "step 1: finish",
            "  request   work.finish by agent-1 (agent)",
            "E status",
            "E   expected  ok",
            "E   actual    nok",
            "E route",
            "E   expected  Complete",
            "E   actual    InstructAgent",
            "E gate_id",
            "E   expected  finish_requires_stat",
            "E   actual    finish_requires_start",
            "  gate      finish_requires_start (process_conformance), before work.finish",
            "  reason    Nothing was begun.",
            "  next      Begin first.",
            "  hint      the profile has no gate 'finish_requires_stat'; did you mean finish_requires_start?",
            "  hint      start_record is produced by work.start: send that first",
            "",
            f"packs/small/scenarios/a.json:{line}: status, route, gate_id",
        ],
        consecutive=True,
    )


def test_a_missing_approval_is_hinted_at(project: Project) -> None:
    project.add("a.json", scenario("one", step("waive", "work.waive")))
    result = project.run()
    result.stdout.fnmatch_lines(
        ["  hint      an approve step is needed before: approve: {role: approver, scope: waive}"]
    )


def test_every_step_is_checked(project: Project) -> None:
    bad = {"status": "nok", "route": "Blocked"}
    steps = [step("a", expect=bad), step("b"), step("c", expect=bad)]
    project.add("a.json", scenario("one", *steps))
    result = project.run()
    assert re.findall(r"^step \d: .*", result.stdout.str(), re.MULTILINE) == ["step 1: a", "step 3: c"]
    verdicts = [one["verdict"] for one in project.records()[0]["result"]["steps"]]
    assert verdicts == ["failed", "passed", "failed"]
    assert "step 1 'a': status: expected nok, got ok (and 1 more of 3 steps)" in result.stdout.str()


@pytest.mark.parametrize("way", ["option", "ini"])
def test_a_scenario_can_stop_at_its_first_failed_step(project: Project, way: str) -> None:
    if way == "ini":
        project.ini("fluxscenario_on_failure = stop")
    project.add("a.json", failing())
    result = project.run(*(["--fluxscenario-on-failure=stop"] if way == "option" else []))
    result.assert_outcomes(failed=1)
    verdicts = [one["verdict"] for one in project.records()[0]["result"]["steps"]]
    assert verdicts == ["passed", "failed", "skipped"]


def test_an_unknown_word_for_on_failure_is_refused(project: Project) -> None:
    project.ini("fluxscenario_on_failure = explode")
    project.add("a.json", failing())
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*fluxscenario_on_failure is 'explode'; it can be 'continue' or 'stop'"])


def test_the_terminal_tells_steps_profile_and_evidence(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.add("a.json", failing(), scenario("one"))
    result = project.run_with(plugin_args, "-v")
    result.stdout.fnmatch_lines(["    passed  1 first", "    failed  2 wrong", "    passed  3 last"], consecutive=True)
    result.stdout.fnmatch_lines(
        [
            "fluxscenario: 2 scenarios on small 1.0.0 (sha256:*, tree packs/small)",
            "fluxscenario: evidence failed, 2 records in .fluxscenario/evidence (root sha256:*)",
        ]
    )


def test_steps_are_shown_only_with_verbose(project: Project) -> None:
    project.add("a.json", failing())
    assert "    passed  1 first" not in project.run().stdout.str()
    assert "fluxscenario:" not in project.run("-q").stdout.str()


def test_the_short_summary_is_one_line(project: Project) -> None:
    wrong = step("two\nlines", expect={"status": "ok", "route": "Blocked"})
    project.add("a.json", scenario("one", wrong))
    result = project.run()
    summary = result.stdout.str().split("short test summary info")[1].splitlines()
    expected = "step 1 'two\\x0alines': route: expected Blocked, got Continue"
    assert [line for line in summary if "a.json" in line or "step" in line] == [
        f"FAILED packs/small/scenarios/a.json::one - {expected}"
    ]
    assert "Traceback" not in text_of(result)


def test_a_hook_that_nothing_can_run_gives_no_verdict(project: Project) -> None:
    path = project.add("a.json", needs_hook(), scenario("other"))
    result = project.run()
    result.assert_outcomes(failed=1, passed=1)
    assert project.outcomes() == {"hooked": "error", "other": "passed"}
    line = line_of(path, '"name": "check"')
    result.stdout.fnmatch_lines(
        [
            "E no verdict: *hooks.yaml: the command 'no-such-program' of the hooks is not on PATH*",
            "",
            f"*a.json:{line}: no verdict",
        ]
    )
    assert "Traceback" not in text_of(result)


def test_a_fault_stands_in_for_the_hook(project: Project) -> None:
    expect = {"status": "nok", "route": "InstructAgent", "hook_calls": {"assess": "timeout"}}
    steps = step("check", "work.check", expect=expect, faults={"assess": "timeout"})
    project.add("a.json", scenario("one", steps))
    project.run().assert_outcomes(passed=1)


_RAISES = """\
import pytest

class Raises:
    def begin(self, run_id, given): pass
    def approve(self, run_id, approval): pass
    def decide(self, request): raise RuntimeError("no answer today")

@pytest.fixture
def fluxscenario_control():
    return Raises()
"""


def test_a_control_that_raises_meets_no_expectation(project: Project) -> None:
    """Not even ``status: error``: an exception is no answer."""
    project.text("conftest.py", _RAISES)
    project.add("a.json", scenario("one", step("first", expect={"status": "error"}), step("second")))
    result = project.run()
    result.assert_outcomes(failed=1)
    assert project.outcomes() == {"one": "error"}
    result.stdout.fnmatch_lines(["E no verdict: the control raised RuntimeError: no answer today (conftest.py:6)"])
    assert [one["verdict"] for one in project.records()[0]["result"]["steps"]] == ["error", "skipped"]
    assert "Traceback" not in text_of(result)


def test_a_run_that_cannot_begin_says_why(project: Project) -> None:
    given = {"artifacts": [{"type": "strat_record", "payload": {"what": "x"}}]}
    path = project.add("a.json", scenario("one", given=given))
    result = project.run()
    result.assert_outcomes(failed=1)
    assert project.outcomes() == {"one": "error"}
    fault = "given.artifacts[[]0]: the profile has no artifact type 'strat_record' (did you mean 'start_record'*"
    line = line_of(path, '"artifacts"')
    place = f"packs/small/scenarios/a.json:{line}: no verdict"
    result.stdout.fnmatch_lines(["the run cannot begin", f"E no verdict: {fault}", "", place], consecutive=True)


def test_a_file_that_changed_meanwhile_shows_the_scenarios_own_line(project: Project) -> None:
    path = project.add("a.json", failing())
    project.text(
        "conftest.py",
        f"import pathlib\ndef pytest_collection_finish(session):\n    pathlib.Path({str(path)!r}).write_text('gone')\n",
    )
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["packs/small/scenarios/a.json:1: status, route"])


def test_what_strangers_wrote_is_escaped(project: Project) -> None:
    wrong = step("\x1b[31mred", expect={"status": "ok", "route": "Continue", "reason": "a\x1b[2Jb\u202e"})
    project.add("a.json", scenario("one", wrong))
    result = project.run("-v", "--junitxml=junit.xml")
    result.assert_outcomes(failed=1)
    for text in (text_of(result), (project.root / "junit.xml").read_text(encoding="utf-8")):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "#x1B" not in text


def test_a_fault_of_a_hook_that_the_pack_has_not(project: Project) -> None:
    """It would never happen, and the scenario pass without it."""
    project.add("a.json", scenario("one", step(faults={"asess": "timeout"}), faults={"asses": "crash"}))
    result = project.run()
    result.assert_outcomes(errors=1)
    text = text_of(result)
    assert ": the pack has no hook 'asess' that could fail (did you mean 'assess'?)" in text
    assert re.search(r"scenarios/a\.json:\d+:\d+: the pack has no hook 'asess' that", text)
    assert ": the pack has no hook 'asses' that could fail (did you mean 'assess'?)" in text


def test_a_capture_that_nothing_uses_must_be_there_too(project: Project) -> None:
    project.add("a.json", scenario("one", step(capture={"first": "created_artifacts.0"})))
    project.add("b.json", scenario("two", step(capture={"tenth": "created_artifacts.9"})))
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    assert "the response has no 'created_artifacts.9' to capture" in text_of(result)
