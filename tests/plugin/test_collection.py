"""Which files are scenario files, and which items they give (scenario.md)."""

from __future__ import annotations

import json
import os

import pytest

from tests.fakes.packs import needs_hook, scenario, step, trap, write
from tests.fakes.project import Project, text_of


def collected(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line]


def test_files_are_found_by_suffix_and_by_folder(project: Project) -> None:
    for number, name in enumerate(("a.scenario.json", "b.scenario.yaml", "c.scenario.yml")):
        write(project.pack / name, scenario(f"suffix{number}"))
    for number, name in enumerate(("a.json", "b.yaml", "c.yml")):
        project.add(name, scenario(f"folder{number}"))
    write(project.pack / "scenarios" / "deeper" / "d.json", scenario("too-deep"))
    write(project.pack / "scenarios" / "deeper" / "d.scenario.json", scenario("deep"))
    project.text("packs/small/other.json", "{broken")
    project.text("packs/small/other.yaml", "also: [broken")
    result = project.run("--collect-only", "-q")
    assert collected(result) == [
        "packs/small/a.scenario.json::suffix0",
        "packs/small/b.scenario.yaml::suffix1",
        "packs/small/c.scenario.yml::suffix2",
        "packs/small/scenarios/a.json::folder0",
        "packs/small/scenarios/b.yaml::folder1",
        "packs/small/scenarios/c.yml::folder2",
        "packs/small/scenarios/deeper/d.scenario.json::deep",
    ]
    assert result.ret == pytest.ExitCode.OK
    assert not project.evidence.exists()


def test_patterns_of_the_ini_file_replace_the_rule(project: Project) -> None:
    project.ini("fluxscenario_files = *.flow.yaml packs/*/cases/*.json")
    write(project.pack / "a.flow.yaml", scenario("by-name"))
    write(project.pack / "cases" / "b.json", scenario("by-folder"))
    project.add("c.scenario.json", scenario("not-any-more"))
    result = project.run("--collect-only", "-q")
    assert [line.split("::")[1] for line in collected(result)] == ["by-name", "by-folder"]


def test_a_file_that_is_named_is_a_scenario_file_when_it_says_so(project: Project) -> None:
    named = write(project.pack / "mine.json", scenario("named"))
    other = project.text("packs/small/foreign.json", json.dumps({"nothing": "of ours"}))
    assert collected(project.run("--collect-only", "-q")) == []
    assert collected(project.run("--collect-only", "-q", named)) == ["packs/small/mine.json::named"]
    refused = project.run(other)
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "profile_id" not in text_of(refused)


def test_one_item_is_run_by_its_id(project: Project) -> None:
    rows = scenario("rows", step(payload={"what": "${what}"}), parameters=[{"what": "a"}, {"what": "b"}])
    path = project.add("many.json", scenario("one"), rows, scenario("two"))
    for name in ("one", "rows[0]", "rows[1]", "two"):
        result = project.run(f"{path}::{name}")
        result.assert_outcomes(passed=1)
        assert list(project.outcomes()) == [name]
    result = project.run(f"{path}::absent")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: not found: *many.json::absent"])


def test_a_list_and_a_stream_give_an_item_each_in_their_order(project: Project) -> None:
    project.add("list.json", scenario("z"), scenario("a"))
    stream = "\n---\n".join(json.dumps(scenario(name)) for name in ("y", "b", "x"))
    project.text("packs/small/scenarios/stream.yaml", stream)
    result = project.run("--collect-only", "-q")
    assert [line.split("::")[1] for line in collected(result)] == ["z", "a", "y", "b", "x"]


