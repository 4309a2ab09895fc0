"""A hunt that is cut off: by a kill, by Ctrl-C, by a full disk, by another; nothing is lost, and no score is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pytest_fluxscenario
from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import scenario, step, write, write_hook, write_pack
from tests.fakes.waiting import PATIENCE, until

_HOME = Path(pytest_fluxscenario.__file__).parent.parent
#: The command, which holds in its middle until somebody ends it: after so many lines of its journal, or each worker
#: after so many mutants.
_HELD = """
import os, sys, time
from pytest_fluxscenario.analysis.mutation.hunt import Hunt
from pytest_fluxscenario.base import log
from pytest_fluxscenario.cli.main import main

where, number, own = sys.argv.pop(1), int(sys.argv.pop(1)), os.getpid()

def held(real, mine):
    done = []
    def call(*given):
        result = real(*given)
        done.append(mine())
        if sum(done) >= number:
            time.sleep(600)
        return result
    return call

if where == "journal":
    log.write_all = held(log.write_all, lambda: True)
else:
    Hunt.try_one = held(Hunt.try_one, lambda: os.getpid() != own)
sys.exit(main())
"""


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack with mutants enough to be cut off in the middle of them."""
    pack = write_pack(tmp_path / "pack")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    write(pack / "scenarios" / "begins.json", scenario("begins"))
    asks = {"status": "nok", "route": "AskUser"}
    write(pack / "scenarios" / "then_asks.json", scenario("asks", step(payload={"what": ""}, expect=asks)))
    monkeypatch.chdir(tmp_path)
    return pack


def _journal(folder: Path) -> Path | None:
    found = list((folder / ".fluxscenario" / "mutants").glob("*.jsonl"))
    return found[0] if found else None


def _begin(folder: Path, *more: str, held: tuple[str, int] = ("journal", 5)) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(_HOME)}
    command = [sys.executable, "-P", "-c", _HELD, held[0], str(held[1]), "mutate", "pack", *more]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _wait_for(folder: Path, lines: int) -> None:
    """Until so many verdicts are in the journal."""
    until(lambda: (journal := _journal(folder)) is not None and journal.read_bytes().count(b"\n") > lines)


def _report(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capsys.readouterr()
    main(["mutate", "pack", "--json", *more])
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_what_was_found_before_is_not_sought_again(
    pack: Path, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = pack.parent
    # A journal is written as verdicts come.
    hunting = _begin(folder)
    _stop_after_first(folder, hunting, number)
    journal = _journal(folder)
    assert journal is not None
    kept = [json.loads(line)["id"] for line in journal.read_text(encoding="utf-8").splitlines()[1:]]
    assert len(kept) == 4
    # A verdict that no hunt gives shows that it was not sought again.
    journal.write_text(journal.read_text(encoding="utf-8").replace('"by":"', '"by":"kept:', 1), encoding="utf-8")
    said = _report(capsys)
    assert sum(mutant["by"].startswith("kept:") for mutant in said["mutants"]) == 1
    assert _journal(folder) is None
    whole = _report(capsys)
    assert [mutant["fate"] for mutant in whole["mutants"]] == [mutant["fate"] for mutant in said["mutants"]]
    assert whole["score"] == said["score"]


def _stop_after_first(folder: Path, hunting: subprocess.Popen[str], number: signal.Signals) -> None:
    _wait_for(folder, 3)
    hunting.send_signal(number)
    out, err = hunting.communicate(timeout=PATIENCE)
    assert "Traceback" not in err
    assert out == ""
    if number == signal.SIGINT:
        assert hunting.returncode == 130
        assert err.strip().endswith("interrupted")


def test_two_hunts_at_once_do_not_mix(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hunting = _begin(pack.parent)
    _wait_for(pack.parent, 1)
    hunting.send_signal(signal.SIGSTOP)
    capsys.readouterr()
    assert main(["mutate", "pack"]) == 2
    told = capsys.readouterr().err
    assert "another session is writing to it" in told
    hunting.kill()
    hunting.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("junk", [b"", b"\x00\xff\n", b'{"key": "other"}\n{"id": "gate-dropped:what_required"}\n'])
def test_a_damaged_journal_is_no_journal(pack: Path, junk: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    whole = _report(capsys)
    hunting = _begin(pack.parent)
    _stop_after_first(pack.parent, hunting, signal.SIGKILL)
    journal = _journal(pack.parent)
    assert journal is not None
    journal.write_bytes(junk)
    assert _report(capsys) == whole


def test_a_disk_that_is_full_is_told(
    pack: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pytest_fluxscenario.base import log

    def full(descriptor: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log, "write_all", full)
    assert main(["mutate", "pack"]) == 2
    told = capsys.readouterr()
    assert "No space left on device" in told.err
    assert ".fluxscenario/mutants/" in told.err
    assert "noticed" not in told.out


def test_a_worker_that_is_killed_is_told(pack: Path) -> None:
    hunting = _begin(pack.parent, "--workers", "2", held=("worker", 2))
    _wait_for(pack.parent, 1)
    children = Path(f"/proc/{hunting.pid}/task/{hunting.pid}/children").read_text(encoding="ascii").split()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    out, err = hunting.communicate(timeout=PATIENCE)
    assert hunting.returncode == 2
    assert "a worker process ended before its work was done" in err
    assert "Traceback" not in err
    assert out == ""
    assert _journal(pack.parent) is not None


def test_a_hook_that_hangs_on_a_mutant_is_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only where the gate before it is gone does the hook get what it hangs on."""
    asked = tmp_path / "asked"
    logic = f"import time\nopen({str(asked)!r}, 'a').write('x')\ntime.sleep(600)\n"
    pack = write_hook(write_pack(tmp_path / "pack"), logic, timeout_ms=1_000)
    failed = {"status": "nok", "route": "InstructAgent", "gate_id": "check_needs_facts"}
    write(pack / "scenarios" / "one.json", scenario("one", step("check", "work.check", expect=failed)))
    assert main(["mutate", str(pack), "--workers", "1", "--fail-under", "0"]) == 0
    # The same call is made once, and not for each mutant that leads to it. A machine that has much to do may end it
    # before it begins.
    assert not asked.exists() or asked.read_text(encoding="utf-8") == "x"
    assert "Traceback" not in capsys.readouterr().err
