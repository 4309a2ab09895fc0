"""What marks expect of a scenario: pytest and the Mixer that ran it say the same of it in their evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.fleet import TOKEN, RunningMixer, running_mixer
from tests.fakes.packs import failing, needs_hook, scenario
from tests.fakes.project import Project
from tests.fakes.project_fixture import project
from tests.fleet.test_run_evidence import unpacked

__all__ = ["project"]

_MARKS = """
import pytest
MARKS = {
    "strict": pytest.mark.xfail(reason="must fail", strict=True),
    "strict-bad": pytest.mark.xfail(reason="must fail", strict=True),
    "other": pytest.mark.xfail(reason="another fault", raises=ZeroDivisionError),
    "any": pytest.mark.xfail(reason="any fault", raises=Exception),
    "not-here": pytest.mark.xfail("False", reason="elsewhere"),
}
def pytest_collection_modifyitems(items):
    for item in items:
        if item.name in MARKS:
            item.add_marker(MARKS[item.name])
"""


@pytest.fixture
def mixer(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningMixer]:
    monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
    with running_mixer(tmp_path_factory.mktemp("mixer")) as running:
        running.start()
        yield running


def _said(manifest: dict[str, Any]) -> dict[str, tuple[object, object, object]]:
    names = {one["id"].rpartition("::")[2]: one for one in manifest["scenarios"]}
    return {name: (one["outcome"], one.get("note"), one.get("ref")) for name, one in names.items()}


@pytest.mark.parametrize("more", [(), ("--runxfail",), pytest.param(("-n2",), marks=pytest.mark.slow)], ids=" ".join)
def test_both_evidences_say_what_became_of_it(
    project: Project, mixer: RunningMixer, tmp_path: Path, more: tuple[str, ...]
) -> None:
    project.text("conftest.py", _MARKS)
    project.add(
        "a.json", scenario("good"), failing("known", xfail="a known fault"), scenario("mended", xfail="was one")
    )
    project.add("b.json", scenario("strict"), failing("strict-bad"), failing("other"), failing("any"))
    project.add("c.json", failing("not-here"), failing("lacks", xfail="never right"), needs_hook())
    result = project.run(f"--fluxscenario-mixer={mixer.url}", *more)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    here = project.manifest()
    (info,) = mixer.client().runs()
    there = unpacked(mixer.client(), info.run, tmp_path / "there")
    assert _said(there) == _said(here)
    assert there["counts"] == here["counts"]
    assert there["verdict"] == here["verdict"] == info.verdict == "failed"
    expected = {"known", "lacks", "strict-bad", "any"} if "--runxfail" not in more else set()
    assert {name for name, (outcome, *_) in _said(there).items() if outcome == "xfailed"} == expected
    strict = "passed against the strict mark xfail: must fail" if "--runxfail" not in more else None
    assert _said(there)["strict"][:2] == ("passed" if "--runxfail" in more else "failed", strict)
    assert info.verdicts.get("xfailed", 0) == len(expected)


_OF_WORKER = """
import os, pytest
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
def pytest_collection_modifyitems(items):
    for item in items:
        if item.name == "known":
            item.add_marker(pytest.mark.xfail({mark}))
"""


def test_why_it_is_expected_to_fail_may_name_the_worker(project: Project, mixer: RunningMixer) -> None:
    project.text("conftest.py", _OF_WORKER.format(mark="reason=f'seen by {WORKER}'"))
    project.add("a.json", failing("known"), *[scenario(f"s{number}") for number in range(5)])
    result = project.spawn("-n2", f"--fluxscenario-mixer={mixer.url}")
    result.assert_outcomes(passed=5, xfailed=1)
    assert result.ret == 0


def test_workers_that_expect_something_else_are_told_of_what(project: Project, mixer: RunningMixer) -> None:
    project.text("conftest.py", _OF_WORKER.format(mark="WORKER == 'gw0', reason='only there'"))
    project.add("a.json", failing("known"), *[scenario(f"s{number}") for number in range(5)])
    result = project.spawn("-n2", f"--fluxscenario-mixer={mixer.url}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = "*is there already, with other scenarios: *a.json::known' has another mark xfail (workers of one session*"
    result.stdout.fnmatch_lines([said])