def test_a_parameter_row_is_an_item_of_its_own_and_keeps_types(project: Project) -> None:
    rows = [{"what": "text", "replay": False}, {"what": ["a", "list"], "replay": False}, {"what": "", "replay": False}]
    expect = {"status": "ok", "route": "Continue", "idempotent_replay": "${replay}"}
    project.add("rows.json", scenario("rows", step(payload={"what": "${what}"}, expect=expect), parameters=rows))
    result = project.run("-v")
    result.assert_outcomes(passed=2, failed=1)
    assert project.outcomes() == {"rows[0]": "passed", "rows[1]": "passed", "rows[2]": "failed"}
    sent = [record["result"]["steps"][0]["request"]["payload"]["what"] for record in project.records()]
    assert sent == ["text", ["a", "list"], ""]
    assert [record["result"]["scenario"]["row"] for record in project.records()] == ["0", "1", "2"]


def test_an_id_that_stands_twice_names_both_places(project: Project) -> None:
    path = project.add("twice.json", scenario("same"), scenario("other"), scenario("same"))
    lines = path.read_text(encoding="utf-8").splitlines()
    first, second = [number for number, line in enumerate(lines, 1) if '"id": "same"' in line]
    result = project.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [f"*scenarios/twice.json:{second}:*: the id 'same' stands twice in this file (first at line {first};*"]
    )


def test_an_empty_list_is_an_error(project: Project) -> None:
    project.text("packs/small/scenarios/none.json", "[]")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*scenarios/none.json:1:1: *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_the_same_id_in_two_files_is_two_items(project: Project) -> None:
    project.add("a.json", scenario("same"))
    project.add("b.json", scenario("same"))
    project.run().assert_outcomes(passed=2)
    assert len(project.manifest()["scenarios"]) == 2


def test_python_tests_run_beside_scenarios(project: Project) -> None:
    project.add("a.json", scenario())
    project.text("packs/small/scenarios/test_plain.py", "def test_plain():\n    pass\n")
    project.run().assert_outcomes(passed=2)
    assert list(project.outcomes()) == ["one"]


def test_a_project_without_scenarios_gets_no_evidence(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.text("test_plain.py", "def test_plain():\n    pass\n")
    result = project.run_with(plugin_args)
    result.assert_outcomes(passed=1)
    assert "fluxscenario:" not in text_of(result)
    assert not (project.root / ".fluxscenario").exists()


def test_a_store_is_left_alone(project: Project) -> None:
    store = project.root / "store"
    (store / "blobs" / "ab").mkdir(parents=True)
    (store / "blobs" / "ab" / "x.scenario.json").write_text("{broken", encoding="utf-8")
    (store / "index.json").write_text("{}", encoding="utf-8")
    project.add("a.json", scenario())
    project.run().assert_outcomes(passed=1)


def test_no_code_of_the_pack_runs_when_it_is_collected(project: Project) -> None:
    trap(project.pack, project.root / "ran")
    project.add("a.json", needs_hook())
    project.run("--collect-only")
    assert not (project.root / "ran").exists()
    project.run().assert_outcomes(passed=1)
    assert (project.root / "ran").exists()


def test_what_runs_is_what_was_collected(project: Project) -> None:
    """The file changes after it was collected; the bytes that were judged are the ones that run."""
    path = project.add("a.json", scenario())
    project.text(
        "conftest.py",
        f"import pathlib\ndef pytest_collection_finish(session):\n    pathlib.Path({str(path)!r}).write_text('gone')\n",
    )
    result = project.run()
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("argument", ["packs", "--lf"], ids=["together", "each"])
def test_what_is_no_file_in_the_folder_is_told_of(project: Project, argument: str) -> None:
    """pytest passes over it in silence, and a scenario would be gone."""
    folder = project.add("a.json", scenario("good")).parent
    (folder / "gone.json").symlink_to("nowhere.json")
    (folder / ".#a.json").symlink_to("someone@somewhere")
    os.mkfifo(folder / "pipe.yaml")
    result = project.run(argument)
    result.assert_outcomes(passed=1, errors=2)
    assert "packs/small/scenarios/gone.json: cannot be read: No such file or directory" in text_of(result)
    assert "packs/small/scenarios/pipe.yaml: is a named pipe, not a file" in text_of(result)
