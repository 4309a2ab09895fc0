"""The disk of the Mixer's NATS server is full in the middle of a run, and has room again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_fluxscenario.cli.main import main
from tests.fakes.fleet_processes import fleet_of
from tests.fakes.packs import needs_hook, scenario, write, write_hook, write_pack
from tests.fakes.waiting import until

_COUNT = 150


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MiB, where the server keeps its streams."""
    folder = tmp_path / "data" / "nats" / "jetstream"
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    with suppress(FileNotFoundError):
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            yield folder
            subprocess.run(["umount", "-l", str(folder)], check=True)
            return
    pytest.skip("a file system may not be mounted here")


def _fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(4096)) == 4096:
            pass


@pytest.mark.slow
def test_a_run_goes_on_when_there_is_room_again(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pack = write_hook(write_pack(tmp_path / "pack"))
    made = [(needs_hook if number % 3 else scenario)(f"s{number:03}") for number in range(_COUNT)]
    write(pack / "scenarios" / "all.json", *made)
    assert main(["profile", "import", "pack", "--store", "store"]) == 0
    with fleet_of(tmp_path, "one", "two", snake={"queue_bytes": 8 << 20}) as fleet:
        run = fleet.client.submit_ref("small:latest").run
        until(lambda: fleet.done(run) >= 5)
        _fill(small_disk / "filler")
        until(lambda: "no space left" in (tmp_path / "data/nats/nats.log").read_text(errors="replace"))
        # Whoever asks is answered meanwhile.
        assert fleet.client.run(run).state == "running"
        time.sleep(1)
        (small_disk / "filler").unlink()
        until(lambda: fleet.ask(lambda: fleet.client.run(run)).state == "finished")
        info = fleet.client.run(run)
        assert (info.done, info.verdicts) == (_COUNT, {"passed": _COUNT})
