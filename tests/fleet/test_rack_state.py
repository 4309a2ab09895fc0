"""What a rack keeps is one rack's at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pytest_fluxscenario.fleet.rack_state import alone_in

_PROGRAM = "import sys\nfrom pytest_fluxscenario.fleet.rack_state import alone_in\nwith alone_in(sys.argv[1]): pass"


def _other(folder: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _PROGRAM, folder], capture_output=True, text=True, check=False)


def test_two_racks_do_not_work_with_one_folder(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    with alone_in(folder):
        said = _other(folder).stderr
        assert f"{folder}: another rack works with this folder (stop it, or name another folder as 'data')" in said
    assert _other(folder).returncode == 0
