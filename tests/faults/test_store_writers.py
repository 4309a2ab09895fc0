"""Writers of a store that are refused, killed, or many: nothing that was acknowledged is lost (faults.md, "Store")."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pytest_fluxscenario
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.fs import is_temporary
from pytest_fluxscenario.cas.checking import check_store
from pytest_fluxscenario.cas.store import open_store
from tests.fakes.imports import import_file
from tests.fakes.refusal import Refusal

ERRNOS = [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.EACCES]
CALLS = ["open", "write", "fsync", "replace", "mkdir", "listdir"]
_LEFT = {"store.unreferenced", "store.unfiled"}

#: A program of its own; it says a line for each import, once that has returned.
_WRITER = """\
import sys
from pathlib import Path
from pytest_fluxscenario.cas.importing import file_all, read_file

folder, worker, count = sys.argv[1:]
for number in range(int(count)):
    path = Path(folder, f"{worker}.yaml")
    path.write_text(f"worker: {worker}\\nnumber: {number}\\n")
    [imported] = file_all(str(Path(folder, "store")), [read_file("specs", str(path), "shared")], 120)
    print(imported.tag, imported.hash, flush=True)
"""


def start(folder: Path, worker: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _WRITER, str(folder), worker, str(count)],
        env={**os.environ, "PYTHONPATH": str(Path(pytest_fluxscenario.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def filed(store: Path) -> dict[str, str]:
    opened = open_store(str(store))
    assert opened is not None
    return dict(opened.index.names.get("specs", {}).get("shared", {}))


def faults(store: Path, allowed: set[str]) -> list[str]:
    checked = check_store(str(store), "store")
    assert checked is not None
    return [str(problem) for problem in checked.problems if problem.code not in allowed]


@pytest.mark.parametrize("code", ERRNOS, ids=lambda code: errno.errorcode[code])
@pytest.mark.parametrize("there", [False, True], ids=["first", "later"])
def test_an_import_that_is_refused_leaves_the_old_state_or_the_new(tmp_path: Path, there: bool, code: int) -> None:
    at = 0
    seen: set[str] = set()
    while True:
        folder = tmp_path / str(at)
        folder.mkdir()
        path = folder / "thing.yaml"
        store = folder / "store"
        if there:
            path.write_text("a: 1\n")
            import_file(str(store), "specs", str(path), "shared")
        path.write_text("a: 2\n")
        before = filed(store) if there else {}
        with pytest.MonkeyPatch.context() as patch:
            refusal = Refusal(at, code, patch, CALLS)
            try:
                import_file(str(store), "specs", str(path), "shared")
                told = ""
            except FluxError as error:
                told = str(error)
        if not refusal.failed:
            break
        seen.add(refusal.failed)
        # What a lock, a blob that may be repaired, or an advice cannot do is no error.
        assert str(folder) in told or (not told and filed(store) != before), f"call {at}, {refusal.failed}: {told!r}"
        assert [path for path in folder.rglob("*") if is_temporary(path.name)] == []
        if (store / "index.json").exists():
            after = filed(store)
            assert before.items() <= after.items()
            assert len(after) <= len(before) + 1
            assert faults(store, _LEFT) == []
        import_file(str(store), "specs", str(path), "shared")
        assert len(filed(store)) == len(before) + 1
        assert faults(store, set()) == []
        at += 1
    assert seen >= {"open", "write", "fsync", "replace"}
    assert at > 20


def kill_writers(folder: Path, rounds: int, chance: random.Random) -> int:
    """Kill four writers at once, again and again; gives how many imports they had acknowledged."""
    acknowledged: dict[str, str] = {}
    for turn in range(rounds):
        writers = [start(folder, f"{turn}-{number}", 1_000) for number in range(4)]
        # The first word of the first shows that they are at work.
        first = writers[0].stdout.readline() if writers[0].stdout else ""
        time.sleep(chance.uniform(0, 0.05))
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        said = [writer.communicate(timeout=60)[0] for writer in writers]
        for line in (first + "".join(said)).splitlines(keepends=True):
            words = line.split()
            if line.endswith("\n"):
                acknowledged[words[0]] = words[1]
        assert acknowledged.items() <= filed(folder / "store").items()
        assert faults(folder / "store", {*_LEFT, "store.temporary"}) == []
        (folder / "after.yaml").write_text(f"turn: {turn}\n")
        import_file(str(folder / "store"), "specs", str(folder / "after.yaml"), "shared", patience=0)
    return len(acknowledged)


def test_writers_that_are_killed_lose_nothing_and_lock_nobody_out(tmp_path: Path) -> None:
    assert kill_writers(tmp_path, 3, random.Random(5)) >= 3  # noqa: S311 - no secret


@pytest.mark.slow
def test_a_hundred_times_four_writers_that_are_killed(tmp_path: Path) -> None:
    assert kill_writers(tmp_path, 100, random.Random(6)) >= 100  # noqa: S311 - no secret


def import_at_once(folder: Path, processes: int, count: int) -> None:
    writers = [start(folder, str(number), count) for number in range(processes)]
    ended = [(*writer.communicate(timeout=900), writer.returncode) for writer in writers]
    assert [(error, status) for _, error, status in ended] == [("", 0)] * processes
    said = {tag: digest for out, _, _ in ended for tag, _, digest in (line.partition(" ") for line in out.splitlines())}
    assert said == filed(folder / "store")
    assert set(said) == {f"v0.{minor}.0" for minor in range(1, processes * count + 1)}
    assert len(set(said.values())) == processes * count
    assert faults(folder / "store", set()) == []


def test_eight_processes_lose_nothing(tmp_path: Path) -> None:
    import_at_once(tmp_path, 8, 8)


@pytest.mark.slow
def test_thirty_two_processes_with_a_hundred_imports_each_lose_nothing(tmp_path: Path) -> None:
    import_at_once(tmp_path, 32, 100)
