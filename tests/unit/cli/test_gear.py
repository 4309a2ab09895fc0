"""``fluxrig gear``: what its options take."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.cli.main import main


@pytest.mark.parametrize("given", ["inf", "1e300", "99999999999", "0", "-1", "nan", "soon"])
def test_an_answer_takes_so_many_seconds_and_nothing_else(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as usage:
        main(["gear", "check", "module:function", f"--timeout={given}"])
    assert usage.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    said_first = "fluxrig gear check: argument --timeout: seconds, more than 0 and at most 86400, are needed"
    assert said == f"{said_first}, not '{given}'"
