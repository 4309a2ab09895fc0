"""Scenario classes in a session (pack.md, "Scenario classes")."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import scenario
from tests.fakes.project import Project, text_of

_ALL = (
    "happy_path",
    "missing_required_input",
    "blocked_hard_rule",
    "ask_user_case",
    "instruct_agent_case",
    "approval_required",
    "hook_failure",
    "materialization_preflight",
    "idempotency_replay",
    "idempotency_conflict",
)


def _fill(project: Project, *missing: str) -> None:
    for name in _ALL:
        if name not in missing:
            project.add(f"{name}.json", scenario(f"s-{name}"))


def test_what_is_missing_is_named_where_the_whole_pack_ran(project: Project, plugin_args: tuple[str, ...]) -> None:
    _fill(project, "hook_failure", "idempotency_replay")
    result = project.run_with(plugin_args)
    result.assert_outcomes(passed=len(_ALL) - 2)
    line = "fluxscenario: small 1.0.0 has no scenario of the classes hook_failure, idempotency_replay *"
    result.stdout.fnmatch_lines([line])
    assert result.ret == 0
    (coverage,) = project.manifest()["coverage"]
    assert [name for name, ran in coverage["classes"].items() if not ran] == ["hook_failure", "idempotency_replay"]
    assert list(coverage["classes"]) == sorted(_ALL)


def test_under_the_strict_option_it_is_a_failure(project: Project, plugin_args: tuple[str, ...]) -> None:
    _fill(project, "hook_failure")
    result = project.run_with(plugin_args, "--fluxscenario-strict", "-q")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert text_of(result).count("has no scenario of the class hook_failure") == 1
    manifest = project.manifest()
    assert manifest["verdict"] == "failed"
    assert [one["file"] for one in manifest["errors"]] == ["packs/small"]


def test_a_draft_that_waits_for_its_review_hides_no_gap_and_fills_none(
    project: Project, plugin_args: tuple[str, ...]
) -> None:
    _fill(project, "hook_failure")
    skip = "drafted by fluxrig and not reviewed yet"
    project.add("drafts/d.scenario.json", scenario("d", classes=["hook_failure"], skip=skip))
    result = project.run_with(plugin_args, "--fluxscenario-strict")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert text_of(result).count("has no scenario of the class hook_failure") == 1
    (coverage,) = project.manifest()["coverage"]
    assert not coverage["classes"]["hook_failure"]
    assert main(["scenario", "run", str(project.root), "--strict"]) == 1
    project.add("other.json", scenario("other", skip="not today"))
    result = project.run_with(plugin_args, "--fluxscenario-strict")
    assert "has no scenario" not in text_of(result)


@pytest.mark.parametrize("asked", ["none", "happy_path ask_user_case"])
def test_the_ini_key_says_which_are_asked_for(project: Project, asked: str) -> None:
    _fill(project, "hook_failure")
    project.ini(f"fluxscenario_classes = {asked}", "fluxscenario_strict = true")
    result = project.run()
    assert result.ret == 0
    assert "has no scenario" not in text_of(result)


def test_a_class_that_is_none_is_refused(project: Project) -> None:
    _fill(project)
    project.ini("fluxscenario_classes = happy_pth")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "'happy_pth' is no scenario class (did you mean 'happy_path'?)" in text_of(result)
    assert main(["scenario", "run", str(project.root)]) == 2


@pytest.mark.parametrize("part", [("-k", "happy"), ("packs/small/scenarios/happy_path.json",)])
def test_a_part_of_a_pack_says_nothing_of_the_rest(project: Project, part: tuple[str, ...]) -> None:
    _fill(project, "hook_failure")
    result = project.run("--fluxscenario-strict", *part)
    result.assert_outcomes(passed=1, deselected=len(_ALL) - 2 if part[0] == "-k" else 0)
    assert "has no scenario" not in text_of(result)


def test_with_v_the_classes_are_listed(project: Project) -> None:
    _fill(project, "hook_failure")
    result = project.run("-v")
    result.stdout.fnmatch_lines(
        ["fluxscenario: classes of small 1.0.0", "    approval_required *yes", "    hook_failure *missing"]
    )


def test_the_command_gives_the_same_verdict(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fill(project, "hook_failure")
    monkeypatch.chdir(project.root)
    told = "small 1.0.0 has no scenario of the class hook_failure"
    assert main(["scenario", "run", ".", "--evidence", "off"]) == 0
    assert told not in capsys.readouterr().err
    project.ini("fluxscenario_classes = hook_failure happy_path")
    for evidence in ("off", "here"):
        assert main(["scenario", "run", ".", "--evidence", evidence]) == 0
        assert told in capsys.readouterr().err
        assert main(["scenario", "run", ".", "--strict", "--evidence", evidence]) == 1
        assert capsys.readouterr().err.count(told) == 1
        assert main(["scenario", "run", ".", "--strict", "-k", "happy", "--evidence", evidence]) == 0
        assert told not in capsys.readouterr().err
