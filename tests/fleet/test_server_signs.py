"""How it is seen that a server's disk was full, and has room again."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_fluxscenario.fleet.snake.server_signs import Disk, last_words


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the disk has left is the last of these."""
    left = [1 << 30]
    monkeypatch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_bavail=left[-1] // 4096, f_frsize=4096))
    return left


def _disk(folder: Path, said: str = "") -> Disk:
    (folder / "nats.log").write_text(said)
    return Disk(str(folder), str(folder / "nats.log"))


def test_a_disk_that_was_seen_full_is_over_once_when_it_has_room(tmp_path: Path, room: list[int]) -> None:
    disk = _disk(tmp_path)
    assert (disk.is_full(), disk.is_over(7)) == (False, False)
    room.append(4096)
    assert (disk.is_full(), disk.is_over(7)) == (True, False)
    room.append(1 << 20)
    # Some room is not yet enough.
    assert (disk.is_full(), disk.is_over(7)) == (False, False)
    room.append(16 << 20)
    assert (disk.is_full(), disk.is_over(7), disk.is_over(7)) == (False, True, False)


@pytest.mark.parametrize("why", ["no space left on device", "disk quota exceeded"])
def test_what_the_server_has_said_counts_where_the_disk_was_not_seen_full(
    tmp_path: Path, room: list[int], why: str
) -> None:
    line = f"[7] 2026/01/01 00:00:00.000000 [ERR] Filestore [flux-work] Critical write error: write 1.blk: {why}\n"
    disk = _disk(tmp_path, line)
    room.append(4 << 20)
    assert not disk.is_over(7)
    room.append(1 << 30)
    assert not _disk(tmp_path, line).is_over(8), "of the server before"
    assert (disk.is_over(7), disk.is_over(7)) == (True, False)


def test_a_disk_that_cannot_be_asked_is_no_reason_to_start_a_server_anew(tmp_path: Path) -> None:
    disk = Disk(str(tmp_path / "gone"), str(tmp_path / "gone.log"))
    assert (disk.is_full(), disk.is_over(7)) == (False, False)


def test_its_last_words_are_those_that_say_what_is_wrong(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    assert last_words(str(log), "nats-server") == ""
    log.write_text("[7] [INF] Starting\n[7] [FTL] No\x1b way\n[7] [INF] Server Exiting..\n")
    assert last_words(str(log), "nats-server") == r"it said: [7] [FTL] No\x1b way"
