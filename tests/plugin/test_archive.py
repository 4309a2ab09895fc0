"""Archives of packs as tests: ``pytest pack.fstpack`` (pack.md, "Archives")."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pytest_fluxscenario.cas.packing import pack_tree
from pytest_fluxscenario.cas.trees import build_tree
from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import failing, scenario, write
from tests.fakes.project import Project, text_of

_ID = "small.fstpack::scenarios/one.json::"


def build(project: Project, name: str = "small.fstpack") -> Path:
    path = project.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack_tree(build_tree(str(project.pack), "pack")))
    return path


@pytest.fixture
def packed(project: Project) -> Project:
    """A project whose pack lies in an archive only."""
    project.add("one.json", scenario("first"), scenario("rows", parameters=[{"a": 1}, {"a": 2}]))
    project.add("two.scenario.yaml", scenario("second", classes=["happy_path"]))
    project.text("packs/small/scenarios/deep/notes.json", "{}")
    build(project)
    shutil.rmtree(project.pack)
    return project


def ids(project: Project) -> list[str]:
    return [one["id"] for one in project.manifest()["scenarios"]]


@pytest.mark.parametrize("plugin_args", [(), ("-n2",)], ids=["plain", "n2"])
def test_the_scenarios_in_it_run_on_the_pack_in_it(packed: Project, plugin_args: tuple[str, ...]) -> None:
    packed.run_with(plugin_args, "small.fstpack").assert_outcomes(passed=4)
    assert ids(packed) == [
        f"{_ID}first",
        f"{_ID}rows[0]",
        f"{_ID}rows[1]",
        "small.fstpack::scenarios/two.scenario.yaml::second",
    ]
    (profile,) = {(one["result"]["profile"]["origin"], one["result"]["profile"]["source"]) for one in packed.records()}
    assert profile == ("tree", "small.fstpack")
    assert {one["result"]["scenario"]["file"] for one in packed.records()} == {
        "small.fstpack/scenarios/one.json",
        "small.fstpack/scenarios/two.scenario.yaml",
    }


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        ([f"{_ID}first"], 1),
        ([f"{_ID}rows[1]"], 1),
        (["small.fstpack::scenarios/one.json"], 3),
        (["small.fstpack", "-k", "happy_path"], 1),
        ([f"{_ID}first", "small.fstpack::scenarios/two.scenario.yaml::second"], 2),
    ],
)
def test_a_part_of_it(packed: Project, arguments: list[str], passed: int) -> None:
    packed.run(*arguments).assert_outcomes(passed=passed, deselected=4 - passed if "-k" in arguments else 0)


def test_what_only_lies_there_is_no_test(packed: Project) -> None:
    assert packed.run().ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert packed.run(".").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_the_configuration_may_name_archives(packed: Project) -> None:
    build_at = packed.root / "dist" / "small.fstpack"
    build_at.parent.mkdir()
    shutil.move(packed.root / "small.fstpack", build_at)
    packed.ini("fluxscenario_files = out/*.fstpack", "norecursedirs = none")
    assert packed.run().ret == pytest.ExitCode.NO_TESTS_COLLECTED
    packed.ini("fluxscenario_files = dist/*.fstpack", "norecursedirs = none")
    packed.run().assert_outcomes(passed=4)
    assert main(["scenario", "run", str(packed.root), "--evidence", "off"]) == 0


def test_a_link_and_a_folder_named_scenarios(packed: Project) -> None:
    (packed.root / "scenarios").mkdir()
    shutil.move(packed.root / "small.fstpack", packed.root / "scenarios" / "s.FSTPACK")
    (packed.root / "link.fstpack").symlink_to("scenarios/s.FSTPACK")
    packed.run("link.fstpack").assert_outcomes(passed=4)
    packed.run("scenarios/s.FSTPACK").assert_outcomes(passed=4)
    assert packed.run("scenarios").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_failure_is_shown_at_its_line_and_runs_again(project: Project) -> None:
    project.add("one.json", scenario("good"), failing("bad"))
    build(project)
    shutil.rmtree(project.pack)
    result = project.run("small.fstpack")
    result.assert_outcomes(passed=1, failed=1)
    assert re.search(r"^small\.fstpack/scenarios/one\.json:\d{2}: ", text_of(result), re.MULTILINE)
    assert f"FAILED {_ID}bad - step 2 'wrong'" in text_of(result)
    again = project.run("--lf", "small.fstpack")
    again.assert_outcomes(failed=1)
    project.run(f"{_ID}bad").assert_outcomes(failed=1)


def test_pytest_and_fluxrig_write_the_same(packed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(packed.root)
    packed.run("small.fstpack")
    roots = [packed.manifest()["root"]]
    for arguments in (["small.fstpack"], ["small.fstpack::scenarios/one.json", "small.fstpack"]):
        assert main(["scenario", "run", *arguments, "--evidence", "other"]) == 0
        roots.append(packed.manifest(packed.root / "other")["root"])
    assert len(set(roots)) == 1
    assert main(["scenario", "run", f"{_ID}rows", "--evidence", "other"]) == 0
    assert [one["id"] for one in packed.manifest(packed.root / "other")["scenarios"]] == [
        f"{_ID}rows[0]",
        f"{_ID}rows[1]",
    ]


def test_what_cannot_be_used_fails_and_the_rest_runs(
    packed: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(packed.root)
    (packed.root / "bad.fstpack").write_bytes(b"PK\5\6")
    result = packed.run("bad.fstpack", "small.fstpack")
    result.assert_outcomes(errors=1, passed=4)
    assert "bad.fstpack: the archive cannot be read: it is no zip" in text_of(result)
    assert packed.manifest()["verdict"] == "failed"
    capsys.readouterr()
    assert main(["scenario", "run", "bad.fstpack", "small.fstpack"]) == 1
    out = capsys.readouterr()
    assert "4 passed" in out.out
    assert "bad.fstpack: the archive cannot be read" in out.out + out.err


def test_an_archive_without_scenarios_does_not_look_green(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build(project)
    monkeypatch.chdir(project.root)
    result = project.run("small.fstpack")
    result.assert_outcomes(errors=1)
    assert "small.fstpack: holds no scenario file" in text_of(result)
    assert main(["scenario", "run", "small.fstpack"]) == 1
    assert "holds no scenario file" in "".join(capsys.readouterr())


def test_a_broken_scenario_is_told_with_its_place(project: Project) -> None:
    project.add("one.json", scenario("good"))
    project.text("packs/small/scenarios/bad.json", '{"id": "x",\n "steps": 1}')
    build(project)
    result = project.run("small.fstpack")
    result.assert_outcomes(errors=1, passed=1)
    assert "small.fstpack/scenarios/bad.json:2:11: " in text_of(result)


def test_a_scenario_in_an_archive_names_no_path(project: Project) -> None:
    project.add("one.json", scenario("good", profile="../"))
    build(project)
    result = project.run("small.fstpack")
    assert "the profile '../' is a path, but a scenario in an archive lies in no folder" in text_of(result)


def test_what_runs_is_what_was_collected(packed: Project) -> None:
    """The archive is replaced between collection and run; its text was let go, and is read again from memory."""
    packed.pytester.makeconftest(
        """
        from pathlib import Path
        def pytest_collection_finish(session):
            Path("small.fstpack").write_bytes(b"other")
        """
    )
    packed.run("small.fstpack").assert_outcomes(passed=4)


def test_a_file_that_is_not_in_it(packed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(packed.root)
    assert packed.run("small.fstpack::scenarios/on.json").ret == pytest.ExitCode.USAGE_ERROR
    assert main(["scenario", "run", "small.fstpack::scenarios/on.json"]) == 2
    assert main(["scenario", "run", f"{_ID}frst"]) == 2


def test_a_changed_pack_is_warned_of(project: Project) -> None:
    project.add("one.json", scenario("good"))
    assert main(["profile", "import", str(project.pack), "--store", str(project.root / "store")]) == 0
    text = (project.pack / "profile.yaml").read_text(encoding="utf-8")
    (project.pack / "profile.yaml").write_text(text.replace("Nothing was begun.", "Nothing."), encoding="utf-8")
    build(project)
    shutil.rmtree(project.pack)
    result = project.run("small.fstpack")
    result.assert_outcomes(passed=1, warnings=1)
    assert "small.fstpack/process.manifest.yaml:3:12" in text_of(result)
    project.run("small.fstpack", "--fluxscenario-strict").assert_outcomes(errors=1)


def test_a_scenario_of_the_tree_may_name_an_archive(packed: Project) -> None:
    write(packed.root / "scenarios" / "own.json", scenario("own", profile="../small.fstpack"))
    packed.run("scenarios").assert_outcomes(passed=1)
    assert packed.records()[0]["result"]["profile"]["source"] == "small.fstpack"
