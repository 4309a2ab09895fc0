"""A scenario's spec in whole sessions: resolved, its schemas held against payloads, and named in evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.evidence.verify import verify
from tests.fakes.imports import import_file
from tests.fakes.packs import scenario, step, write
from tests.fakes.project import Project, junit_of, text_of

_WORK = """\
spec: {id: work, version: "1.0.0", title: What is sent at work}
schemas:
  work.start:
    properties: {what: {type: string, minLength: 3}}
    additionalProperties: false
  work.waive: true
"""
_CONTROL = """\
import pytest

class Watched:
    def __init__(self, inner):
        self.inner = inner

    def begin(self, run_id, given):
        self.inner.begin(run_id, given)

    def approve(self, run_id, approval):
        self.inner.approve(run_id, approval)

    def decide(self, request):
        print("SENT", request.payload)
        return self.inner.decide(request)

@pytest.fixture
def fluxscenario_control(fluxscenario_case, fluxscenario_step_hooks):
    return Watched(fluxscenario_case.control(fluxscenario_step_hooks))
"""


@pytest.fixture
def specs(project: Project) -> Project:
    """A project with the spec ``work`` as a file, and in its store."""
    path = project.text("specs/work.yaml", _WORK)
    import_file(str(project.root / "store"), "specs", str(path))
    return project


def _add(project: Project) -> dict[str, Any]:
    """Scenarios of every kind; gives their outcomes."""
    by_path = "../../../specs/work.yaml"
    late = step("late", payload={"what": "${r}", "x": 1})
    project.add(
        "all.json",
        scenario("fits", spec="work:v1.0.0"),
        scenario("fits_path", step(), step("twice"), spec=by_path),
        scenario("bad", step(), step("bad", payload={"what": 7}), spec="work:latest"),
        scenario("late", step(capture={"r": "route"}), late, step("after"), spec=by_path),
        scenario(
            "rows", step(payload={"what": "${w}"}), parameters=[{"w": "a patch"}, {"w": "no"}], spec="work:v1.0.0"
        ),
        scenario("known", step("bad", payload={"what": ""}), spec="work:v1.0.0", xfail="not yet"),
        scenario("left_out", spec="work:v1.0.0", skip="not now"),
        scenario("without", step(payload={"what": ["a"]})),
    )
    return {
        "fits": "passed",
        "fits_path": "passed",
        "bad": "error",
        "late": "error",
        "rows[0]": "passed",
        "rows[1]": "error",
        "known": "xfailed",
        "left_out": "skipped",
        "without": "passed",
    }


@pytest.mark.parametrize("own", [False, True], ids=["engine", "own_control"])
def test_a_payload_that_does_not_fit_is_told_at_its_line(
    specs: Project, plugin_args: tuple[str, ...], *, own: bool
) -> None:
    outcomes = _add(specs)
    if own:
        specs.text("packs/small/conftest.py", _CONTROL)
    result = specs.run_with(plugin_args, "-rA", "--junitxml=junit.xml", "--fluxscenario-evidence=out")
    result.assert_outcomes(passed=4, failed=3, skipped=1, xfailed=1)
    assert specs.outcomes(specs.root / "out") == outcomes
    lines = (specs.pack / "scenarios" / "all.json").read_text(encoding="utf-8").splitlines()
    at = lines.index('          "what": 7') + 1
    result.stdout.fnmatch_lines(
        [
            "step 2: bad",
            "E no verdict: not sent: the payload does not fit the spec work:v1.0.0: payload/what: 7 is not of type *",
            f"packs/small/scenarios/all.json:{at}: no verdict",
        ]
    )
    told = text_of(result)
    assert "step 2: late" in told
    assert "does not fit the spec specs/work.yaml: payload: Additional properties are not allowed ('x' was" in told
    assert ("SENT" in told) == own
    for never in ("SENT {'what': 7", "SENT {'what': 'no'", "SENT {'what': ''", "'x': 1}"):
        assert never not in told
    failure = junit_of(specs).find(".//testcase[@name='bad']/failure")
    assert failure is not None
    assert "payload/what: 7 is not of type 'string'" in (failure.text or "")


def test_evidence_names_each_spec(
    specs: Project, plugin_args: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    _add(specs)
    specs.run_with(plugin_args)
    digest = "sha256:" + import_file(str(specs.root / "store"), "specs", str(specs.root / "specs/work.yaml")).hash
    refs = [{"hash": digest, "ref": "specs/work.yaml"}, {"hash": digest, "ref": "work:v1.0.0"}]
    assert specs.manifest()["specs"] == refs
    records = {record["id"].split("::")[1]: record["result"] for record in specs.records()}
    assert {name: result["specs"] for name, result in records.items()} == {
        "fits": refs[1:],
        "fits_path": refs[:1],
        "bad": refs[1:],
        "late": refs[:1],
        "rows[0]": refs[1:],
        "rows[1]": refs[1:],
        "known": refs[1:],
        "without": [],
    }
    assert "request" not in records["bad"]["steps"][1]
    assert verify(str(specs.evidence)).problems == ()
    capsys.readouterr()
    assert main(["evidence", "show", str(specs.evidence)]) == 0
    assert f"spec      work:v1.0.0, {digest}" in capsys.readouterr().out.splitlines()
    assert main(["evidence", "show", str(specs.evidence), "fits_path"]) == 0
    assert f"spec      specs/work.yaml, {digest}" in capsys.readouterr().out.splitlines()


def test_the_command_gives_the_same_records_and_texts(
    specs: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _add(specs)
    result = specs.run("--fluxscenario-evidence=by_pytest")
    monkeypatch.chdir(specs.root)
    capsys.readouterr()
    assert main(["scenario", "run", "packs", "--evidence", "by_command"]) == 1
    printed = capsys.readouterr().out
    by_pytest, by_command = (specs.records(specs.root / name) for name in ("by_pytest", "by_command"))
    assert [(one["id"], one["ref"], one["result"]) for one in by_pytest] == [
        (one["id"], one["ref"], one["result"]) for one in by_command
    ]
    assert specs.manifest(specs.root / "by_pytest")["specs"] == specs.manifest(specs.root / "by_command")["specs"]
    lines = (specs.pack / "scenarios" / "all.json").read_text(encoding="utf-8").splitlines()
    at = lines.index('          "what": 7') + 1
    for line in (f"packs/small/scenarios/all.json:{at}: no verdict", "step 2: late"):
        assert line in text_of(result).splitlines()
        assert line in printed.splitlines()
    told = [line for line in text_of(result).splitlines() if line.startswith("E no verdict")]
    assert len(told) == 3
    assert set(told) <= set(printed.splitlines())
    assert main(["scenario", "run", "packs", "--evidence", "off"]) == 1
    without = capsys.readouterr().out
    assert [line for line in without.splitlines() if line.startswith("E no verdict")] == [
        line for line in printed.splitlines() if line.startswith("E no verdict")
    ]


def test_every_worker_resolves_the_index_of_the_controller(specs: Project) -> None:
    """A spec that is imported while workers start is not the latest one of their session."""
    specs.add("a.json", *(scenario(f"s{number}", spec="work:latest") for number in range(8)))
    specs.text("specs/none.yaml", "schemas: {work.start: false}\n")
    specs.text(
        "conftest.py",
        "import os\n"
        "def pytest_configure(config):\n"
        "    if hasattr(config, 'workerinput') and config.workerinput['workerid'] == 'gw0':\n"
        "        from pytest_fluxscenario.cas.importing import file_all, read_file\n"
        "        file_all('store', [read_file('specs', 'specs/none.yaml', 'work', 'v9.0.0')])\n",
    )
    specs.spawn("-n2").assert_outcomes(passed=8)
    assert [spec["ref"] for spec in specs.manifest()["specs"]] == ["work:v1.0.0"]
    specs.run().assert_outcomes(failed=8)


@pytest.mark.parametrize("by", ["option", "ini"])
def test_no_secret_of_a_payload_or_a_path_leaves(
    project: Project, monkeypatch: pytest.MonkeyPatch, plugin_args: tuple[str, ...], by: str
) -> None:
    monkeypatch.setenv("MY_SECRET", "s3cret/välue " * 30)
    redact = ("fluxscenario_redact_env = MY_SECRET", "fluxscenario_redact = tok-[0-9]+")
    project.ini(*redact if by == "ini" else redact[:1])
    project.text("specs/tok-1234.yaml", "properties: {what: {type: integer}, more: {maxLength: 2}}\n")
    payload = {"what": ["s3cret/välue " * 30], "more": "tok-5678" * 100}
    project.add("a.json", scenario("one", step(payload=payload), spec="../../../specs/tok-1234.yaml"))
    if by == "option":
        project.text("conftest.py", "def pytest_fluxscenario_redact(config):\n    return ['tok-[0-9]+']\n")
    result = project.run_with(plugin_args, "-vv", "-rA", "--junitxml=junit.xml", "--fluxscenario-evidence=out")
    result.assert_outcomes(failed=1)
    told = text_of(result) + (project.root / "junit.xml").read_text(encoding="utf-8")
    for name in ("manifest.json", "records.jsonl"):
        told += (project.root / "out" / name).read_text(encoding="utf-8")
    assert "not sent: the payload does not fit the spec specs/[redacted].yaml" in told
    for half in ("tok-1", "tok-5", "välue s3c", "t/vä"):
        assert half not in told
    assert verify(str(project.root / "out")).problems == ()


def test_warnings_name_action_and_scenario_and_fail_under_the_strict_option(specs: Project) -> None:
    specs.text("specs/wrong.yaml", "schemas:\n  wrok.start: {}\n")
    specs.add(
        "a.json", scenario("one", spec="../../../specs/wrong.yaml"), scenario("two", spec="../../../specs/wrong.yaml")
    )
    result = specs.run()
    result.assert_outcomes(passed=2, warnings=3)
    told = text_of(result)
    assert (
        "specs/wrong.yaml:2:3: the profile 'small' 1.0.0 has no action 'wrok.start' (did you mean 'work.start'" in told
    )
    assert "a.json:23:13: the spec 'specs/wrong.yaml' has a schema for no action of this scenario" in told
    strict = specs.run("--fluxscenario-strict")
    strict.assert_outcomes(errors=1)
    assert "has no action 'wrok.start'" in text_of(strict)


def test_a_spec_that_is_nowhere_is_a_collection_error_and_the_others_run(specs: Project) -> None:
    specs.add("a.json", scenario("one", spec="wrok:v1.0.0"))
    specs.add("b.json", scenario("two", spec="work:v1.0.0"))
    result = specs.run("--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=1)
    assert (
        "packs/small/scenarios/a.json:22:11: the store has no spec 'wrok', in store/index.json (did you mean 'work'?)"
    ) in text_of(result)
    assert specs.manifest()["verdict"] == "failed"


def test_a_spec_that_changes_after_collection_is_the_one_that_was_collected(specs: Project) -> None:
    specs.add("a.json", scenario("one", spec="../../../specs/work.yaml"))
    specs.text(
        "conftest.py",
        "from pathlib import Path\n"
        "def pytest_collection_finish(session):\n"
        "    Path('specs/work.yaml').write_text('schemas: {work.start: false}')\n",
    )
    specs.run().assert_outcomes(passed=1)


@pytest.mark.parametrize("change", ["record", "manifest", "added"])
def test_evidence_that_tells_of_another_spec_is_found(specs: Project, change: str) -> None:
    specs.add("a.json", scenario("one", spec="work:v1.0.0"))
    specs.run().assert_outcomes(passed=1)
    name = "records.jsonl" if change == "record" else "manifest.json"
    path = Path(specs.evidence, name)
    text = path.read_text(encoding="utf-8")
    other = (
        text.replace("work:v1.0.0", "work:v2.0.0")
        if change != "added"
        else text.replace('"specs": [', '"specs": [{"hash": "sha256:0", "ref": "x"},')
    )
    assert other != text
    path.write_text(other, encoding="utf-8")
    assert verify(str(specs.evidence)).problems != ()


def test_a_scenario_in_the_store_names_its_spec_by_a_ref(specs: Project, plugin_args: tuple[str, ...]) -> None:
    store = str(specs.root / "store")
    good = scenario("good", spec="work:latest")
    bad = scenario("bad", step("bad", payload={"what": 7}), spec="work:v1.0.0")
    for name, document in (("flow", [good, bad]), ("lost", [scenario("lost", spec="../specs/work.yaml")])):
        import_file(store, "scenarios", str(write(specs.root / f"{name}.json", *document)), name, "v1.0.0")
    result = specs.run_with(plugin_args, "--fluxscenario-ref=flow:v1.0.0")
    result.assert_outcomes(passed=1, failed=1)
    assert [spec["ref"] for spec in specs.manifest()["specs"]] == ["work:v1.0.0"]
    assert "payload/what: 7 is not of type 'string'" in text_of(result)
    lost = specs.run_with(plugin_args, "--fluxscenario-ref=lost:v1.0.0")
    assert "the spec '../specs/work.yaml' is a path, and a scenario in the store lies in no folder" in text_of(lost)
    assert lost.ret != pytest.ExitCode.OK
    assert "passed" not in lost.parseoutcomes()
