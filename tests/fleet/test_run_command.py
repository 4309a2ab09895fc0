"""``fluxrig run``: from a ref to an exit status, and what a Mixer's runs tell a shell."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.cli.fleet.run_evidence import unpack
from pytest_fluxscenario.cli.fleet.run_follow import status
from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.model.evidence import RunVerdict
from pytest_fluxscenario.remote.api import RunInfo
from tests.fakes.fleet import TOKEN, RunningMixer, running_mixer
from tests.fakes.packs import failing, scenario, write, write_pack

_Capture = pytest.CaptureFixture[str]


@pytest.fixture
def mixer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningMixer]:
    """With a good pack, and one with a failure, in its store."""
    monkeypatch.chdir(tmp_path)
    for name, documents in {"good": [scenario("a")], "bad": [scenario("a"), failing("b")]}.items():
        write_pack(tmp_path / name)
        write(tmp_path / name / "scenarios/all.json", *documents)
        assert main(["profile", "import", name, "--store", "store", "--name", name, "--tag", "v1.0.0"]) == 0
    with running_mixer(tmp_path) as running:
        monkeypatch.setenv("FLUXRIG_API_URL", running.url)
        monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
        yield running


def test_a_ref_is_run_to_its_end_and_the_exit_status_says_how_it_went(mixer: RunningMixer, capsys: _Capture) -> None:
    mixer.start("one")
    capsys.readouterr()
    assert main(["run", "start", "good:latest", "--evidence", "evidence"]) == 0
    said = capsys.readouterr()
    evidence, run, last = said.out.splitlines()
    assert evidence.startswith("evidence passed, 1 record in evidence (root sha256:")
    assert run.endswith(" of good:v1.0.0 on one (1)")
    assert last == "1 passed"
    assert said.err.endswith(" of good:v1.0.0: 1 scenario\n")
    assert main(["evidence", "verify", "evidence"]) == 0
    capsys.readouterr()
    # Without a ref, what was run last.
    assert main(["run", "start", "bad:v1.0.0"]) == 1
    first, _, last = capsys.readouterr().out.splitlines()
    assert first.startswith("FAILED bad:v1.0.0::scenarios/all.json::b - step 2 'wrong': status: ")
    assert last == "1 failed, 1 passed"
    assert main(["run", "start", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["source"], document["verdict"], document["state"]) == ("bad:v1.0.0", "failed", "finished")
    assert [failure["outcome"] for failure in document["failures"]] == ["failed"]


def test_runs_are_listed_shown_cancelled_and_waited_for(mixer: RunningMixer, capsys: _Capture) -> None:
    assert main(["run", "list"]) == 0
    assert capsys.readouterr().err == "nothing has been run yet (run something: fluxrig run start REF)\n"
    assert main(["run", "start", "bad:latest", "--no-wait", "--key", "nightly"]) == 0
    run = capsys.readouterr().out.strip()
    assert main(["run", "start", "bad:latest", "--no-wait", "--key", "nightly"]) == 0
    assert capsys.readouterr().out.strip() == run
    assert main(["run", "show", run]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "running: 2 in all"
    assert main(["run", "cancel", run]) == 0
    assert capsys.readouterr().out == f"{run}: cancelled\n"
    assert main(["run", "wait", run]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "cancelled: 2 not run"
    mixer.start()
    assert main(["run", "start", "good:latest", "--no-wait", "--json"]) == 0
    other = json.loads(capsys.readouterr().out)["run"]
    assert main(["run", "wait", other]) == 0
    told = capsys.readouterr().out
    # Of one that has ended the same is shown, whoever waited for it.
    assert main(["run", "show", other]) == 0
    assert capsys.readouterr().out == told
    # The verdict of a run that was begun long ago is not shown as if it had just been found.
    assert main(["run", "start", "bad:latest", "--key", "nightly"]) == 1
    said = capsys.readouterr().err.splitlines()[0]
    assert said.startswith("the run of the key 'nightly' was begun at 20")
    assert said.endswith(" and has ended: nothing runs now (another key runs it again)")
    assert main(["run", "list"]) == 0
    head, newest, oldest = capsys.readouterr().out.splitlines()
    assert head.split() == ["RUN", "STATE", "DONE", "BEGUN", "SOURCE", "VERDICTS"]
    assert newest.startswith(f"{other}  finished   1/1")
    assert oldest.startswith(f"{run}  cancelled  0/2")
    assert main(["run", "list", "--json"]) == 0
    assert [info["verdict"] for info in json.loads(capsys.readouterr().out)["runs"]] == ["passed", "incomplete"]
    assert main(["run", "evidence", run, "fetched"]) == 0
    assert capsys.readouterr().out.startswith("evidence incomplete, 0 records in fetched")


@pytest.mark.parametrize(
    ("verdicts", "verdict", "exits"),
    [
        ({"passed": 1}, "passed", 0),
        ({"skipped": 1}, "incomplete", 0),
        # So a session of pytest ends, too.
        ({"xfailed": 1, "skipped": 1}, "incomplete", 0),
        ({"xfailed": 1, "missing": 1}, "incomplete", 1),
        ({"passed": 1, "failed": 1}, "failed", 1),
    ],
)
def test_the_exit_status_of_a_run_that_has_ended(verdicts: dict[str, int], verdict: RunVerdict, exits: int) -> None:
    total = sum(verdicts.values())
    info = RunInfo("run", "finished", "s", "default", "", total, total, verdicts, verdict=verdict)
    assert status(info) == exits
    assert status(msgspec.structs.replace(info, state="cancelled")) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nobody-knows-it"), "there is no run nobody-knows-it"),
        (("start", "goood:latest"), "the store has no scenario and no profile 'goood' (did you mean 'good'?)"),
        (("start", "good:latest", "--pool", "other"), "there is no pool 'other' (known: default)"),
        (("start",), "no scenario was named, and none was run before"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_line(
    mixer: RunningMixer, capsys: _Capture, arguments: tuple[str, ...], said: str
) -> None:
    assert mixer.url
    assert main(["run", *arguments]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(mixer.url)
    assert said in error


def test_without_a_rack_it_ends_after_its_patience_and_drops_the_run(mixer: RunningMixer, capsys: _Capture) -> None:
    capsys.readouterr()
    assert main(["run", "start", "good:latest", "--patience", "0.3"]) == 2
    begun, dropped, error = capsys.readouterr().err.splitlines()
    run = begun.split()[1]
    assert dropped == f"what of the run {run} had not begun was dropped"
    assert "no rack was active for 0.3 seconds" in error
    assert mixer.client().run(run).state == "cancelled"
    assert main(["run", "start", "good:latest", "--patience", "0.3", "--json"]) == 2
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit) as usage:
        main(["run", "start", "--patience", "soon"])
    assert usage.value.code == 2
    assert (
        "argument --patience: seconds, 0.1 or more and at most 86400, are needed, not 'soon'" in capsys.readouterr().err
    )


def test_ctrl_c_drops_what_has_not_begun(mixer: RunningMixer) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "pytest_fluxscenario.cli.main", "run", "start", "good:latest"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    client = mixer.client()
    assert started.stderr is not None
    # From this line on whoever ends it drops the run.
    assert started.stderr.readline().startswith("run ")
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    assert said.splitlines()[-2:] == [
        f"what of the run {client.runs()[0].run} had not begun was dropped",
        "interrupted",
    ]
    assert client.runs()[0].state == "cancelled"


def _archive(**files: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), text)
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 not really",
        _archive(manifest_json="{}"),
        _archive(manifest_json="{}", records_jsonl="", evil__x="x"),
        _archive(manifest_json="{}", records_jsonl="x" * 100)[:-30],
        _archive(manifest_json="{}", records_jsonl="x" * 100).replace(b"x" * 100, b"y" * 100),
    ],
)
def test_what_is_no_evidence_is_not_unpacked(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FluxError, match="what came is no evidence of a run") as refused:
        unpack(data, str(tmp_path / "out"), "http://mixer")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out/manifest.json").exists()
    assert not (tmp_path / "evil").exists()
