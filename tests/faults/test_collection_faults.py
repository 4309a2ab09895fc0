"""Broken scenario files, seen through pytest (faults.md, "The right answer"): a line each, and the good files run."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

import pytest

from tests.fakes.packs import scenario, step, write
from tests.fakes.project import Project, text_of

_GOOD = """\
id: {id}
profile_id: small
profile_version: "1.0.0"
steps:
  - name: start
    action: work.start
    actor: {{id: agent-1, role: agent}}
    payload: {{what: a patch}}
    expectation:
      status: ok
      route: Continue
"""


@dataclass(frozen=True)
class Bad:
    """A line of the good document that is replaced, and what must be said of it."""

    name: str
    old: str
    new: str
    line: int
    words: str


def _bad(name: str, old: str, new: str, line: int, *words: str) -> Bad:
    return Bad(name, old, new, line, "*".join(words))


#: What stands in the document, and on which line the message points.
TABLE = (
    _bad("typo", "expectation:", "expectaton:", 9, "unknown field 'expectaton'", "did you mean 'expectation'?"),
    _bad(
        "field_in_expectation", "route: Continue", "rout: Continue", 11, "unknown field 'rout'", "did you mean 'route'?"
    ),
    _bad("field_at_top", "steps:", "stepz: 1\nsteps:", 4, "unknown field 'stepz'", "did you mean 'steps'?"),
    _bad("no_id", "id: {id}\n", "", 1, "has no 'id'"),
    _bad("no_steps", "steps:", "tags:", 5, ""),
    _bad("empty_steps", _GOOD[_GOOD.index("steps:") :], "steps: []\n", 4, "'steps' must not be an empty list"),
    _bad("number_version", '"1.0.0"', "1.10", 3, "'profile_version' must be a string", 'quote it: "1.10"'),
    _bad("v_version", '"1.0.0"', "v1.0.0", 3, "'v1.0.0' is no version", "without the v: 1.0.0"),
    _bad("text_version", '"1.0.0"', "newest", 3, "'newest' is no version", "SemVer"),
    _bad("bad_id", "id: {id}", "id: a::b", 1, "'a::b' is no id"),
    _bad("bracket_id", "id: {id}", "id: 'a[0]'", 1, "'a[[]0[]]' is no id"),
    _bad("hidden_id", "id: {id}", 'id: "a\\u200bb"', 1, "is no id"),
    _bad("bidi_id", "id: {id}", 'id: "a\\u202eb"', 1, "is no id"),
    _bad("number_id", "id: {id}", "id: 12", 1, "'id' must be a string"),
    _bad("status", "status: ok", "status: okay", 10, "unknown status 'okay'", "did you mean 'ok'?"),
    _bad("route", "route: Continue", "route: Contine", 11, "unknown route 'Contine'", "did you mean 'Continue'?"),
    _bad(
        "gate_type", "route: Continue", "route: Continue\n      gate_type: decisive", 12, "unknown gate type 'decisive'"
    ),
    _bad("no_route", "      route: Continue\n", "", 10, "the expectation has no 'route'"),
    _bad(
        "matcher",
        "route: Continue",
        "route: {{mathces: x}}",
        11,
        "unknown matcher 'mathces'",
        "did you mean 'matches'?",
    ),
    _bad("regex", "route: Continue", "route: {{matches: '('}}", 11, "is no regular expression"),
    _bad("matcher_keys", "route: Continue", "route: {{matches: x, contains: y}}", 11, "a matcher has exactly one key"),
    _bad("no_actor", "    actor: {{id: agent-1, role: agent}}\n", "", 5, "a step with an action needs 'actor'"),
    _bad("actor_field", "role: agent", "rol: agent", 7, "unknown field 'rol'", "did you mean 'role'?"),
    _bad("payload", "payload: {{what: a patch}}", "payload: [1]", 8, "'payload' must be an object"),
    _bad("both", "action: work.start", "action: work.start\n    approve: {{role: approver, scope: x}}", 7, "not both"),
    _bad(
        "expires",
        "steps:",
        "given: {{approvals: [{{role: approver, scope: x, expires_at: soon}}]}}\nsteps:",
        4,
        "no moment",
    ),
    _bad(
        "fault", "steps:", "faults: {{assess: timout}}\nsteps:", 4, "unknown fault 'timout'", "did you mean 'timeout'?"
    ),
    _bad("skip", "steps:", "skip: ''\nsteps:", 4, "'skip' must say why"),
    _bad("tag", "steps:", "tags: [two words]\nsteps:", 4, "'two words' cannot be a tag"),
    _bad("marker_tag", "steps:", "tags: [skip]\nsteps:", 4, "pytest gives that word a meaning"),
    _bad("reference", "what: a patch", "what: '${{nowhere}}'", 8, "nowhere"),
    _bad("open_reference", "what: a patch", "what: '${{open'", 8, "not closed"),
    _bad("rows", "steps:", "parameters: [{{a: 1}}, {{b: 2}}]\nsteps:", 4, "row 0 has no 'b', which row 1 has"),
    _bad("no_rows", "steps:", "parameters: []\nsteps:", 4, "'parameters' must not be an empty list"),
    _bad("spec", "steps:", "spec: a:v1.0.0\nsteps:", 4, "there is no store to look it up in"),
    _bad("spec_ref", "steps:", "spec: card\nsteps:", 4, "'card' is no ref", "a path has a slash in it"),
    _bad("spec_out", "steps:", "spec: ../../../../x.yaml\nsteps:", 4, "leads out of the root"),
    _bad("duplicate_key", "status: ok", "status: ok\n      status: nok", 11, "the key 'status' stands here again"),
    _bad("anchor", "status: ok", "status: &a ok", 10, "anchor"),
    _bad("alias", "status: ok", "status: *a", 10, "alias"),
    _bad("merge", "status: ok", "<<: {{a: b}}", 10, "<<"),
    _bad("yaml_tag", "status: ok", "status: !!str ok", 10, "tag"),
    _bad("nan", "what: a patch", "what: .nan", 8, ""),
    _bad("big_integer", "what: a patch", "what: 9007199254740992", 8, "9007199254740992"),
    _bad("huge_float", "what: a patch", "what: 1e400", 8, ""),
    _bad("key", "what: a patch", "1: a patch", 8, "key"),
    _bad("nul", "what: a patch", 'what: "a\\0b"', 8, ""),
    _bad("tab", "    action:", "\taction:", 6, ""),
    _bad(
        "conflict",
        "      status: ok",
        "<<<<<<< HEAD\n      status: ok\n=======\n      status: nok\n>>>>>>> other",
        10,
        "git conflict",
    ),
    _bad(
        "profile",
        "profile_id: small",
        "profile_id: smal",
        2,
        "there is no profile 'smal' 1.0.0",
        "did you mean 'small'?",
    ),
    _bad("version", '"1.0.0"', '"1.0.1"', 2, "there is no profile 'small' 1.0.1", "'small' is there as 1.0.0"),
    _bad("ref", "steps:", "profile: Small\nsteps:", 4, "Small"),
    _bad("ref_no_store", "steps:", "profile: small:v1.0.0\nsteps:", 4, "there is no store"),
    _bad("ref_path", "steps:", "profile: ../../smal\nsteps:", 4, "is not there: it means packs/smal"),
    _bad("ref_out", "steps:", "profile: ../../../../other\nsteps:", 4, "leads out of the root"),
)

#: What is no file of the project.
ODD = {
    "pipe.json": "is a named pipe, not a file",
    "gone.json": "cannot be read: No such file or directory",
    "out.json": "is a link out of the root",
}

#: Whole files, as bytes; None where a line makes no sense.
FILES: dict[str, tuple[bytes, str]] = {
    "empty.yaml": (b"", ": the file is empty"),
    "comments.yaml": (b"# nothing\n", ":1:1: the file holds no document, only comments"),
    "empty.json": (b"", ": the file is empty"),
    "latin1.json": (b'{"id": "caf\xe9"}', ":1:12: "),
    "utf16.json": ('{"id": 1}'.encode("utf-16"), ": "),
    "trailing.json": (b'{"id": "a"} x', ":1:13: 'x' behind the end of the JSON document"),
    "comma.json": (b'{"id": "a",\n}', ":1:11: a comma before '}'"),
    "cut.json": (b'{"id": "a"\n', "is the file cut off?"),
    "twice.json": (b'{"id": "a",\n "id": "b"}', ":2:2: the key 'id' stands here again; first in line 1"),
    "surrogate.json": (b'{"id": "\\ud800"}', ":1:"),
    "nan.json": (b'{"id": NaN}', ":1:8: 'NaN' is no number"),
    "text.json": (b'"scenario"', ":1:1: "),
    "deep.json": (b"[" * 25_000, ":1:"),
    "deep.yaml": (b"[" * 25_000, ":1:"),
    "deep-block.yaml": (b"".join(b" " * n + b"a:\n" for n in range(300)), ": "),
    "large.json": (b'{"id": "' + b"x" * (1 << 20) + b'"}', "the limit file_bytes is 1048576"),
    "nodes.json": (b"[" + b"1," * 150_000 + b"1]", ":1:"),
    "scalar.json": (b'{"id": "' + b"x" * (300 << 10) + b'"}', ":1:"),
}


@pytest.fixture
def broken(project: Project) -> Project:
    """Every bad file beside three good ones."""
    folder = project.pack / "scenarios"
    for bad in TABLE:
        assert bad.old in _GOOD
        text = _GOOD.replace(bad.old, bad.new, 1).format(id=bad.name)
        project.text(f"packs/small/scenarios/{bad.name}.scenario.yaml", text)
    for name, (data, _) in FILES.items():
        (folder / name).write_bytes(data)
    os.mkfifo(folder / "pipe.json")
    (folder / "folder.json").mkdir()
    (folder / "gone.json").symlink_to(folder / "not-there.json")
    outside = project.root.parent / "outside.scenario.json"
    write(outside, scenario("outside"))
    (folder / "out.json").symlink_to(outside)
    for name in ("aaa", "mmm", "zzz"):
        project.add(f"{name}.json", scenario(name))
    return project


def check(result: pytest.RunResult) -> list[str]:
    """Holds a run against the table; gives what was wrong."""
    output = result.stdout.str()
    wrong = []
    for bad in TABLE:
        pattern = f"packs/small/scenarios/{bad.name}.scenario.yaml:{bad.line}:*{bad.words}*"
        try:
            result.stdout.fnmatch_lines([pattern])
        except pytest.fail.Exception:
            said = [line[:300] for line in result.outlines if f"/{bad.name}.scenario.yaml:" in line]
            wrong.append(f"{bad.name}: wanted {pattern}, got {said}")
    for name, (_, words) in FILES.items():
        said = [line for line in result.outlines if line.startswith(f"packs/small/scenarios/{name}:")]
        if not any(words in line for line in said):
            wrong.append(f"{name}: wanted {words}, got {[line[:300] for line in said]}")
    for name, words in ODD.items():
        if not any(line.startswith(f"packs/small/scenarios/{name}: {words}") for line in result.outlines):
            wrong.append(f"{name}: wanted {words}")
    wrong += [f"too long: {line[:80]}" for line in result.outlines if len(line) > 2_300]
    if "Traceback" in text_of(result) or "Error:" in output:
        wrong.append("a traceback is shown")
    return wrong


def test_every_broken_file_is_told_and_the_good_ones_run(broken: Project) -> None:
    before = _processor_time()
    result = broken.spawn("-p", "no:xdist")
    took = _processor_time() - before
    assert "\n".join(check(result)) == ""
    result.assert_outcomes(passed=3, errors=len(TABLE) + len(FILES) + len(ODD))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert broken.outcomes() == {"aaa": "passed", "mmm": "passed", "zzz": "passed"}
    manifest = broken.manifest()
    assert manifest["verdict"] == "failed"
    assert len(manifest["errors"]) == len(TABLE) + len(FILES) + len(ODD)
    # 50 ms a file, and the start of Python; of the processor, as the machine may do other things too.
    assert took < 10


def _processor_time() -> float:
    """Seconds that the processes that this one started, and that have ended, used."""
    times = os.times()
    return times.children_user + times.children_system


def test_broken_files_do_not_stop_workers(broken: Project) -> None:
    result = broken.spawn("-n2")
    assert "\n".join(check(result)) == ""
    result.assert_outcomes(passed=3, errors=len(TABLE) + len(FILES) + len(ODD))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert broken.outcomes() == {"aaa": "passed", "mmm": "passed", "zzz": "passed"}
    assert broken.manifest()["verdict"] == "failed"


def test_several_faults_of_a_file_are_told_at_once(project: Project) -> None:
    bad = step(expect={"status": "okay", "route": "Contine"})
    project.add("a.json", scenario("one", bad, tags=["two words"]), scenario("a::b"))
    result = project.run()
    said = [line for line in result.outlines if line.startswith("packs/small/scenarios/a.json:")]
    assert len(said) == 4
    places = [tuple(map(int, line.split(":")[1:3])) for line in said]
    assert places == sorted(places)


def test_a_row_of_parameters_that_does_not_fit_is_named(project: Project) -> None:
    rows = [{"p": {"what": "x"}}, {"p": "text"}]
    project.add("a.json", scenario("one", step(payload="${p}"), parameters=rows))
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*a.json:*: with the parameters of row 1: *payload*"])


def test_a_directory_of_the_name_of_a_scenario_is_walked(project: Project) -> None:
    write(project.pack / "x.scenario.json" / "scenarios" / "a.json", scenario())
    project.run().assert_outcomes(passed=1)


def test_a_file_without_permission_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project.add("a.json", scenario())
    real = os.open

    def refuse(name: str, *args: int, **more: int) -> int:
        if name == str(path):
            raise PermissionError(13, "Permission denied", name)
        return real(name, *args, **more)

    monkeypatch.setattr(os, "open", refuse)
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["packs/small/scenarios/a.json: cannot be read: Permission denied"])


def test_a_name_that_is_not_utf8_is_told(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.add("good.json", scenario("good"))
    for name in (b"x\xff.json", b"y\xff/b.scenario.json"):
        path = os.path.join(os.fsencode(project.pack), b"scenarios", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(b"{}")
    result = project.run_with(plugin_args, "--junitxml=junit.xml")
    result.assert_outcomes(passed=1, errors=2)
    for shown in (r"x\udcff.json", r"y\udcff/b.scenario.json"):
        said = f"packs/small/scenarios/{shown}: its name, or that of a folder above it, is not UTF-8"
        assert said in text_of(result)
    assert project.manifest(project.root / "evidence")["verdict"] == "failed"


def test_limits_are_those_of_the_configuration(project: Project) -> None:
    project.add("a.json", scenario())
    project.ini("fluxscenario_limits = depth=3")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*a.json:*depth*"])
    project.ini("fluxscenario_limits = depht=3")
    result = project.run()
    assert result.ret != pytest.ExitCode.OK
    assert "depht" in text_of(result)
    assert "Traceback" not in text_of(result)


def test_broken_python_files_stop_the_session_as_ever(project: Project) -> None:
    """Only faults of scenario files let the others run: what pytest does for its own is left alone."""
    project.add("a.json", scenario())
    project.text("test_broken.py", "import nothing_of_that_name\n")
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)


def test_a_pack_that_is_broken_is_told_at_its_own_place(project: Project) -> None:
    project.add("a.json", scenario("one"))
    project.add("b.json", scenario("two"))
    profile = project.pack / "profile.yaml"
    profile.write_text(profile.read_text(encoding="utf-8").replace("route: AskUser", "route: AskUsr"), encoding="utf-8")
    result = project.run()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["packs/small/profile.yaml:*:*: *AskUsr*"])
    assert "Traceback" not in text_of(result)


def test_json_that_yaml_would_read_otherwise_is_json(project: Project) -> None:
    text = json.dumps(scenario()).replace("a patch", "1:30")
    project.text("packs/small/scenarios/a.json", text)
    project.text("packs/small/scenarios/b.yaml", _GOOD.format(id="b").replace("a patch", "1:30"))
    project.run().assert_outcomes(passed=2)
    sent = {record["result"]["steps"][0]["request"]["payload"]["what"] for record in project.records()}
    assert sent == {"1:30"}
