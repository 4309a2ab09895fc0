"""The fixtures that a conftest.py may override, and the scenarios that then run with them."""

from __future__ import annotations

import pytest

from tests.fakes.packs import failing, needs_hook, scenario, step, write
from tests.fakes.project import Project, text_of

_BLOCKED = {"status": "nok", "route": "Blocked"}


def conftest(project: Project, folder: str, body: str) -> None:
    project.text(f"{folder}/conftest.py", f"import pytest\n\n{body}")


def two_folders(project: Project, *documents: dict[str, object]) -> None:
    """The same scenarios in a folder ``in`` and in one ``out`` of the pack."""
    for folder in ("in", "out"):
        write(project.pack / folder / "a.scenario.json", *documents)


def outcomes(project: Project) -> dict[str, str]:
    return {one["id"].removeprefix("packs/small/"): one["outcome"] for one in project.manifest()["scenarios"]}


def test_the_environment_applies_below_its_conftest(project: Project) -> None:
    two_folders(project, needs_hook("lacks", faults={"assess": "error"}))
    body = "@pytest.fixture\ndef fluxscenario_environment():\n    return {'capabilities': ['repo.read']}\n"
    conftest(project, "packs/small/in", body)
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    environments = {record["id"].split("/")[2]: record["result"]["environment"] for record in project.records()}
    assert environments == {
        "in": {"capabilities": ["repo.read"]},
        "out": {"capabilities": ["repo.read"], "connectors": ["git"]},
    }


def test_hooks_given_as_functions_apply_below_their_conftest(project: Project) -> None:
    two_folders(project, needs_hook())
    body = (
        "@pytest.fixture\ndef fluxscenario_hooks():\n"
        "    return {'assess': lambda call: {'status': 'ok', 'facts': {'risky': False}}}\n"
    )
    conftest(project, "packs/small/in", body)
    project.run().assert_outcomes(passed=1, failed=1)
    assert outcomes(project) == {"in/a.scenario.json::hooked": "passed", "out/a.scenario.json::hooked": "error"}


def test_a_hook_sees_the_request_and_its_fault_goes_before_it(project: Project) -> None:
    faulted = {"status": "nok", "route": "InstructAgent", "hook_calls": {"assess": "crash"}}
    steps = [
        step("says no", "work.check", payload={"risky": True}, expect={**_BLOCKED, "gate_id": "check_needs_facts"}),
        step("says yes", "work.check", payload={"risky": False}),
        step("cannot say", "work.check", payload={"risky": False}, faults={"assess": "crash"}, expect=faulted),
    ]
    project.add("a.json", scenario("one", *steps))
    body = (
        "def assess(call):\n    return {'status': 'ok', 'facts': {'risky': call.payload['risky']}}\n\n"
        "@pytest.fixture\ndef fluxscenario_hooks():\n    return {'assess': assess}\n"
    )
    conftest(project, "packs/small", body)
    project.run().assert_outcomes(passed=1)


def test_the_clock_applies_below_its_conftest(project: Project) -> None:
    approval = {"role": "approver", "scope": "waive", "expires_at": "2030-01-01T00:00:00Z"}
    two_folders(project, scenario("one", {"name": "yes", "approve": approval}, step("waive", "work.waive")))
    body = (
        "from datetime import datetime, timezone\n"
        "@pytest.fixture\ndef fluxscenario_clock():\n    return datetime(2030, 1, 2, tzinfo=timezone.utc)\n"
    )
    conftest(project, "packs/small/in", body)
    project.run().assert_outcomes(passed=1, failed=1)
    assert outcomes(project) == {"in/a.scenario.json::one": "failed", "out/a.scenario.json::one": "passed"}


_CONTROL = """\
class Refuses:
    def begin(self, run_id, given):
        self.given = given

    def approve(self, run_id, approval):
        pass

    def decide(self, request):
        return {answer}

@pytest.fixture
def fluxscenario_control(fluxscenario_case):
    assert fluxscenario_case.subject.pack.profile.id == "small"
    assert fluxscenario_case.scenario.id
    return Refuses()
"""
_REFUSAL = (
    "{'status': 'nok', 'route': 'Blocked', 'run_id': request.run_id, 'profile_id': 'small',"
    " 'profile_version': '1.0.0', 'profile_hash': 'sha256:' + '0' * 64}"
)


