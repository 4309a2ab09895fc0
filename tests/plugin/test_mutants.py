"""``--fluxscenario-mutate``: what the scenarios of a session would notice."""

from __future__ import annotations

import pytest

from tests.fakes.packs import failing, scenario, step
from tests.fakes.project import Project, text_of

_ASKS = scenario("asks", step(payload={"what": ""}, expect={"status": "nok", "route": "AskUser"}))
#: A control that allows everything.
_KIND = """
import pytest

class Kind:
    def begin(self, run_id, given): pass
    def approve(self, run_id, approval): pass
    def decide(self, request):
        return {"status": "ok", "route": "Continue", "run_id": "run-1", "profile_id": "small",
                "profile_version": "1.0.0", "profile_hash": "x", "next_allowed_actions": [], "evidence_refs": [],
                "idempotent_replay": False, "completion_report_exists": False, "hook_calls": []}

@pytest.fixture
def fluxscenario_control():
    return Kind()
"""
_MUTATE = "--fluxscenario-mutate"


@pytest.fixture
def begun(project: Project) -> Project:
    """A project with two scenarios that pass."""
    project.add("begins.json", scenario("begins"))
    project.add("asks.json", _ASKS)
    return project


def _score(result: pytest.RunResult) -> str:
    (line,) = [line for line in text_of(result).splitlines() if line.startswith("small 1.0.0: ")]
    return line


def test_survivors_are_told_and_fail_the_session(begun: Project, plugin_args: tuple[str, ...]) -> None:
    result = begun.run_with(plugin_args, _MUTATE)
    assert result.ret == 1
    result.assert_outcomes(passed=2)
    said = text_of(result)
    text = (begun.pack / "profile.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, one in enumerate(text, 1) if "- id: waiver_needs_approval" in one)
    assert f"packs/small/profile.yaml:{line}: survived gate-dropped:waiver_needs_approval: " in said
    assert "    would notice: a step that it stops: expectation: {status: nok, route: AwaitApproval" in said
    assert "gate-dropped:what_required" not in said
    assert ", below 100%; " in _score(result)
    assert _score(result).endswith(" cannot be (2 scenarios)")


def test_workers_and_one_process_say_the_same(begun: Project) -> None:
    alone, shared = begun.run(_MUTATE), begun.spawn("-n2", _MUTATE)
    assert _score(alone) == _score(shared)


def test_the_threshold_decides(begun: Project) -> None:
    assert begun.run(_MUTATE, "--fluxscenario-mutate-fail-under=0").ret == 0
    assert begun.run(_MUTATE, "--fluxscenario-mutate-fail-under=99").ret == 1
    # A score that is asked for is looked at; the number of the ini file is only a number.
    assert begun.run("--fluxscenario-mutate-fail-under=99").ret == 1
    begun.ini("fluxscenario_mutate_fail_under = 99")
    assert begun.run().ret == 0
    begun.ini("fluxscenario_mutate = true", "fluxscenario_mutate_fail_under = 1.5")
    result = begun.run()
    assert result.ret == 0
    assert "below" not in _score(result)
    quiet = begun.run("-q")
    assert "small 1.0.0" not in text_of(quiet)
    loud = begun.run("-q", "--fluxscenario-mutate-fail-under=100")
    assert ", below 100%" in _score(loud)


@pytest.mark.parametrize("bad", ["101", "-1", "many", "nan"])
def test_a_threshold_that_cannot_be_is_refused(begun: Project, bad: str) -> None:
    result = begun.run(_MUTATE, f"--fluxscenario-mutate-fail-under={bad}")
    assert result.ret == 4
    said = f"--fluxscenario-mutate-fail-under is '{bad}'; it can be a number from 0 to 100"
    assert said in text_of(result)


@pytest.mark.parametrize(
    "args", [("-k", "asks"), ("packs/small/scenarios/asks.json",), ("-m", "nothing or not nothing")]
)
def test_of_a_part_of_a_pack_nothing_is_said(begun: Project, args: tuple[str, ...]) -> None:
    result = begun.run(_MUTATE, *args)
    if "-m" in args:
        # It leaves nothing out.
        assert result.ret == 1
        return
    assert result.ret == 0
    assert _score(result) == "small 1.0.0: no mutants were tried: not all of its scenarios ran"
    assert _score(begun.run(_MUTATE, "-q", *args)) == _score(result)
    strict = begun.run(_MUTATE, "--fluxscenario-strict", "-q", *args)
    assert strict.ret == 1
    assert _score(strict) == _score(result)


def test_a_scenario_that_fails_leaves_nothing_to_say(begun: Project, plugin_args: tuple[str, ...]) -> None:
    begun.add("bad.json", failing())
    result = begun.run_with(plugin_args, _MUTATE)
    assert result.ret == 1
    assert _score(result) == "small 1.0.0: no mutants were tried: a scenario on it did not pass"


def test_where_no_scenario_ran_that_is_said(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.add("skipped.json", scenario("skipped", skip="later"))
    said = "fluxscenario: no mutants were tried: no scenario ran"
    result = project.run_with(plugin_args, _MUTATE, "-q")
    assert result.ret == 0
    assert said in text_of(result)
    strict = project.run_with(plugin_args, _MUTATE, "--fluxscenario-strict")
    assert strict.ret == 1
    assert said in text_of(strict)
    project.text("test_it.py", "def test_it(): pass\n")
    assert "mutants" not in text_of(project.run(_MUTATE, "test_it.py"))


def test_skip_and_xfail_notice_nothing(begun: Project) -> None:
    begun.add("skipped.json", scenario("skipped", skip="later"))
    begun.add("expected.json", failing("expected", xfail="known"))
    before = _score(begun.run(_MUTATE, "packs/small/scenarios"))
    assert "(2 scenarios)" in before


def test_what_passes_on_another_control_only_is_left_out(begun: Project) -> None:
    begun.text("packs/small/conftest.py", _KIND)
    (begun.pack / "scenarios" / "asks.json").unlink()
    kind = scenario("kind", step(payload={"what": ""}))
    begun.add("kind.json", kind)
    result = begun.run(_MUTATE, "--fluxscenario-mutate-fail-under=0")
    result.assert_outcomes(passed=2)
    assert "(1 scenario; 1 left out, which pass on another control only)" in _score(result)


def test_nothing_is_tried_unless_it_is_asked_for(begun: Project) -> None:
    begun.text(
        "conftest.py",
        "import sys\ndef pytest_unconfigure(config):\n"
        "    print('loaded', any('fluxscenario.analysis' in name for name in sys.modules))\n",
    )
    assert "loaded False" in text_of(begun.spawn())
    assert "loaded True" in text_of(begun.spawn(_MUTATE))
    assert "mutants" not in text_of(begun.run("--collect-only", _MUTATE))


def test_two_packs_are_judged_each_by_its_own_scenarios(begun: Project) -> None:
    from tests.fakes.packs import write, write_pack

    other = write_pack(begun.root / "packs" / "other")
    for name in ("process.manifest.yaml", "profile.yaml"):
        path = other / name
        path.write_text(path.read_text(encoding="utf-8").replace("id: small", "id: other"), encoding="utf-8")
    write(other / "scenarios" / "one.json", scenario("one", profile_id="other"))
    result = begun.run(_MUTATE)
    said = [line for line in text_of(result).splitlines() if " mutants noticed, " in line]
    assert [line.split(":")[0] for line in said] == ["other 1.0.0", "small 1.0.0"]
    assert "(1 scenario)" in said[0]
    assert "(2 scenarios)" in said[1]
