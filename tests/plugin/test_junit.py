"""The JUnit file, as its readers need it (evidence.md, "JUnit")."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import xmlschema

from tests.fakes.packs import failing, needs_hook, scenario, step
from tests.fakes.project import Project, junit_of

_SCHEMA = Path(__file__).with_name("junit-10.xsd")


def cases(project: Project) -> dict[str, Element]:
    """Testcases by their name; a name stands once."""
    found = list(junit_of(project).iter("testcase"))
    named = {str(case.get("name")): case for case in found}
    assert len(named) == len(found)
    return named


def properties(case: Element) -> list[tuple[str | None, str | None]]:
    return [(one.get("name"), one.get("value")) for one in case.iter("property")]


def test_one_testcase_a_scenario_with_its_properties(project: Project, plugin_args: tuple[str, ...]) -> None:
    rows = scenario("rows", step(payload={"what": "${n}"}), parameters=[{"n": 1}, {"n": 2}])
    skipped = scenario("skip", skip="no")
    path = project.add("a.json", scenario("good"), failing("bad"), needs_hook("error"), skipped, rows)
    project.add("b.json", failing("xfail", xfail="known"))
    project.text("test_plain.py", "def test_plain():\n    pass\n")
    project.run_with(plugin_args, "--junitxml=junit.xml")
    xmlschema.XMLSchema(_SCHEMA).validate(project.root / "junit.xml")
    suite = junit_of(project)[0]
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8",
        "failures": "2",
        "errors": "0",
        "skipped": "2",
    }
    found = cases(project)
    assert set(found) == {"good", "bad", "error", "skip", "rows[0]", "rows[1]", "xfail", "test_plain"}
    assert found["good"].get("classname") == "packs.small.scenarios.a.json"
    manifest = project.manifest(project.root / "evidence")
    refs = {one["id"].split("::")[1]: one.get("ref") for one in manifest["scenarios"]}
    assert properties(found["bad"]) == [
        ("fluxscenario.id", "packs/small/scenarios/a.json::bad"),
        ("fluxscenario.profile", "small 1.0.0"),
        ("fluxscenario.profile_hash", manifest["profiles"][0]["hash"]),
        ("fluxscenario.evidence", refs["bad"]),
        ("fluxscenario.steps.passed", "2"),
        ("fluxscenario.steps.failed", "1"),
        ("step[passed]", "1 first"),
        ("step[failure]", "2 wrong"),
        ("step[passed]", "3 last"),
    ]
    for name, ref in refs.items():
        if ref is not None:
            assert ("fluxscenario.evidence", ref) in properties(found[name])
    assert properties(found["skip"]) == []
    assert properties(found["test_plain"]) == []
    failure = found["bad"].find("failure")
    assert failure is not None
    line = path.read_text(encoding="utf-8").splitlines().index('        "name": "wrong",')
    assert failure.get("message") == "step 2 'wrong': status: expected nok, got ok"
    for words in ("step 2: wrong", "E   expected  nok", "E   actual    ok", f"packs/small/scenarios/a.json:{line}:"):
        assert words in str(failure.text)
    assert "Traceback" not in str(failure.text)


def test_a_stopped_scenario_says_which_steps_were_left_out(project: Project) -> None:
    project.add("a.json", failing())
    project.run("--junitxml=junit.xml", "--fluxscenario-on-failure=stop")
    found = cases(project)["bad"]
    assert [name for name, _ in properties(found) if str(name).startswith("step[")] == [
        "step[passed]",
        "step[failure]",
        "step[skipped]",
    ]
    assert found.find("skipped") is None


def test_a_crashed_scenario_is_one_testcase(project: Project) -> None:
    project.text(
        "conftest.py",
        "import os\ndef pytest_fluxscenario_before_step(item):\n    if item.name == 'dies':\n        os._exit(9)\n",
    )
    project.add("a.json", scenario("a"), scenario("dies"))
    project.spawn("-n1", "--junitxml=junit.xml")
    xmlschema.XMLSchema(_SCHEMA).validate(project.root / "junit.xml")
    assert set(cases(project)) == {"a", "dies"}
