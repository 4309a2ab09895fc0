"""The Mixer's database over months: older files, a disk that is full, a process that is killed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.fleet.mixer.history.database import Database
from pytest_fluxscenario.fleet.mixer.history.packing import Packer
from tests.fakes.fleet import running_mixer
from tests.fakes.packs import scenario
from tests.fakes.waiting import PATIENCE
from tests.fleet.test_mixer_runs import all_of, parcel_of, send


def test_a_file_of_the_first_version_is_brought_up_and_its_runs_are_there(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"), scenario("b"))
    with running_mixer(tmp_path) as mixer:
        mixer.start()
        client = mixer.client()
        run = send(client, parcel).run
        all_of(client, run)
    path = tmp_path / "data/fluxrig.duckdb"
    with duckdb.connect(str(path)) as old:
        _unpack(old, "asked", "INSERT INTO cases SELECT run, number, attempt, ? FROM asked WHERE number = ?")
        _unpack(old, "kept", "INSERT INTO records SELECT run, number, ? FROM kept WHERE number = ?")
        old.execute("ALTER TABLE runs DROP COLUMN ended; ALTER TABLE runs DROP COLUMN info; DROP TABLE removed")
        old.execute("UPDATE meta SET version = 1")
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        assert [(info.run, info.state, info.done, info.ended) for info in client.runs()] == [(run, "finished", 2, "")]
        assert client.evidence(run)
        mixer.start("two")
        all_of(client, send(client, parcel).run)
        assert [info.verdict for info in client.runs()] == ["passed", "passed"]


def _unpack(old: duckdb.DuckDBPyConnection, table: str, sql: str) -> None:
    """Write the rows of ``table`` as versions before 4 did, and drop it."""
    packer = Packer()
    for number, data in old.execute(f"SELECT number, data FROM {table} ORDER BY number").fetchall():  # noqa: S608 - ours
        if number == 0:
            packer.learn(packer.unpack(data))
        else:
            old.execute(sql, [packer.unpack(data).decode(), number])
    old.execute(f"DROP TABLE {table}")


@pytest.mark.parametrize("version", [5, 99, 0, None])
def test_a_file_of_another_version_is_left_as_it_is(tmp_path: Path, version: int | None) -> None:
    path = tmp_path / "fluxrig.duckdb"
    Database(str(path)).close()
    with duckdb.connect(str(path)) as other:
        other.execute("UPDATE meta SET version = ?", [version])
    before = path.read_bytes()
    said = "no version" if not version else f"version {version}"
    with pytest.raises(UsageError, match=rf"has {said} of the Mixer's tables, and this Mixer knows 1 to 4 \(start the"):
        Database(str(path))
    assert path.read_bytes() == before


_FILLS = """
import json, resource, secrets, signal, sys
from pytest_fluxscenario.fleet.mixer.history.database import Database
from pytest_fluxscenario.fleet.mixer.history.packing import Packer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, most = sys.argv[1], int(sys.argv[2])
database = Database(path)
def fill(connection):
    rows = [secrets.token_hex(2000) for _ in range(100)]
    sql = "INSERT INTO records SELECT 'r', unnest(?::BIGINT[]), unnest(?::VARCHAR[])"
    connection.execute(sql, [list(range(100)), rows])
def count(connection):
    return connection.execute("SELECT count(*) FROM records").fetchone()[0]
resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
kept, said = 0, ""
for _ in range(200):
    try:
        database.now(fill)
        kept += 100
    except Exception as error:
        said = str(error)
        break
try:
    seen = database.now(count)
except Exception as error:
    seen = str(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
database.now(fill)
print(json.dumps([kept, said, seen, database.now(count)]))
database.close()
"""


@pytest.mark.parametrize("most", [3_000_000, 18_000_000])
def test_a_full_disk_is_said_and_what_was_kept_is_kept(tmp_path: Path, most: int) -> None:
    # The first of these stops a commit, the second one the tidying up after many.
    path = tmp_path / "fluxrig.duckdb"
    arguments = (sys.executable, "-c", _FILLS, str(path), str(most))
    answer = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=120)
    kept, said, seen, after = json.loads(answer.stdout)
    assert f"{path}: the database refused: " in said
    assert "File too large" in said
    assert "Traceback" not in answer.stderr
    assert kept >= 700
    assert seen == kept
    assert after == kept + 100
    database = Database(str(path))
    assert database.now(lambda connection: connection.execute("SELECT count(*) FROM records").fetchone()) == (after,)
    database.close()


_WRITES = """
import asyncio, secrets, sys
from pytest_fluxscenario.fleet.mixer.history.database import Database
from pytest_fluxscenario.fleet.mixer.history.packing import Packer
database = Database(sys.argv[1])
async def main():
    for number in range(int(sys.argv[2]), 1_000_000):
        text = secrets.token_hex(1000)
        await database.do(lambda c: c.execute("INSERT INTO records VALUES ('r', ?, ?)", [number, text]) and None)
        print(number, flush=True)
        if number % 7 == 0:
            sql = "DELETE FROM records WHERE number % 3 <> 0 AND number < ?"
            await database.do(lambda c: c.execute(sql, [number]) and None)
            await database.compact()
asyncio.run(main())
"""


def test_killed_at_any_moment_it_keeps_what_it_has_acknowledged(tmp_path: Path) -> None:
    path = str(tmp_path / "fluxrig.duckdb")
    told: set[int] = set()
    for turn in range(6):
        first = max(told, default=-1) + 2
        arguments = (sys.executable, "-c", _WRITES, path, str(first))
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as started:
            assert started.stdout is not None
            told.update(int(started.stdout.readline()) for _ in range(3 + turn))
            killer = threading.Timer(0.02 * turn, started.kill)
            killer.start()
            told.update(int(line) for line in started.stdout if line.endswith("\n"))
        killer.join()
    database = Database(path)
    rows = database.now(lambda connection: connection.execute("SELECT number FROM records").fetchall())
    numbers = [number for (number,) in rows]
    assert len(numbers) == len(set(numbers))
    # What is no multiple of three was removed by and by.
    assert {number for number in told if number % 3 == 0} <= set(numbers)
    assert len(told) > 20
    database.close()


def test_who_no_longer_waits_stops_nobody_else(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "fluxrig.duckdb"))
    held = threading.Event()

    async def ask() -> object:
        slow = asyncio.create_task(database.do(lambda _: held.wait(PATIENCE)))
        await asyncio.sleep(0.05)
        waiting = [
            asyncio.create_task(database.do(lambda connection: connection.execute("SELECT 1") and 1)) for _ in "ab"
        ]
        compacting = asyncio.create_task(database.compact())
        await asyncio.sleep(0.05)
        slow.cancel()
        waiting[0].cancel()
        compacting.cancel()
        held.set()
        return await asyncio.wait_for(waiting[1], PATIENCE)

    assert asyncio.run(ask()) == 1
    time.sleep(0.05)
    assert database.now(lambda connection: connection.execute("SELECT 2").fetchone()) == (2,)
    database.close()
