"""``fluxrig gear``: what its options take."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import write_pack


@pytest.mark.parametrize("given", ["inf", "1e300", "99999999999", "0", "-1", "nan", "soon"])
def test_an_answer_takes_so_many_seconds_and_nothing_else(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as usage:
        main(["gear", "check", "module:function", f"--timeout={given}"])
    assert usage.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    said_first = "fluxrig gear check: argument --timeout: seconds, more than 0 and at most 86400, are needed"
    assert said == f"{said_first}, not '{given}'"


def test_a_gear_of_another_pack_is_one_thing_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = write_pack(tmp_path / "small")
    served = f"stdio:{sys.executable} -P -m pytest_fluxscenario.cli.main gear serve {pack}"
    before = sys.path.copy()
    assert main(["gear", "check", served]) == 1
    # Where the command was started is looked through for its time alone.
    assert sys.path == before
    first, between, last = capsys.readouterr().out.splitlines()
    assert first.startswith("no rule could be looked at: the gear stdio:")
    assert "serves small 1.0.0 (" in first
    assert first.endswith(
        "(if it serves another pack: --pack names that one, and {pack} in a command is the folder of this one)"
    )
    assert between == ""
    assert last.startswith("0 of 53 scenarios hold on ")
