"""``fluxrig scenario diff``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.model.flips import Flips
from pytest_fluxscenario.model.schema import schema_of
from tests.fakes.hooks import answering
from tests.fakes.packs import failing, needs_hook, scenario, step, write, write_hook
from tests.unit.analysis.flipping import GATE, Versions

_ASKS = step("ask", payload={}, expect={"status": "nok", "route": "AskUser"})
_LINE = "scenarios/a.json:19: loosened asks step 1 'ask': nok AskUser (gate what_required) -> ok Continue"


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Versions:
    """Two packs, of which ``new`` has lost its gate, and one scenario that notices."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLUXRIG_STORE", raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    made = Versions(tmp_path)
    made.change(GATE, "")
    write(tmp_path / "scenarios" / "a.json", scenario("begins"), scenario("asks", _ASKS))
    return made


def told(capsys: pytest.CaptureFixture[str], *args: str, exits: int) -> tuple[list[str], str]:
    capsys.readouterr()
    assert main(["scenario", "diff", *args]) == exits
    said = capsys.readouterr()
    return said.out.splitlines(), said.err


def test_what_is_allowed_now_is_told_first_with_its_line(
    versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, err = told(capsys, "old", "new", "scenarios", exits=1)
    text = (versions.root / "scenarios" / "a.json").read_text(encoding="utf-8").splitlines()
    line = next(number for number, one in enumerate(text, 1) if '"ask"' in one) - 1
    assert lines[0] == _LINE.replace(":19:", f":{line}:")
    assert lines[1] == "    with it: gate_type, reason, instruction, next_allowed_actions, created_artifacts"
    assert lines[2] == "scenarios/a.json:24: verdict asks: passed -> failed"
    assert [one.partition(" (sha256:")[0] for one in lines[3:5]] == ["OLD is small 1.0.0", "NEW is small 1.0.0"]
    assert lines[5:] == [
        "2 scenarios on both, whatever version they name; 1 differs (steps: 1 loosened); 1 no longer pass"
    ]
    assert err == ""


def test_the_reverse_is_tightened(versions: Versions, capsys: pytest.CaptureFixture[str]) -> None:
    lines, _ = told(capsys, "new", "old", "scenarios/a.json::asks", exits=1)
    assert "tightened asks step 1 'ask': ok Continue -> nok AskUser (gate what_required)" in lines[0]
    assert lines[-1].startswith("1 scenario on both")
    assert lines[-1].endswith("1 now pass")


def test_loosened_comes_before_tightened_before_what_else_changed(
    versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    versions.change("    reason: Nothing was begun.", "    reason: Nothing is there.")
    unready = step("end", "work.finish", expect={"status": "nok", "route": "InstructAgent"})
    write(versions.root / "scenarios" / "0.json", scenario("reworded", unready))
    write_hook(versions.root / "old")
    write_hook(versions.root / "new", answering("{'risky': True}"))
    write(versions.root / "scenarios" / "1.json", needs_hook())
    lines, _ = told(capsys, "old", "new", "scenarios", exits=1)
    words = [line.split(": ")[1].split(" ")[0] for line in lines if ": " in line and line.startswith("scenarios/")]
    assert words == sorted(words, key=["loosened", "tightened", "changed", "verdict"].index)
    assert set(words) == {"loosened", "tightened", "changed", "verdict"}
    assert '    reason: "Nothing was begun." -> "Nothing is there."' in lines


def test_nothing_differs_from_itself(versions: Versions, capsys: pytest.CaptureFixture[str]) -> None:
    lines, _ = told(capsys, "old", "old/process.manifest.yaml", "scenarios", exits=0)
    assert lines[-2:] == [
        "they are the same in all that decides",
        "2 scenarios on both, whatever version they name; nothing differs",
    ]


def test_every_way_to_name_a_version(versions: Versions, capsys: pytest.CaptureFixture[str]) -> None:
    for side, tag in (("old", "v1.0.0"), ("new", "v2.0.0")):
        assert main(["profile", "import", side, "--name", "small", "--tag", tag]) == 0
        assert main(["pack", "build", side, "-o", f"{side}.fstpack"]) == 0
    digest = capsys.readouterr().out.split("sha256:")[1].split()[0]
    for old in ("old", "./old", "old/profile.yaml", "old.fstpack", "small:v1.0.0", f"sha256:{digest[:12]}"):
        lines, _ = told(capsys, old, "new", "scenarios", exits=1)
        assert "loosened asks" in lines[0]
        assert "loosened" not in "".join(told(capsys, old, "old", "scenarios", exits=0)[0])
    for new in ("new", "new.fstpack", "small:latest"):
        assert "loosened asks" in told(capsys, "small:v1.0.0", new, "scenarios", exits=1)[0][0]


def test_without_a_path_the_scenarios_of_the_packs_run(versions: Versions, capsys: pytest.CaptureFixture[str]) -> None:
    write(versions.root / "old" / "scenarios" / "b.json", scenario("asks", _ASKS))
    for side in ("old", "new"):
        assert main(["profile", "import", side, "--tag", "v1.0.0" if side == "old" else "v2.0.0"]) == 0
    for old, new in (("old", "new"), ("small:v1.0.0", "small:v2.0.0"), ("old", "small:latest")):
        lines, _ = told(capsys, old, new, exits=1)
        assert "loosened asks step 1 'ask'" in lines[0]
        assert lines[0].partition("/scenarios/b.json:")[0] == ("old" if old == "old" else "store/small/v1.0.0")


def test_stored_scenarios_and_archives_run_too(versions: Versions, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "import", "scenarios/a.json", "--name", "mine"]) == 0
    write(versions.root / "old" / "scenarios" / "b.json", scenario("asks", _ASKS))
    assert main(["pack", "build", "old"]) == 0
    assert "loosened asks" in told(capsys, "old", "new", "mine:latest", exits=1)[0][0]
    assert told(capsys, "old", "new", "mine:latest::begins", exits=0)[0][-1].startswith("1 scenario on both")
    assert "small-1.0.0.fstpack::scenarios/b.json:" in told(capsys, "old", "new", "small-1.0.0.fstpack", exits=1)[0][0]


def test_refs_of_stored_scenarios_are_compared_as_documents(
    versions: Versions, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scenario", "import", "scenarios/a.json", "--name", "mine"]) == 0
    write(versions.root / "scenarios" / "a.json", scenario("begins", step("first")), scenario("asks", _ASKS))
    assert main(["scenario", "import", "scenarios/a.json", "--name", "mine"]) == 0
    lines, _ = told(capsys, "mine:v0.1.0", "mine:latest", exits=1)
    assert lines[:2] == ["--- mine:v0.1.0", "+++ mine:v0.2.0"]
    assert told(capsys, "mine:latest", "mine:v0.2.0", exits=0)[0] == ["identical"]
    assert (
        "mine:latest is stored scenarios and new is a process (compare two of a kind)"
        in told(capsys, "mine:latest", "new", exits=2)[1]
    )


def test_the_document_holds_against_its_schema(versions: Versions, capsys: pytest.CaptureFixture[str]) -> None:
    write(versions.root / "scenarios" / "b.json", scenario("other", profile_id="large"), failing("bad", skip="no"))
    lines, err = told(capsys, "old", "new", "scenarios", "--json", exits=1)
    document: dict[str, Any] = json.loads("\n".join(lines))
    jsonschema.Draft202012Validator(schema_of(Flips)).validate(document)
    flip = document["scenarios"][0]["steps"][0]
    assert (flip["direction"], flip["old"]["gate"], flip["new"]) == (
        "loosened",
        "what_required",
        {"status": "ok", "route": "Continue"},
    )
    assert {"field": "gate_id", "old": "what_required"} in flip["fields"]
    assert [one["why"] for one in document["left_out"]] == ["is for the process 'large'", "is marked skip: no"]
    assert err == ""


def test_what_is_left_out_is_told(versions: Versions, capsys: pytest.CaptureFixture[str]) -> None:
    write(versions.root / "scenarios" / "b.json", scenario("other", profile_id="large"))
    lines, err = told(capsys, "old", "new", "scenarios", exits=1)
    assert err == "scenarios/b.json:1: left out: other is for the process 'large'\n"
    assert lines[-1].endswith("; 1 left out")
    assert (
        "nothing to run: 1 scenario left out (the first, scenarios/b.json::other, is for the process 'large')"
        in (told(capsys, "old", "new", "scenarios/b.json", exits=2)[1])
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("old", "gone", "scenarios"), "gone: there is no such folder or archive"),
        (("old", "small:v9.0.0", "scenarios"), "there is no store to look a ref up in"),
        (("old", "new", "nowhere"), "nowhere: there is no such file or folder"),
        (("old", "new", "scenarios/a.json::gone"), "has no scenario 'gone'"),
        (("old", "new"), "nothing to run (name a folder of scenarios)"),
        (("old", "scenarios/a.json", "scenarios"), "scenarios/a.json:"),
        (("old", "new", "broken.scenario.json", "scenarios"), "broken.scenario.json:1:1: "),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    versions: Versions, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], said: str
) -> None:
    (versions.root / "broken.scenario.json").write_text('{"id": "a"}', encoding="utf-8")
    lines, err = told(capsys, *args, exits=2)
    assert said in err
    assert "Traceback" not in err
    assert lines == []


