"""The short way through an item: what must not take it, and that nobody can tell which way was taken."""

from __future__ import annotations

import re

import pytest

from tests.fakes.packs import failing, scenario, step
from tests.fakes.project import Project, text_of

#: This plugin looks at every item, so that none goes the short way while it is there.
_ALONE = ("-p", "no:rerunfailures")
_WATCHED = "def pytest_runtest_setup(item): pass\n"
_MATCHER = """\
asked = []

def odd(argument, actual):
    asked.append(actual)
    return len(asked) % 2 == 0

def pytest_fluxscenario_matchers(config):
    return {"x-odd": odd}
"""
_PARENT = """\
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.parent.add_marker(pytest.mark.skip(reason="not here"))
"""
_PACKAGE = """\
import pytest

def setup_module():
    pytest.skip("not here")
"""


def test_the_short_way_is_taken_at_all(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_fluxscenario.plugin.item.item import ScenarioItem

    monkeypatch.setattr(ScenarioItem, "runtest", lambda _: pytest.fail("the long way"))
    project.add("a.json", scenario("a"))
    project.run(*_ALONE).assert_outcomes(passed=1)
    project.text("conftest.py", _WATCHED)
    project.run(*_ALONE).assert_outcomes(failed=1)


def test_a_matcher_that_says_no_is_not_asked_again(project: Project) -> None:
    project.add("a.json", scenario("a", step(expect={"status": "ok", "route": {"x-odd": 1}})))
    project.text("conftest.py", _MATCHER)
    project.run(*_ALONE).assert_outcomes(failed=1)


@pytest.mark.parametrize(("name", "text"), [("conftest.py", _PARENT), ("packs/small/__init__.py", _PACKAGE)])
def test_what_stands_around_a_scenario_applies_to_it(project: Project, name: str, text: str) -> None:
    project.add("a.json", scenario("a"), scenario("b"))
    project.text(name, text)
    result = project.run(*_ALONE, "-rs")
    result.assert_outcomes(skipped=2)
    assert "not here" in text_of(result)


def test_what_is_redacted_is_counted_once(project: Project) -> None:
    project.ini("fluxscenario_redact = patch")
    project.add("a.json", scenario("a"), failing("b"))
    project.run(*_ALONE).assert_outcomes(passed=1, failed=1)
    counted = project.manifest()["redactions"]
    project.text("conftest.py", _WATCHED)
    project.run(*_ALONE)
    assert project.manifest()["redactions"] == counted


def test_nobody_can_tell_which_way_was_taken(project: Project) -> None:
    project.add("a.json", scenario("a"), failing("b"), scenario("c", skip="not now"), scenario("d", xfail="why not"))
    arguments = (
        *_ALONE,
        "-v",
        "-rA",
        "--durations=0",
        "--durations-min=0",
        "--junitxml=junit.xml",
        "-o",
        "junit_family=xunit1",
    )
    shown: list[str] = []
    for conftest in ("", _WATCHED):
        project.text("conftest.py", conftest)
        text = text_of(project.run(*arguments)) + (project.root / "junit.xml").read_text(encoding="utf-8")
        text = re.sub(r'\d+\.\d+s|time(stamp)?="[^"]*"|root sha256:\w+|hostname="[^"]*"', "…", text)
        # Durations are sorted by their value.
        shown.append("\n".join(sorted(text.splitlines())))
    assert re.sub(r"… (call|setup|teardown) .*\n", "", shown[0]) == re.sub(
        r"… (call|setup|teardown) .*\n", "", shown[1]
    )
