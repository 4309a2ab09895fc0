"""A pack that cannot be used: told once, and none of its scenarios looks green."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import scenario, write
from tests.fakes.project import Project, text_of

_COUNT = 6


def _break(project: Project) -> None:
    path = project.pack / "profile.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("next_actions: [work.finish, work.check]", "next_actions: [work.finsh]")
    path.write_text(text.replace("before_action: work.start", "before_action: work.begin"), encoding="utf-8")


def test_its_faults_are_told_once_and_every_file_is_an_error(project: Project, plugin_args: tuple[str, ...]) -> None:
    _break(project)
    for number in range(_COUNT):
        project.add(f"s{number}.json", scenario(f"s{number}"))
    write(project.root / "other.scenario.json", {"id": "also broken"})
    result = project.run_with(plugin_args)
    said, _, short = text_of(result).partition("short test summary info")
    assert result.ret != 0
    assert said.count("there is no action 'work.finsh'") == 1
    assert said.count("there is no action 'work.begin'") == 1
    assert said.count("profile.yaml:19:20 and 1 more, told with packs/small/scenarios/s0.json") == _COUNT - 1
    result.assert_outcomes(errors=_COUNT + 1)
    errors = [line for line in short.splitlines() if line.startswith("ERROR ") and "/s" in line]
    assert len(errors) == _COUNT


def test_the_command_says_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _break(project)
    for number in range(_COUNT):
        project.add(f"s{number}.json", scenario(f"s{number}"))
    project.run()
    written = [one["message"].splitlines() for one in project.manifest()["errors"]] if project.evidence.exists() else []
    capsys.readouterr()
    monkeypatch.chdir(project.root)
    assert main(["scenario", "run", "packs"]) != 0
    said = capsys.readouterr().err
    assert said.count("there is no action 'work.finsh'") == 1
    assert said.count("told with packs/small/scenarios/s0.json") == _COUNT - 1
    assert not written or [one["message"].splitlines() for one in project.manifest()["errors"]] == written


def test_two_broken_packs_are_each_told(project: Project) -> None:
    _break(project)
    project.add("a.json", scenario("a"))
    other = Path(str(project.pack) + "2")
    other.mkdir()
    (other / "process.manifest.yaml").write_text("process: {id: two}\n", encoding="utf-8")
    write(other / "scenarios" / "b.json", {**scenario("b"), "profile_id": "two"})
    said = text_of(project.run())
    assert "there is no action 'work.finsh'" in said
    assert "packs/small2/process.manifest.yaml:1" in said
    assert "told with" not in said
