"""The hooks for a pack's owner, each once; one that raises never lets a scenario pass."""

from __future__ import annotations

import json

import pytest

from tests.fakes.packs import failing, needs_hook, scenario, step, write, write_pack
from tests.fakes.project import Project, text_of


def test_a_profile_can_be_named_by_a_hook(project: Project, plugin_args: tuple[str, ...]) -> None:
    write_pack(project.root / "candidate", reason="A candidate says this.")
    expect = {"status": "nok", "route": "AskUser", "reason": "A candidate says this."}
    asks = step(payload={}, expect=expect)
    write(project.pack / "in" / "a.scenario.json", scenario("one", asks), scenario("own", profile="../../small"))
    write(project.pack / "out" / "a.scenario.json", scenario("one", asks))
    project.text(
        "packs/small/in/conftest.py",
        "def pytest_fluxscenario_resolve_profile(scenario, path, config):\n"
        "    assert path.endswith('a.scenario.json') and config.rootpath\n"
        "    assert scenario.id == 'one'\n"
        "    return '../../../candidate'\n",
    )
    project.run_with(plugin_args).assert_outcomes(passed=2, failed=1)
    sources = {record["id"]: record["result"]["profile"]["source"] for record in project.records()}
    assert sources == {
        "packs/small/in/a.scenario.json::one": "candidate",
        "packs/small/in/a.scenario.json::own": "packs/small",
        "packs/small/out/a.scenario.json::one": "packs/small",
    }


def test_a_hook_that_names_no_profile_leaves_the_usual_order(project: Project) -> None:
    project.add("a.json", scenario())
    project.text("conftest.py", "def pytest_fluxscenario_resolve_profile():\n    return None\n")
    project.run().assert_outcomes(passed=1)


def test_steps_are_watched_below_the_conftest(project: Project) -> None:
    for folder in ("in", "out"):
        write(project.pack / folder / "a.scenario.json", failing(folder))
    project.text(
        "packs/small/in/conftest.py",
        "import json\n"
        "def note(*values):\n"
        "    with open('log', 'a') as file:\n"
        "        print(json.dumps(values), file=file)\n"
        "def pytest_fluxscenario_before_step(item, index, step):\n"
        "    note('before', item.name, index, step.name)\n"
        "def pytest_fluxscenario_after_step(item, result):\n"
        "    note('after', item.name, result.index, result.verdict, [found.field for found in result.mismatches])\n",
    )
    project.run().assert_outcomes(failed=2)
    lines = [json.loads(line) for line in (project.root / "log").read_text(encoding="utf-8").splitlines()]
    assert lines == [
        ["before", "in", 1, "first"],
        ["after", "in", 1, "passed", []],
        ["before", "in", 2, "wrong"],
        ["after", "in", 2, "failed", ["status", "route"]],
        ["before", "in", 3, "last"],
        ["after", "in", 3, "passed", []],
    ]


def test_a_matcher_can_be_added(project: Project) -> None:
    project.text(
        "conftest.py",
        "def pytest_fluxscenario_matchers(config):\n"
        "    return {'x-longer-than': lambda argument, actual: len(actual) > argument, 'x-truthy': lambda a, b: 1}\n",
    )
    expect = {"status": "nok", "route": "AskUser", "reason": {"x-longer-than": 5}}
    passes = scenario("passes", step(payload={}, expect=expect))
    fails = scenario("fails", step(payload={}, expect={**expect, "reason": {"x-longer-than": 500}}))
    truthy = scenario("truthy", step(payload={}, expect={**expect, "reason": {"x-truthy": 1}}))
    raises = scenario("raises", step(payload={}, expect={**expect, "reason": {"x-longer-than": "a"}}))
    project.add("a.json", passes, fails, truthy, raises)
    project.run().assert_outcomes(passed=1, failed=3)
    assert project.outcomes() == {"passes": "passed", "fails": "failed", "truthy": "failed", "raises": "error"}


def test_a_matcher_that_nobody_added_is_unknown(project: Project) -> None:
    expect = {"status": "nok", "route": "AskUser", "reason": {"x-longer-than": 5}}
    project.add("a.json", scenario("one", step(payload={}, expect=expect)))
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*a.json:*: unknown matcher 'x-longer-than'*"])


def test_redaction_can_be_added(project: Project) -> None:
    project.text("conftest.py", "def pytest_fluxscenario_redact(config):\n    return ['tok-[0-9]+']\n")
    project.add("a.json", scenario("one", step(payload={"what": "tok-123 is secret"})))
    project.run().assert_outcomes(passed=1)
    assert project.records()[0]["result"]["steps"][0]["request"]["payload"] == {"what": "[redacted] is secret"}
    assert project.manifest()["redactions"] == {"tok-[0-9]+": 1}


def test_notes_stand_beside_the_result(project: Project) -> None:
    project.add("a.json", scenario())
    project.run().assert_outcomes(passed=1)
    ref = project.records()[0]["ref"]
    project.text(
        "conftest.py",
        "def pytest_fluxscenario_evidence_record(item, notes):\n    notes.update(commit='abc', name=item.name)\n",
    )
    project.run().assert_outcomes(passed=1)
    record = project.records()[0]
    assert record["volatile"]["notes"] == {"commit": "abc", "name": "one"}
    assert record["ref"] == ref


_RAISING = [
    "pytest_fluxscenario_resolve_profile(scenario)",
    "pytest_fluxscenario_before_step(item)",
    "pytest_fluxscenario_after_step(item)",
    "pytest_fluxscenario_evidence_record(item)",
]


@pytest.mark.parametrize("signature", _RAISING)
def test_a_hook_that_raises_never_lets_a_scenario_pass(project: Project, signature: str) -> None:
    project.text("conftest.py", f"def {signature}:\n    raise RuntimeError('broken hook')\n")
    project.add("a.json", scenario())
    result = project.run()
    assert result.ret != pytest.ExitCode.OK
    assert "passed" not in result.parseoutcomes()
    assert "broken hook" in text_of(result)
    if project.evidence.exists():
        assert project.manifest()["verdict"] != "passed"
        assert "passed" not in project.outcomes().values()


def test_a_hook_of_another_name_is_refused(project: Project) -> None:
    project.text("conftest.py", "def pytest_fluxscenario_after_stepp(item):\n    pass\n")
    result = project.run()
    assert result.ret != pytest.ExitCode.OK
    assert "unknown hook 'pytest_fluxscenario_after_stepp'" in text_of(result)


def test_hooks_are_called_for_scenarios_with_fixtures_too(project: Project) -> None:
    project.text(
        "conftest.py",
        "import pytest\n"
        "@pytest.fixture\n"
        "def fluxscenario_hooks():\n"
        "    return {'assess': lambda call: {'status': 'ok', 'facts': {'risky': False}}}\n"
        "def pytest_fluxscenario_after_step(item, result):\n"
        "    open('log', 'a').close()\n",
    )
    project.add("a.json", needs_hook())
    project.run().assert_outcomes(passed=1)
    assert (project.root / "log").exists()