def test_a_control_of_ones_own_answers_mappings(project: Project, plugin_args: tuple[str, ...]) -> None:
    two_folders(project, scenario("one", step(expect=_BLOCKED)))
    conftest(project, "packs/small/in", _CONTROL.format(answer=_REFUSAL))
    project.run_with(plugin_args).assert_outcomes(passed=1, failed=1)
    assert outcomes(project) == {"in/a.scenario.json::one": "passed", "out/a.scenario.json::one": "failed"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("None", "the control's answer has not the shape of a response"),
        ("{}", "missing required field"),
        ("{**" + _REFUSAL + ", 'status': 'fine'}", "Invalid enum value 'fine'"),
        ("{**" + _REFUSAL + ", 'route': 7}", "Expected `str`, got `int`"),
        ("{**" + _REFUSAL + ", 'rout': 'Blocked'}", "unknown field `rout`"),
        ("{1: 2}", "shape"),
        ("object()", "object"),
        ("1 / 0", "the control raised ZeroDivisionError: division by zero (conftest.py:11)"),
        ("{**" + _REFUSAL + ", 'reason': float('nan'), 'route': 'x'}", "Expected `str`, got `float`"),
    ],
)
def test_an_answer_of_another_shape_is_no_verdict(project: Project, answer: str, words: str) -> None:
    project.add("a.json", scenario("one", step(expect=_BLOCKED)), scenario("error", step(expect={"status": "error"})))
    conftest(project, "packs/small", _CONTROL.format(answer=answer))
    result = project.run()
    result.assert_outcomes(failed=2)
    assert set(project.outcomes().values()) == {"error"}
    result.stdout.fnmatch_lines([f"E no verdict: *{words}*"])
    assert "Traceback" not in text_of(result)


def test_a_control_without_its_methods_is_no_verdict(project: Project) -> None:
    project.add("a.json", scenario())
    conftest(project, "packs/small", "@pytest.fixture\ndef fluxscenario_control():\n    return object()\n")
    result = project.run()
    result.assert_outcomes(failed=1)
    assert project.outcomes() == {"one": "error"}
    result.stdout.fnmatch_lines(["E no verdict: *no attribute 'begin'*"])


@pytest.mark.parametrize(
    ("fixture", "value", "words"),
    [
        ("environment", "{'capabilites': []}", "unknown field `capabilites`"),
        ("environment", "['repo.read']", "give capabilities and connectors as lists"),
        ("clock", "__import__('datetime').datetime(2030, 1, 1)", "names no time zone"),
        ("clock", "'now'", "give a datetime or an object with now(), not str"),
        ("hooks", "['assess']", "give functions by hook id or an object with call(), not list"),
    ],
)
def test_a_fixture_of_another_shape_is_told(project: Project, fixture: str, value: str, words: str) -> None:
    project.add("a.json", scenario())
    conftest(project, "packs/small", f"@pytest.fixture\ndef fluxscenario_{fixture}():\n    return {value}\n")
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert project.outcomes() == {"one": "error"}
    result.stdout.fnmatch_lines([f"*fixture fluxscenario_{fixture} cannot be used: *{words}*"])


def test_an_autouse_fixture_applies(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.add("a.json", scenario("one"), scenario("two"))
    body = (
        "import os, pathlib\n@pytest.fixture(autouse=True)\ndef mark(request):\n"
        "    yield\n    pathlib.Path(f'seen-{request.node.name}').touch()\n"
    )
    conftest(project, ".", body)
    project.run_with(plugin_args).assert_outcomes(passed=2)
    assert sorted(path.name for path in project.root.glob("seen-*")) == ["seen-one", "seen-two"]


def test_a_fixture_that_fails_makes_an_error(project: Project) -> None:
    project.add("a.json", scenario("one"), scenario("two"))
    body = "@pytest.fixture(autouse=True)\ndef broken(request):\n    assert request.node.name != 'one'\n"
    conftest(project, ".", body)
    project.run().assert_outcomes(errors=1, passed=1)
    assert project.outcomes() == {"one": "error", "two": "passed"}
    assert project.manifest()["verdict"] == "failed"


def test_a_teardown_that_fails_makes_an_error(project: Project) -> None:
    project.add("a.json", scenario())
    body = "@pytest.fixture(autouse=True)\ndef broken():\n    yield\n    raise RuntimeError('too late')\n"
    conftest(project, ".", body)
    project.run().assert_outcomes(errors=1, passed=1)
    assert project.outcomes() == {"one": "error"}
    assert project.manifest()["verdict"] == "failed"


def test_ordinary_scenarios_do_not_pay_for_fixtures(project: Project) -> None:
    two_folders(project, scenario())
    conftest(project, "packs/small/in", "@pytest.fixture\ndef fluxscenario_hooks():\n    return {}\n")
    conftest(project, ".", "@pytest.fixture\ndef of_no_concern():\n    return 1\n")
    result = project.run("--collect-only")
    result.stdout.fnmatch_lines(["*<FixtureScenarioItem one>", "*<ScenarioItem one>"])


def test_skip_does_not_set_fixtures_up(project: Project) -> None:
    project.add("a.json", failing("one", skip="not today"))
    conftest(project, ".", "@pytest.fixture(autouse=True)\ndef loud():\n    raise RuntimeError('set up')\n")
    project.run().assert_outcomes(skipped=1)


def test_a_test_function_has_no_case(project: Project) -> None:
    project.text("test_plain.py", "def test_plain(fluxscenario_case):\n    pass\n")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fluxscenario_case is a fixture of scenarios; a test function has none"])


def test_each_scenario_gets_a_fresh_control(project: Project) -> None:
    """What one scenario recorded is not there for the next, whatever the order."""
    finish = step("finish", "work.finish", expect={"status": "nok", "route": "InstructAgent"})
    rows = scenario("rows", finish, step("start"), parameters=[{"n": 1}, {"n": 2}])
    project.add("a.json", scenario("first"), rows, scenario("last", finish))
    project.run().assert_outcomes(passed=4)
