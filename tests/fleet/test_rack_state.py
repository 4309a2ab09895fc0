"""What a rack keeps is one rack's at a time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_fluxscenario.fleet.rack.state import alone_in
from tests.fleet.conftest import Connecting
from tests.fleet.desk import cases_of, open_desk, until
from tests.fleet.test_rack import _racked

_PROGRAM = "import sys\nfrom pytest_fluxscenario.fleet.rack.state import alone_in\nwith alone_in(sys.argv[1]): pass"


def _other(folder: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", _PROGRAM, folder], capture_output=True, text=True, check=False)


def test_two_racks_do_not_work_with_one_folder(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    with alone_in(folder):
        said = _other(folder).stderr
        assert f"{folder}: another rack works with this folder (stop it, or name another folder as 'data')" in said
    assert _other(folder).returncode == 0


@pytest.mark.parametrize("connecting", ["memory"], indirect=True)
def test_content_that_was_not_used_for_long_goes_and_is_asked_for_again(connecting: Connecting, tmp_path: Path) -> None:
    blobs = tmp_path / "rack/content/blobs"

    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            first, second = cases_of(tmp_path / "work", desk, 2)
            async with _racked(connecting, tmp_path, content_days=1.0) as started:
                await desk.hand_out("run-of-one", first)
                await desk.collect(1)
                there = list(blobs.glob("*/*"))
                assert there
                for path in there:
                    os.utime(path, (0, 0))
                started.rack.work.room.looked = -1e9
                await until(lambda: not any(path.exists() for path in there))
                asked = len(desk.fetched)
                # The pack is the same one: it has to be brought anew.
                await desk.hand_out("run-of-one", second)
                await desk.collect(2)
                assert len(desk.fetched) > asked
                assert first.pack.hash in desk.fetched[asked:]
                assert {said[0].outcome for said in desk.evidence.values()} == {"ran"}
                # What was just used stays.
                started.rack.work.room.looked = -1e9
                await until(lambda: started.rack.work.room.looked > 0)
                assert {path.name for path in blobs.glob("*/*")} >= {first.pack.hash}

    asyncio.run(main())
