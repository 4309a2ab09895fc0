"""Blobs that nobody used for long are removed, and never one that somebody needs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.cas.trimming import Trimmer
from pytest_fluxscenario.cas.writing import write_blob

_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_DAY = 86_400.0


def _trimmer(folder: Path, later: float = 0.0) -> Trimmer:
    return Trimmer(blobs_of(str(folder)), StandingClock(_NOW + timedelta(seconds=later)))


def _blob(trimmer: Trimmer, data: bytes, days: float) -> str:
    """A blob that was used so many days ago."""
    digest = write_blob(trimmer.blobs, data)
    then = _NOW.timestamp() - days * _DAY
    os.utime(trimmer.blobs.path(digest), (then, then))
    return digest


def test_what_was_not_used_for_long_goes_and_what_is_needed_stays(tmp_path: Path) -> None:
    trimmer = _trimmer(tmp_path)
    old, kept, used, new = (_blob(trimmer, name.encode() * 10, days) for name, days in _AGES.items())
    assert trimmer.touch(used)
    done = trimmer.trim({kept}, 30 * _DAY, 1 << 30)
    assert (done.removed, done.freed) == (1, 30)
    assert [trimmer.blobs.lies(one) for one in (old, kept, used, new)] == [False, True, True, True]
    assert not trimmer.touch(old)
    # Brought again, it is there as before.
    assert write_blob(trimmer.blobs, b"old" * 10) == old
    assert trimmer.blobs.read(old) == b"old" * 10


_AGES = {"old": 40.0, "kept": 41.0, "used": 42.0, "new": 2.0}


def test_of_too_much_the_oldest_goes_first(tmp_path: Path) -> None:
    trimmer = _trimmer(tmp_path)
    digests = [_blob(trimmer, bytes([number]) * 100, 10 - number) for number in range(8)]
    done = trimmer.trim({digests[1]}, 365 * _DAY, 500)
    assert (done.removed, done.left) == (3, 500)
    assert [trimmer.blobs.lies(one) for one in digests] == [False, True, False, False, True, True, True, True]


def test_what_was_used_just_now_stays_whatever_the_bounds(tmp_path: Path) -> None:
    trimmer = _trimmer(tmp_path)
    fresh = _blob(trimmer, b"fresh", 0)
    assert trimmer.trim((), 0, 0).removed == 0
    assert _trimmer(tmp_path, later=601).trim((), 0, 0).removed == 1
    assert not trimmer.blobs.lies(fresh)


def test_what_writers_have_left_goes_and_what_is_no_blob_stays(tmp_path: Path) -> None:
    trimmer = _trimmer(tmp_path)
    digest = _blob(trimmer, b"x", 40)
    shard = Path(trimmer.blobs.folder, digest[:2])
    dead, young = shard / f".{digest}.1.deadbeef.tmp", shard / f".{digest}.2.deadbeef.tmp"
    stray = shard / "notes.txt"
    for file in (dead, young, stray):
        file.write_bytes(b"x")
    for file, age in ((dead, 2 * _DAY), (young, 60), (stray, 99 * _DAY)):
        os.utime(file, (_NOW.timestamp() - age,) * 2)
    assert trimmer.trim((), 30 * _DAY, 1 << 30).removed == 1
    assert sorted(path.name for path in shard.iterdir()) == sorted([young.name, stray.name])


def _many(trimmer: Trimmer, count: int) -> list[str]:
    """Old blobs that nobody had to make durable."""
    digests = []
    for number in range(count):
        data = b"%d" % number
        digests.append(sha256(data))
        path = Path(trimmer.blobs.path(digests[-1]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (0, 0))
    return digests


def test_what_is_said_to_be_needed_while_it_is_trimmed_stays_or_is_said_to_be_gone(tmp_path: Path) -> None:
    trimmer = Trimmer(blobs_of(str(tmp_path)))
    digests = _many(trimmer, 200)
    told: dict[str, bool] = {}

    def use() -> None:
        for digest in reversed(digests):
            told[digest] = trimmer.touch(digest)

    user = threading.Thread(target=use)
    user.start()
    done = trimmer.trim((), _DAY, 1 << 30)
    user.join()
    assert {digest: trimmer.blobs.lies(digest) for digest in digests} == told
    assert done.removed == list(told.values()).count(False)


def test_killed_at_any_moment_what_is_left_is_whole(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pytest_fluxscenario.cas.store import blobs_of\n"
        "from pytest_fluxscenario.cas.trimming import Trimmer\n"
        "trimmer = Trimmer(blobs_of(sys.argv[1]))\n"
        "print('begins', flush=True)\n"
        "trimmer.trim((), 1.0, 1 << 30)\n"
    )
    trimmer = Trimmer(blobs_of(str(tmp_path)))
    digests = _many(trimmer, 400)
    killed = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert killed.stdout is not None
    killed.stdout.readline()
    time.sleep(0.003)
    killed.kill()
    killed.communicate()
    left = [digest for digest in digests if trimmer.blobs.lies(digest)]
    assert all(trimmer.blobs.holds(digest) for digest in left)
    assert trimmer.trim((), 1.0, 1 << 30).removed == len(left)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_loses_nothing(tmp_path: Path) -> None:
    from pytest_fluxscenario.base.errors import FluxError

    trimmer = _trimmer(tmp_path)
    digest = _blob(trimmer, b"x", 40)
    shard = Path(trimmer.blobs.folder, digest[:2])
    shard.chmod(0o500)
    try:
        with pytest.raises(FluxError, match="cannot be written"):
            trimmer.trim((), _DAY, 0)
    finally:
        shard.chmod(0o700)
    assert trimmer.blobs.lies(digest)
