"""``fluxrig scenario run`` gives the verdicts, the texts and the evidence of pytest (cli.md)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.log import Log
from tests.fakes.packs import failing, needs_hook, scenario, step, write, write_pack
from tests.unit.cli.conftest import Rig

_BUNDLED = Path(__file__).resolve().parents[4] / "scenarios"


def _mixed(rig: Rig) -> None:
    asked = step("ask", payload={}, expect={"status": "nok", "route": "AskUser"})
    rig.add("a.json", scenario("asks", asked), failing("differs"), needs_hook("hooked", tags=["slow"]))
    rig.add("b.json", scenario("left_out", skip="not now"), failing("expected", xfail="known"))
    rig.add("c.json", scenario("rows", step(payload={"what": "${what}"}), parameters=[{"what": "a"}, {"what": "b"}]))
    rig.add("d.json", scenario("unexpected", xfail="no longer"))
    write(rig.root / "packs" / "small" / "scenarios" / "broken.json", {"id": "broken"})
    (rig.root / "elsewhere.scenario.yaml").write_text(json.dumps(failing("yaml")), encoding="utf-8")


def _stable(manifest: dict[str, Any]) -> dict[str, Any]:
    """Without the time, and the two hashes that cover it and the log with its times."""
    return {key: value for key, value in manifest.items() if key not in ("started", "log", "check")}


def test_the_evidence_is_that_of_pytest(rig: Rig) -> None:
    _mixed(rig)
    assert rig.pytest("--fluxscenario-evidence", "by-pytest").returncode == 1
    assert rig("scenario", "run", ".", "--evidence", "by-rig").returncode == 1
    (manifest, records), (other, others) = rig.evidence("by-pytest"), rig.evidence("by-rig")
    assert len(records) == 8
    assert [(one["id"], one["ref"], one["result"]) for one in others] == [
        (one["id"], one["ref"], one["result"]) for one in records
    ]
    assert _stable(other) == _stable(manifest)
    lines = [
        [re.sub(rb'"volatile":.*', b"", line) for line in (rig.root / name / "records.jsonl").read_bytes().splitlines()]
        for name in ("by-pytest", "by-rig")
    ]
    assert lines[0] == lines[1]


def test_the_evidence_of_the_bundled_pack_is_that_of_pytest(tmp_path: Path) -> None:
    root = tmp_path / "copy"
    for path in _BUNDLED.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = root / "scenarios" / path.relative_to(_BUNDLED)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    rig = Rig(root)
    assert rig.pytest("--fluxscenario-evidence", "by-pytest").returncode == 0
    assert rig("scenario", "run", "scenarios", "--evidence", "by-rig").returncode == 0
    (manifest, records), (other, others) = rig.evidence("by-pytest"), rig.evidence("by-rig")
    assert manifest["root"] == other["root"]
    assert len(records) > 50
    assert [(one["id"], one["ref"], one["result"]) for one in others] == [
        (one["id"], one["ref"], one["result"]) for one in records
    ]
    assert _stable(manifest) == _stable(other)


def test_a_failure_is_told_as_pytest_tells_it(rig: Rig) -> None:
    _mixed(rig)
    by_pytest = rig.pytest(env={"COLUMNS": "400"}).stdout
    by_rig = rig("scenario", "run", ".").stdout
    block = by_rig[by_rig.index("step 2: wrong") : by_rig.index("\n\n", by_rig.index("step 2: wrong"))]
    lines = [line for line in block.splitlines() if line]
    assert len(lines) > 6
    shown = [line.strip() for line in by_pytest.splitlines()]
    assert [line for line in lines if line.strip() not in shown] == []
    for line in by_rig.splitlines():
        if line.startswith("FAILED "):
            assert line in by_pytest
    assert "packs/small/scenarios/broken.json" in rig("scenario", "run", ".").stderr


def test_the_default_folder_is_pytests(rig: Rig) -> None:
    rig.add("a.json", scenario())
    deep = rig.root / "packs" / "small"
    assert rig("scenario", "run", "scenarios", cwd=deep).returncode == 0
    assert rig.evidence()[1][0]["id"] == "packs/small/scenarios/a.json::one"


def test_no_evidence_where_it_is_off(rig: Rig) -> None:
    rig.add("a.json", scenario())
    assert rig("scenario", "run", ".", "--evidence", "off").returncode == 0
    assert not (rig.root / ".fluxscenario").exists()
    (rig.root / "pytest.ini").write_text("[pytest]\nfluxscenario_evidence = off\n", encoding="utf-8")
    assert rig("scenario", "run", ".").returncode == 0
    assert not (rig.root / ".fluxscenario").exists()
    assert rig("scenario", "run", ".", "--evidence", "given").returncode == 0
    assert (rig.root / "given" / "manifest.json").exists()


def test_evidence_that_cannot_be_written_hides_no_verdict(rig: Rig) -> None:
    rig.add("a.json", scenario())
    (rig.root / "file").write_text("in the way", encoding="utf-8")
    answer = rig("scenario", "run", ".", "--evidence", "file/below")
    assert answer.returncode == 1
    assert "1 passed" in answer.stdout
    hint = "(name another folder with --evidence, or write none with 'off')"
    assert f"cannot be written: a file is in the way {hint}" in answer.stderr


def test_a_folder_that_another_session_writes_to_is_left_to_it(rig: Rig) -> None:
    rig.add("a.json", scenario(), failing("bad"))
    folder = rig.root / "kept"
    folder.mkdir()
    other = Log(str(folder / "records.jsonl"))
    other.open()
    other.append(b"of the other\n")
    answer = rig("scenario", "run", ".", "--evidence", "kept")
    other.close()
    assert answer.returncode == 1
    assert "1 failed, 1 passed" in answer.stdout
    assert "evidence" not in answer.stdout
    assert "kept/records.jsonl: cannot be written: another session is writing to it (name another" in answer.stderr
    assert [path.name for path in folder.iterdir()] == ["records.jsonl"]
    assert (folder / "records.jsonl").read_bytes() == b"of the other\n"


# ---- what is asked for ---------------------------------------------------------------------------


def _ids(rig: Rig, *args: str) -> list[str]:
    return [one["id"].partition("::")[2] for one in rig.json("scenario", "run", *args)["scenarios"]]


def test_files_folders_and_single_scenarios(rig: Rig) -> None:
    _mixed(rig)
    base = "packs/small/scenarios/"
    assert _ids(rig, base + "a.json") == ["asks", "differs", "hooked"]
    assert _ids(rig, base + "a.json::asks") == ["asks"]
    assert _ids(rig, base + "a.json::hooked", base + "a.json::asks") == ["asks", "hooked"]
    assert _ids(rig, base + "a.json::asks", base + "a.json") == ["asks", "differs", "hooked"]
    assert _ids(rig, base + "c.json::rows") == ["rows[0]", "rows[1]"]
    assert _ids(rig, base + "c.json::rows[1]") == ["rows[1]"]
    assert _ids(rig, ".", base) == _ids(rig, ".")
    assert _ids(rig, ".", "-k", "SLOW") == ["hooked"]
    assert _ids(rig, ".", "-k", "rows[1") == ["rows[1]"]


def test_what_a_word_leaves_out_was_collected(rig: Rig) -> None:
    _mixed(rig)
    rig("scenario", "run", ".", "-k", "asks", "--evidence", "by-rig")
    rig.pytest("-k", "asks", "--fluxscenario-evidence", "by-pytest")
    assert _stable(rig.evidence("by-rig")[0]) == _stable(rig.evidence("by-pytest")[0])


def test_the_same_files_as_pytest_collects(rig: Rig) -> None:
    for name in (
        "top.scenario.json",
        "other.json",
        "scenarios/in.json",
        "scenarios/deep/not.json",
        "scenarios/deep/yes.scenario.yml",
        "build/left.scenario.json",
        ".hidden/left.scenario.json",
        "node_modules/left.scenario.json",
        "env/left.scenario.json",
        "env/pyvenv.cfg",
        "x.egg/left.scenario.json",
        "store/left.scenario.json",
        "store/index.json",
        "store/blobs/aa/bb",
        "kept/store/stays.scenario.json",
        "my-build/stays.scenario.json",
    ):
        path = rig.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "{}" if name == "store/index.json" else json.dumps(scenario(profile="packs/small")), encoding="utf-8"
        )
    (rig.root / "linked").symlink_to(rig.root / "scenarios")
    (rig.root / "loop").symlink_to(rig.root / "loop")
    for lines in (
        "",
        "norecursedirs = kept deep\n",
        "norecursedirs =\n",
        "fluxscenario_files = *.json\n",
        "fluxscenario_files = scenarios/*\n",
    ):
        (rig.root / "pytest.ini").write_text("[pytest]\n" + lines, encoding="utf-8")
        rig.pytest("--fluxscenario-evidence", "by-pytest")
        rig("scenario", "run", ".", "--evidence", "by-rig")
        by_pytest, by_rig = rig.evidence("by-pytest")[0], rig.evidence("by-rig")[0]
        for part, key in (("scenarios", "id"), ("errors", "file")):
            assert sorted(one[key] for one in by_rig[part]) == sorted(one[key] for one in by_pytest[part]), lines


def test_a_named_file_may_have_any_name(rig: Rig) -> None:
    write(rig.root / "packs" / "small" / "mine.json", scenario())
    assert _ids(rig, "packs/small/mine.json") == ["one"]
    assert rig("scenario", "run", ".").returncode == 2


# ---- settings ------------------------------------------------------------------------------------

_SECRET = "hunter2-hunter2"


@pytest.mark.parametrize("where", ["ini", "pyproject", "native", "env-ini", "option", "option-env"])
def test_a_secret_is_written_nowhere(rig: Rig, where: str) -> None:
    wrong = step(_SECRET, payload={"what": _SECRET}, expect={"status": "nok", "route": "Blocked", "reason": _SECRET})
    rig.add(
        "a.json", scenario("one", wrong, tags=[_SECRET]), scenario("two", skip=_SECRET), scenario("x", xfail=_SECRET)
    )
    rig.add("b.json", {"id": _SECRET, _SECRET: 1})
    pattern, args = r"hunter\d(-hunter\d)?", ["scenario", "run", ".", "-v"]
    ini = rig.root / "pytest.ini"
    project = rig.root / "pyproject.toml"
    if where == "ini":
        ini.write_text(f"[pytest]\nfluxscenario_redact =\n    nothing\n    {pattern}\n", encoding="utf-8")
    elif where == "env-ini":
        ini.write_text("[pytest]\nfluxscenario_redact_env = NOT_SET THE_SECRET\n", encoding="utf-8")
    elif where == "option":
        args += ["--redact", pattern]
    elif where == "option-env":
        args += ["--redact-env", "THE_SECRET"]
    else:
        ini.unlink()
        table = "ini_options" if where == "pyproject" else ""
        head = f"[tool.pytest{'.' + table if table else ''}]"
        project.write_text(f"{head}\nfluxscenario_redact = ['{pattern}']\n", encoding="utf-8")
    for more in ((), ("--json",)):
        answer = rig(*args, *more, env={"THE_SECRET": _SECRET})
        assert answer.returncode == 1
        assert _SECRET not in answer.stdout + answer.stderr
        assert "[redacted]" in answer.stdout
    evidence = rig.root / ".fluxscenario" / "evidence"
    for file in evidence.iterdir():
        assert _SECRET.encode() not in file.read_bytes()
    assert sum(rig.evidence()[0]["redactions"].values()) > 3
    assert rig("evidence", "verify", evidence).returncode == 0


@pytest.mark.parametrize("pattern", ["[0-9]+", "[0-9]", ".+"])
def test_a_pattern_may_match_every_number(rig: Rig, pattern: str) -> None:
    """What varies has numbers that nobody can do without; only its text is redacted."""
    rig.add("a.json", scenario("one", step(payload={"what": 4711})))
    answer = rig("scenario", "run", ".", "--redact", pattern)
    assert (answer.returncode, answer.stderr) == (0, "")
    manifest, (record,) = rig.evidence()
    assert manifest["verdict"] == "passed"
    assert "4711" not in json.dumps(record["result"])
    assert record["volatile"]["duration"] > 0
    assert rig("evidence", "verify", ".fluxscenario/evidence").returncode == 0
    assert rig("evidence", "show", ".fluxscenario/evidence", record["id"]).returncode == 0


def test_a_conftest_that_names_secrets_is_not_passed_over(rig: Rig) -> None:
    rig.add("a.json", scenario())
    hook = "def pytest_fluxscenario_redact(config):\n    return ['x']\n"
    (rig.root / "packs" / "conftest.py").write_text("# one\n" + hook, encoding="utf-8")
    answer = rig("scenario", "run", ".")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("packs/conftest.py:2:5: names what to redact") or answer.stderr.startswith(
        "packs/conftest.py:2:1: names what to redact"
    )
    assert not (rig.root / ".fluxscenario").exists()


def test_a_conftest_that_only_pytest_can_follow_is_told(rig: Rig) -> None:
    rig.add("a.json", scenario())
    text = "import pytest\n\n\n@pytest.fixture\ndef fluxscenario_control():\n    return object()\n"
    (rig.root / "conftest.py").write_text(text, encoding="utf-8")
    answer = rig("scenario", "run", ".")
    assert answer.returncode == 0
    assert "conftest.py:5:1: uses fluxscenario_control, which only pytest applies" in answer.stderr
    (rig.root / "conftest.py").write_text("# fluxscenario_control is not used here\n", encoding="utf-8")
    assert rig("scenario", "run", ".").stderr == ""


@pytest.mark.parametrize("key", ["xfail_strict", "strict_xfail"])
def test_a_strict_xfail_that_passes_has_failed(rig: Rig, key: str) -> None:
    rig.add("a.json", scenario("one", xfail="known"))
    assert rig("scenario", "run", ".").returncode == 0
    (rig.root / "pytest.ini").write_text(f"[pytest]\n{key} = true\n", encoding="utf-8")
    assert rig("scenario", "run", ".", "--evidence", "by-rig").returncode == 1
    assert rig("evidence", "verify", "by-rig").returncode == 0


def test_stop_at_the_first_failed_step(rig: Rig) -> None:
    rig.add("a.json", failing())
    (one,) = rig.json("scenario", "run", ".", "--on-failure", "stop")["scenarios"]
    assert [step["verdict"] for step in one["steps"]] == ["passed", "failed", "skipped"]
    (rig.root / "pytest.ini").write_text("[pytest]\nfluxscenario_on_failure = stop\n", encoding="utf-8")
    assert rig.json("scenario", "run", ".")["scenarios"][0]["steps"][2]["verdict"] == "skipped"
    assert (
        rig.json("scenario", "run", ".", "--on-failure", "continue")["scenarios"][0]["steps"][2]["verdict"] == "passed"
    )


def test_a_pack_that_changed_without_a_version_is_a_warning_or_a_failure(rig: Rig) -> None:
    rig.add("a.json", scenario())
    assert rig("profile", "import", "packs/small", "--store", "store").returncode == 0
    write_pack(rig.root / "packs" / "small", reason="It says something else.")
    answer = rig("scenario", "run", ".")
    assert answer.returncode == 0
    assert answer.stderr.startswith("warning: packs/small/process.manifest.yaml:3:")
    strict = rig("scenario", "run", ".", "--strict")
    assert strict.returncode == 1
    assert "its version is still 1.0.0" in strict.stderr


def test_the_store_is_found_named_or_in_the_environment(rig: Rig, tmp_path: Path) -> None:
    away = tmp_path / "away"
    assert rig("profile", "import", "packs/small", "--store", away).returncode == 0
    path = write(rig.root / "lone.scenario.json", scenario(profile="small:v1.0.0"))
    (rig.root / "packs" / "small" / "process.manifest.yaml").unlink()
    missing = rig("scenario", "run", path)
    assert missing.returncode == 1
    assert re.match(r"lone\.scenario\.json:[0-9]+:[0-9]+: ", missing.stderr)
    assert rig("scenario", "run", path, "--store", away).returncode == 0
    assert rig("scenario", "run", path, env={"FLUXRIG_STORE": str(away)}).returncode == 0
    (rig.root / "pytest.ini").write_text(f"[pytest]\nfluxscenario_store = {away}\n", encoding="utf-8")
    assert rig("scenario", "run", path).returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "[pytest",
        "[pytest]\nfluxscenario_on_failure = explode\n",
        "[pytest]\nxfail_strict = perhaps\n",
        "[pytest]\nfluxscenario_files = 'a\n",
        "[pytest]\nfluxscenario_limits = depth=0\n",
        "[pytest]\nfluxscenario_redact = (\n",
        "\xff",
    ],
)
def test_an_ini_file_that_cannot_be_used_is_told(rig: Rig, text: str) -> None:
    rig.add("a.json", scenario())
    (rig.root / "pytest.ini").write_bytes(text.encode("latin-1"))
    answer = rig("scenario", "run", ".")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert len(answer.stderr.splitlines()) == 1


# ---- broken files --------------------------------------------------------------------------------


def test_broken_files_are_told_with_their_places_and_the_others_run(rig: Rig) -> None:
    rig.add("a.json", scenario())
    (rig.root / "packs" / "small" / "scenarios" / "bad.json").write_text('{"id": "x",\n "id": "y"}', encoding="utf-8")
    (rig.root / "packs" / "small" / "scenarios" / "worse.yaml").write_text("a: &b [*b]", encoding="utf-8")
    answer = rig("scenario", "run", ".")
    assert answer.returncode == 1
    assert "1 passed" in answer.stdout
    told = answer.stderr.splitlines()
    assert told[0].startswith("packs/small/scenarios/bad.json:2:2: ")
    assert any(line.startswith("packs/small/scenarios/worse.yaml:1:4: ") for line in told)
    document = rig.json("scenario", "run", ".")
    assert document["verdict"] == "failed"
    assert document["counts"]["passed"] == 1
    assert {problem["file"].rpartition("/")[2] for problem in document["problems"]} == {"bad.json", "worse.yaml"}


def test_evidence_of_an_earlier_run_does_not_outlive_files_that_broke(rig: Rig) -> None:
    path = rig.add("a.json", scenario())
    assert rig("scenario", "run", ".").returncode == 0
    path.write_text("{", encoding="utf-8")
    answer = rig("scenario", "run", ".")
    assert answer.returncode == 1
    assert "evidence failed, 0 records in " in answer.stdout
    manifest, records = rig.evidence()
    assert (manifest["verdict"], [error["file"] for error in manifest["errors"]], records) == (
        "failed",
        ["packs/small/scenarios/a.json"],
        [],
    )
    assert rig("evidence", "verify", ".fluxscenario/evidence").returncode == 0


def test_json_is_one_document_and_tells_everything(rig: Rig) -> None:
    _mixed(rig)
    answer = rig("scenario", "run", ".", "--json", "-v")
    assert answer.stderr == ""
    document = json.loads(answer.stdout)
    by_name = {one["id"].partition("::")[2]: one for one in document["scenarios"]}
    assert {name: one["outcome"] for name, one in by_name.items()} == {
        "asks": "passed",
        "differs": "failed",
        "hooked": "error",
        "left_out": "skipped",
        "expected": "xfailed",
        "rows[0]": "passed",
        "rows[1]": "passed",
        "unexpected": "passed",
        "yaml": "failed",
    }
    text = (rig.root / "packs" / "small" / "scenarios" / "a.json").read_text(encoding="utf-8")
    assert text.splitlines()[by_name["differs"]["failures"][0]["line"]].strip() == '"name": "wrong",'
    assert by_name["differs"]["ref"].startswith("sha256:")
    assert document["evidence"]["root"] == rig.evidence()[0]["root"]
    assert document["evidence"]["verdict"] == "failed"


def test_a_conftest_of_a_neighbour_says_nothing(rig: Rig) -> None:
    rig.add("a.json", scenario())
    (rig.root / "other").mkdir()
    (rig.root / "other" / "conftest.py").write_text("def fluxscenario_control(): ...\n", encoding="utf-8")
    assert rig("scenario", "run", "packs").stderr == ""


def test_steps_are_shown_when_asked_for(rig: Rig) -> None:
    rig.add("a.json", failing())
    out = rig("scenario", "run", ".", "-v").stdout
    assert "failed   packs/small/scenarios/a.json::bad\n    passed   1 first\n    failed   2 wrong\n" in out