def test_a_damaged_store_is_damage(versions: Versions, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", "import", "old"]) == 0
    files = (path for path in (versions.root / "store" / "blobs").rglob("*") if path.is_file())
    blob = next(path for path in files if b"what_required" in path.read_bytes())
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes().replace(b"what_required", b"what_requires"))
    assert "bytes of the blob have another hash" in told(capsys, "small:latest", "new", "scenarios", exits=3)[1]


def test_what_this_machine_lacks_is_no_answer_that_nothing_differs(
    versions: Versions, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for side in ("old", "new"):
        write_hook(versions.root / side, kind="js_ts_stdio", command=["node", "logic/main.js"])
        (versions.root / side / "logic" / "main.js").write_text("process.exit(1)\n", encoding="utf-8")
    write(versions.root / "scenarios" / "b.json", needs_hook("hooked"))
    monkeypatch.setenv("PATH", str(versions.root / "nothing"))
    lines, err = told(capsys, "old", "new", "scenarios/a.json::begins", "scenarios/b.json", exits=2)
    assert "left out: hooked" in err
    assert lines[-1] == "1 scenario on both, whatever version they name; nothing differs in what could run; 1 left out"


def test_what_the_project_keeps_secret_is_never_shown(versions: Versions, capsys: pytest.CaptureFixture[str]) -> None:
    (versions.root / "pytest.ini").write_text("[pytest]\nfluxscenario_redact = hunter\\d\n", encoding="utf-8")
    versions.change("    reason: Nothing was begun.", "    reason: The word is hunter2.")
    unready = step("end", "work.finish", expect={"status": "nok", "route": "InstructAgent"})
    write(versions.root / "scenarios" / "a.json", scenario("hunter3", unready))
    for more in ((), ("--json",), ("-v",)):
        lines, err = told(capsys, "old", "new", "scenarios", *more, exits=1)
        assert "The word is [redacted]." in "".join(lines)
        assert "hunter" not in "".join(lines) + err
