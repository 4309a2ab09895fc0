"""``--fluxscenario-html``: the page of a session, with and without workers, and when something dies."""

from __future__ import annotations

import pytest

from tests.fakes.packs import failing, scenario, step
from tests.fakes.page import Page
from tests.fakes.project import Project, text_of

both_ways = pytest.mark.parametrize("plugin_args", [("-n0",), ("-n2",)], ids=["here", "workers"])


def page_of(project: Project, name: str = "page.html") -> Page:
    return Page((project.root / name).read_text(encoding="utf-8"))


@both_ways
def test_the_page_shows_the_run(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.add("a.json", scenario("good"), failing("bad"))
    result = project.run_with(plugin_args, "--fluxscenario-html=out/page.html")
    result.stdout.fnmatch_lines(["fluxscenario: report in out/page.html"])
    page = page_of(project, "out/page.html")
    assert page.classes("h1") == ["bad"]
    assert page.classes("details")[:1] == ["failed"]
    assert "packs/small/scenarios/a.json:44" in page.said
    assert project.manifest()["root"] in page.said


def test_a_run_that_passed_is_green_and_one_that_left_out_is_not(project: Project) -> None:
    project.ini("fluxscenario_html = page.html")
    project.add("a.json", scenario("one"), scenario("two"))
    assert project.run().ret == pytest.ExitCode.OK
    assert page_of(project).classes("h1") == ["good"]
    assert project.run("-k", "one").ret == pytest.ExitCode.OK
    assert page_of(project).classes("h1") == ["warn"]


def test_a_worker_that_dies_leaves_no_green_page(project: Project) -> None:
    project.add("a.json", scenario("dies"), scenario("lives"))
    project.text(
        "conftest.py",
        "import os, pytest\n\n"
        "@pytest.fixture(autouse=True)\ndef end(request):\n    if 'dies' in request.node.name:\n        os._exit(3)\n",
    )
    project.spawn("-n2", "--max-worker-restart=0", "--fluxscenario-html=page.html")
    page = page_of(project)
    assert page.classes("h1") == ["bad"]
    assert "crashed" in page.said


def test_a_session_that_dies_leaves_a_page_that_says_incomplete(project: Project) -> None:
    project.add("a.json", scenario("one"))
    assert project.run("--fluxscenario-html=page.html").ret == pytest.ExitCode.OK
    assert page_of(project).classes("h1") == ["good"]
    project.text(
        "conftest.py",
        "import os, pytest\n\n@pytest.fixture(autouse=True)\ndef end():\n    os._exit(3)\n",
    )
    project.spawn("--fluxscenario-html=page.html")
    page = page_of(project)
    assert page.classes("h1") == ["warn"]
    assert "or it died" in page.said


@both_ways
def test_without_a_scenario_an_older_page_does_not_stay(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.text("page.html", "<h1>passed</h1>")
    project.text("test_it.py", "def test_it():\n    pass\n")
    assert project.run_with(plugin_args, "--fluxscenario-html=page.html").ret == pytest.ExitCode.OK
    page = page_of(project)
    assert page.classes("h1") == ["warn"]
    assert "No scenario was collected." in page.said


def test_collecting_alone_leaves_the_page_alone(project: Project) -> None:
    project.add("a.json", scenario("one"))
    project.text("page.html", "as it was")
    project.run("--fluxscenario-html=page.html", "--collect-only")
    assert (project.root / "page.html").read_text(encoding="utf-8") == "as it was"


def test_evidence_that_is_off_gives_no_page(project: Project) -> None:
    project.add("a.json", scenario("one"))
    result = project.run("--fluxscenario-html=page.html", "--fluxscenario-evidence=off")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--fluxscenario-html is made of evidence, which is off" in text_of(result)
    project.ini("fluxscenario_html = page.html")
    assert project.run("--fluxscenario-evidence=off").ret == pytest.ExitCode.OK
    assert not (project.root / "page.html").exists()


def test_evidence_that_cannot_be_written_is_said_on_the_page(project: Project) -> None:
    project.add("a.json", scenario("one"))
    project.text("file", "")
    assert (
        project.run("--fluxscenario-html=page.html", "--fluxscenario-evidence=file/in").ret
        == pytest.ExitCode.TESTS_FAILED
    )
    page = page_of(project)
    assert page.classes("h1") == ["bad"]
    assert "a file is in the way" in page.said


def test_a_page_that_cannot_be_written_is_told_before_anything_runs(project: Project) -> None:
    project.add("a.json", scenario("one"))
    (project.root / "folder").mkdir()
    result = project.run("--fluxscenario-html=folder")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--fluxscenario-html: folder cannot be written: Is a directory" in text_of(result)
    assert not project.evidence.exists()


def test_secrets_are_not_on_the_page(project: Project) -> None:
    project.ini("fluxscenario_redact = hunter\\d")
    secret = step("hunter2", payload={"what": "hunter2"}, expect={"status": "nok", "route": "Blocked"})
    project.add("a.json", scenario("hunter3", secret))
    project.run("--fluxscenario-html=page.html")
    text = (project.root / "page.html").read_text(encoding="utf-8")
    assert "[redacted]" in text
    assert "hunter2" not in text
    assert "hunter3" not in text
