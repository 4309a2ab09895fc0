"""The harness of ``benchmarks/``: the work is what it says, and the figures are made as they say."""

from __future__ import annotations

import copy
import json
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from benchmarks.environments import Installed
    from benchmarks.measure import Sample

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``benchmarks`` be found, after everything installed: the package under test is not the checkout's."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])


def sample(name: str, size: int, round_: int, wall: float, **more: Any) -> Sample:
    from benchmarks.measure import Sample

    made = Sample(name, size, round_, wall, cpu=wall, rss_mb=50.0, exit_status=0, passed=size, expected=size)
    return replace(made, **more)


def this_python() -> Installed:
    from benchmarks.environments import Installed

    return Installed(Path(sys.executable).parent, {})


class TestWork:
    def test_the_same_number_gives_the_same_scenario(self) -> None:
        from benchmarks.scenarios import scenarios

        first, again = list(scenarios(5)), list(scenarios(5))

        assert first == again
        assert len({one.text() for one in first}) == 5
        assert all(len(one.steps) == 3 for one in first)

    def test_the_rules_answer_what_is_expected(self) -> None:
        from benchmarks.rules.change_rules import check
        from benchmarks.scenarios import scenarios

        for one in scenarios(5):
            check(json.loads(one.text()))

    @pytest.mark.parametrize("field", ["status", "route", "gate_id"])
    def test_another_expectation_fails(self, field: str) -> None:
        from benchmarks.rules.change_rules import check
        from benchmarks.scenarios import scenario

        wrong = copy.deepcopy(scenario(0).document())
        wrong["steps"][1]["expectation"][field] = "else"

        with pytest.raises(AssertionError, match="step 2"):
            check(wrong)

    def test_every_gate_fires_somewhere(self) -> None:
        from benchmarks.rules.change_rules import GATES
        from benchmarks.scenarios import scenarios

        fired = {step.gate_id for one in scenarios(200) for step in one.steps}

        assert fired == {gate.gate_id for gates in GATES.values() for gate in gates} | {None}

    def test_the_pack_has_the_gates_of_the_rules(self) -> None:
        from benchmarks.rules.change_rules import GATES, PRODUCES

        profile = yaml.safe_load((ROOT / "benchmarks" / "pack" / "profile.yaml").read_text())

        def subject(gate: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
            condition = gate["condition"]
            if "payload_missing" in condition:
                return "missing", (condition["payload_missing"],)
            if "payload_equals" in condition:
                return "equals", next(iter(condition["payload_equals"].items()))
            return "lacks", tuple(gate["required_artifacts"])

        of_pack = [(gate["before_action"], gate["id"], *subject(gate), gate["route"]) for gate in profile["gates"]]
        of_rules = [
            (action, gate.gate_id, gate.test, gate.subject, gate.route)
            for action, gates in GATES.items()
            for gate in gates
        ]
        assert of_pack == of_rules
        assert {action["id"]: action["produces_artifacts"] for action in profile["actions"]} == {
            action: [record] for action, record in PRODUCES.items()
        }

    def test_every_tool_gets_all_scenarios(self) -> None:
        from benchmarks.scenarios import scenarios
        from benchmarks.tools import ALL

        ids = [one.id for one in scenarios(5)]

        for tool in ALL:
            text = "".join(text for _, text in tool.files(scenarios(5)))
            assert [one for one in ids if one not in text] == [], tool.folder

    def test_bare_items_and_the_plugin_read_the_same_bytes(self) -> None:
        from benchmarks.scenarios import scenarios
        from benchmarks.tools.fluxscenario import PLUGIN
        from benchmarks.tools.plain_pytest import BARE

        def read(files: Any) -> set[tuple[str, str]]:
            return {file for file in files if file[0].startswith("scenarios/")}

        assert read(BARE.files(scenarios(5))) == read(PLUGIN.files(scenarios(5)))

    def test_work_is_written_once(self, tmp_path: Path) -> None:
        from benchmarks.tools.plain_pytest import BARE
        from benchmarks.work import Written, prepare

        assert prepare(BARE, 5, tmp_path) == Written(files=8, changed=8, removed=0)
        assert prepare(BARE, 5, tmp_path) == Written(files=8, changed=0, removed=0)

    def test_what_is_wrong_is_put_right_and_what_runs_left_stays(self, tmp_path: Path) -> None:
        from benchmarks.tools.plain_pytest import BARE
        from benchmarks.work import Written, folder_of, prepare

        prepare(BARE, 5, tmp_path)
        folder = folder_of(BARE, 5, tmp_path)
        old, left, edited = folder / "scenarios/old.scenario.json", folder / "junit.xml", folder / "conftest.py"
        for path in (old, left, edited):
            path.write_text("{}")

        assert prepare(BARE, 5, tmp_path) == Written(files=8, changed=1, removed=1)
        assert (old.exists(), left.exists(), "pytest_collect_file" in edited.read_text()) == (False, True, True)


class TestRunning:
    def test_bare_items_pass(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        from benchmarks.scenarios import scenarios
        from benchmarks.tools.base import RULES
        from benchmarks.tools.plain_pytest import BARE

        monkeypatch.setenv("PYTHONPATH", str(RULES))
        for name, text in BARE.files(scenarios(5)):
            path = pytester.path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

        pytester.runpytest_subprocess("-p", "no:fluxscenario").assert_outcomes(passed=5)

    @pytest.mark.parametrize("tool", ["fluxscenario", "fluxscenario-fixture", "fluxscenario-lists"])
    def test_the_plugin_passes_them_by_the_pack(self, tool: str, pytester: pytest.Pytester) -> None:
        from benchmarks.scenarios import scenarios
        from benchmarks.tools import ALL

        (chosen,) = [one for one in ALL if one.folder == tool]
        for name, text in chosen.files(scenarios(5)):
            path = pytester.path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

        pytester.runpytest_subprocess(*chosen.variants[0].argv[1:]).assert_outcomes(passed=5)
        assert len((pytester.path / "build" / "evidence" / "records.jsonl").read_text().splitlines()) == 5

    def test_the_engine_decides_the_same_by_the_pack(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        from benchmarks.engine import main
        from benchmarks.tools.engine_alone import ENGINE_ALONE
        from benchmarks.work import folder_of, prepare

        # 200 scenarios fire every gate.
        prepare(ENGINE_ALONE, 200, tmp_path)
        main(folder_of(ENGINE_ALONE, 200, tmp_path), 2)

        said = capsys.readouterr().out
        (seconds,) = [variant.seconds for variant in ENGINE_ALONE.variants]
        assert said.startswith(f"{200 * 3 * 2} passed in ")
        assert seconds is not None
        assert float(seconds.findall(said)[0]) > 0

    @pytest.mark.parametrize(
        ("script", "status", "passed", "right"),
        [
            ("print('3 passed')", 0, 3, True),
            ("print('2 passed')", 0, 2, False),
            ("print('3 passed'); raise SystemExit(1)", 1, 3, False),
            ("print('nothing')", 0, -1, False),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, -1, False),
        ],
    )
    def test_a_run_counts_only_when_all_passed(
        self, script: str, status: int, passed: int, right: bool, tmp_path: Path
    ) -> None:
        from benchmarks.measure import Job, run
        from benchmarks.tools.base import Variant

        job = Job(Variant("some", ("python", "-c", script)), 3, tmp_path, this_python(), expected=3)
        got = run(job, 0, tmp_path / "log" / "some.log")

        assert (got.exit_status, got.passed, got.right) == (status, passed, right)
        assert got.wall > 0
        assert got.rss_mb > 1

    def test_a_command_that_times_itself_is_believed(self, tmp_path: Path) -> None:
        from benchmarks.measure import Job, run
        from benchmarks.tools.base import Variant

        argv = ("python", "-c", "print('1 passed in 0.25 s')")
        job = Job(Variant("some", argv, seconds=re.compile(r"in (\S+) s")), 1, tmp_path, this_python(), expected=1)

        assert run(job, 0, tmp_path / "some.log").wall == 0.25

    def test_rounds_are_interleaved_and_leave_out_what_is_broken(self, tmp_path: Path) -> None:
        from benchmarks.measure import Job, rounds
        from benchmarks.tools.base import Variant

        scripts = {"one": "print('1 passed')", "two": "print('1 passed')", "broken": "raise SystemExit(3)"}
        jobs = [
            Job(Variant(name, ("python", "-S", "-c", script)), 1, tmp_path, this_python(), expected=1)
            for name, script in scripts.items()
        ]
        got = list(rounds(jobs, 2, tmp_path, lambda _line: None))

        assert [(one.name, one.round) for one in got[:3]] == [("one", -1), ("two", -1), ("broken", -1)]
        assert sorted((one.round, one.name) for one in got[3:]) == [(0, "one"), (0, "two"), (1, "one"), (1, "two")]

    def test_only_named_variables_reach_a_timed_run(self) -> None:
        from benchmarks.measure import environment
        from benchmarks.tools.base import RULES

        got = environment({"PATH": "/bin", "PYTEST_ADDOPTS": "-x", "PYTHONPATH": "/else"})

        assert got == {"PATH": "/bin", "PYTHONPATH": str(RULES), "NO_COLOR": "1"}

    def test_a_tool_that_is_not_there_is_missing(self, tmp_path: Path) -> None:
        from benchmarks.environments import Missing, find
        from benchmarks.tools.plain_pytest import Bare

        got = find(Bare(needs=("no-such-distribution", "pytest")), tmp_path)

        assert got == Missing("not installed: no-such-distribution")


class TestFigures:
    def test_a_ratio_is_taken_inside_a_round(self) -> None:
        from benchmarks.targets import Results

        # The machine is twice as slow in round 1; the medians of the runs would say 1.5.
        walls = {"ours": [1.0, 4.0, 3.0], "base": [1.0, 2.0, 3.0]}
        got = Results.of(sample(name, 10, at, wall) for name, all_ in walls.items() for at, wall in enumerate(all_))

        assert got.ratio("ours", "base", 10) == 1.0
        assert got.difference("ours", "base", 10) == 0.0
        assert got.ratio("ours", "absent", 10) is None

    def test_warm_up_and_wrong_runs_do_not_count(self) -> None:
        from benchmarks.targets import Results

        got = Results.of([sample("a", 10, -1, 9.0), sample("a", 10, 0, 1.0), sample("a", 10, 1, 7.0, passed=9)])

        assert got.middle("a", 10) == 1.0
        assert got.sizes("a") == [10]

    def test_slope(self) -> None:
        from benchmarks.targets import Results

        got = Results.of([sample("a", 1000, 0, 1.5), sample("a", 5000, 0, 5.5)])

        assert got.slope("a", 1000, 5000) == pytest.approx(1.0)

    @pytest.mark.parametrize(
        ("walls", "expected"),
        [((1.5, 5.5, 10.5), 1.0), ((1.5, 5.5, 20.5), 3.0), ((1.5, 5.5, 8.0), 0.5), ((1.5, 5.5), None)],
    )
    def test_a_line_that_bends_upwards_is_seen(self, walls: tuple[float, ...], expected: float | None) -> None:
        from benchmarks.targets import PLUGIN, Results, figures

        run = [sample(PLUGIN, size, 0, wall) for size, wall in zip((1000, 5000, 10_000), walls, strict=False)]
        got = {figure.what: figure.measured for figure in figures(Results.of(run), 5000)}

        assert got["cost of a further scenario, large by small sizes"] == pytest.approx(expected)

    def test_promises(self) -> None:
        from benchmarks.targets import BARE, PLUGIN, Results, figures

        run = [sample(BARE, 5000, 0, 5.0), sample(PLUGIN, 5000, 0, 5.5), sample("pytest-bdd", 5000, 0, 11.0)]
        got = {figure.what: figure for figure in figures(Results.of(run), 5000)}

        assert got["wall time of bare items, all on"].measured == pytest.approx(1.1)
        assert got["wall time of bare items, all on"].met is True
        assert got["times faster than pytest-bdd"].measured == pytest.approx(2.0)
        assert got["times faster than pytest-bdd"].met is False
        assert got["times faster than Tavern"].met is None

    def test_less_work_than_promised_is_not_judged(self) -> None:
        from benchmarks.targets import BARE, PLUGIN, WITH, WITHOUT, Results, figures

        run = [
            sample(BARE, 200, 0, 1.0),
            sample(PLUGIN, 200, 0, 9.0),
            sample(WITH, 1, 0, 0.2),
            sample(WITHOUT, 1, 0, 0.1),
        ]
        got = {figure.what: figure for figure in figures(Results.of(run), 200)}

        assert got["wall time of bare items, all on"].measured == 9.0
        assert got["wall time of bare items, all on"].met is None
        assert got["more time to start pytest without scenarios"].met is False

    def test_the_figures_speak_of_commands_that_exist(self) -> None:
        from benchmarks import targets
        from benchmarks.command import APART
        from benchmarks.tools import ALL

        known = {variant.name for tool in (*ALL, *APART) for variant in tool.variants}
        named = {targets.PLUGIN, targets.OVERRIDDEN, targets.LISTS, targets.BARE, targets.COMMAND, targets.LOOP}

        assert named | {targets.WITH, targets.WITHOUT, targets.ENGINE} | {name for name, _ in targets.PEERS} <= known


class TestResults:
    def test_raw_results_come_back(self, tmp_path: Path) -> None:
        from benchmarks.results import Run, read, write_run, write_sample

        run = Run("2026-07-01", "run", "machine", 5, 1, {"behave": "1"}, {"Tavern": "not installed"})
        path = tmp_path / "raw.jsonl"
        with path.open("w") as file:
            write_run(file, run)
            write_sample(file, sample("a", 5, 0, 1.0))

        assert read(path) == (run, [sample("a", 5, 0, 1.0)])

    @pytest.mark.parametrize(("text", "line"), [("", 1), ("{}\n", 1), ("[]\n", 1), ('{"run": 1}', 1), ("not", 1)])
    def test_a_file_of_something_else_is_refused(self, text: str, line: int, tmp_path: Path) -> None:
        from benchmarks.results import BadResultsError, read

        path = tmp_path / "raw.jsonl"
        path.write_text(text)

        with pytest.raises(BadResultsError, match=re.escape(f"{path}:{line}: not a line of raw results")):
            read(path)

    def test_the_report_says_what_was_left_out_and_what_went_wrong(self) -> None:
        from benchmarks.report import markdown
        from benchmarks.results import Run
        from benchmarks.targets import BARE

        run = Run("2026-07-01", "python benchmarks/run.py", "2 cores", 5, 1, {}, {"tavern": "not installed: tavern"})
        got = markdown(run, [sample(BARE, 5, 0, 1.0), sample("behave", 5, -1, 1.0, passed=-1, exit_status=2)])

        assert "- tavern: not installed: tavern" in got
        assert "- behave, 5 scenarios: exit 2, no count of what passed" in got
        assert "| bare items | 1.00 | 1.00 … 1.00 | 1.00 | 200 | 1.00 | 1.00 | 50.0 | 1 |" in got
        assert "| times faster than Tavern | at least 8x | - | not measured |" in got

    @pytest.mark.parametrize(("cpu", "busy"), [(1.0, False), (0.5, True)])
    def test_the_report_says_when_the_machine_had_other_work(self, cpu: float, busy: bool) -> None:
        from benchmarks.report import markdown
        from benchmarks.results import Run
        from benchmarks.targets import BARE

        got = markdown(Run("2026-07-01", "run", "2 cores", 5, 1), [sample(BARE, 5, 0, 1.0, cpu=cpu)])

        assert ("**The machine was busy**: 1 of 1 runs" in got) is busy

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--n", "0"], "'0' is not a whole number above 0"),
            (["--rounds", "-1"], "'-1' is not a whole number above 0"),
            (["--only", "("], "'(' is not a regular expression"),
        ],
    )
    def test_options_that_cannot_be_used(
        self, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from benchmarks.command import main

        with pytest.raises(SystemExit) as stopped:
            main(arguments)

        assert stopped.value.code == 2
        assert said in capsys.readouterr().err

    def test_the_command_in_the_report_names_no_folder_of_this_machine(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from benchmarks import command

        monkeypatch.setattr(command, "ROOT", tmp_path)
        monkeypatch.setattr(command, "BUILD", tmp_path / "build")
        monkeypatch.setattr(command, "KEPT_REPORT", tmp_path / "docs" / "benchmarks.md")
        arguments = ["--n", "2", "--rounds", "1", "--startup-rounds", "1", "--only", "plain loop", "--keep"]

        folders = ["--work", str(tmp_path / "some" / "work"), "--tools", "/nowhere/tools"]
        assert command.main([*arguments, *folders]) == 0
        kept = (tmp_path / "docs" / "benchmarks.md").read_text()
        assert kept == capsys.readouterr().out
        assert f"`python benchmarks/run.py {shlex.join(arguments)} --work some/work --tools tools`" in kept
        assert str(tmp_path) not in kept
        assert "| plain loop |" in kept
