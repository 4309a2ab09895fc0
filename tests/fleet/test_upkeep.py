"""What a Mixer gathers stays within bounds, and nothing that somebody needs goes with it."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest

from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.cas.trimming import Trimmed
from pytest_fluxscenario.fleet.mixer.config import KeepConfig
from pytest_fluxscenario.fleet.mixer.history.database import Database
from pytest_fluxscenario.fleet.mixer.history.history import History, Run
from pytest_fluxscenario.fleet.mixer.history.records import RecordList
from pytest_fluxscenario.fleet.mixer.upkeep import Upkeep
from pytest_fluxscenario.remote.api import ItemDone
from pytest_fluxscenario.remote.case import PortableSettings
from pytest_fluxscenario.remote.client import MixerError
from tests.fakes.fleet import RunningMixer, running_mixer
from tests.fakes.packs import scenario
from tests.fleet.test_mixer_runs import all_of, parcel_of, send


def look(mixer: RunningMixer, later: float = 0.0, **keep: object) -> tuple[int, Trimmed]:
    """One look, so many days from now."""
    assert mixer.mixer.service is not None
    runs = mixer.mixer.service.runs
    clock = StandingClock(datetime.now(UTC) + timedelta(days=later))
    runs.content.trimmer.clock = clock
    return mixer.do(Upkeep(runs, msgspec.structs.replace(KeepConfig(), **keep), clock).look())


def _blobs(folder: Path) -> int:
    return len(list((folder / "data/content/blobs").glob("*/*")))


def test_old_runs_are_forgotten_and_their_content_goes_with_them(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"), scenario("b"))
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        mixer.start()
        first = send(client, parcel).run
        all_of(client, first)
        there = _blobs(tmp_path)
        assert there == len(parcel.content)
        assert look(mixer, later=29, days=30) == (0, Trimmed(0, 0, _size(tmp_path)))
        assert client.run(first).done == 2
        forgotten, trimmed = look(mixer, later=31, days=30)
        assert (forgotten, trimmed.removed, _blobs(tmp_path)) == (1, there, 0)
        with pytest.raises(MixerError, match=f"there is no run {first}"):
            client.run(first)
        assert client.runs() == []
        # And what is sent again runs again.
        second = send(client, parcel).run
        assert {done.verdict for done in all_of(client, second)} == {"passed"}
    with duckdb.connect(str(tmp_path / "data/fluxrig.duckdb")) as database:
        for table in ("asked", "kept", "published"):
            assert len(database.table(table).filter("number > 0").fetchall()) == 2, table


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "data/content/blobs").glob("*/*"))


def test_beyond_so_many_runs_the_oldest_go(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        waiting = send(client, parcel).run
        mixer.start()
        for _ in range(5):
            all_of(client, send(client, parcel).run)
            time.sleep(0.002)
        all_of(client, waiting)
        before = [info.run for info in client.runs()]
        assert look(mixer, runs=3)[0] == 3
        assert [info.run for info in client.runs()] == before[:3]


def test_a_run_under_way_keeps_what_it_needs_until_it_is_too_old_itself(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"), scenario("b"))
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        run = send(client, parcel).run
        there = _blobs(tmp_path)
        for path in (tmp_path / "data/content/blobs").glob("*/*"):
            os.utime(path, (0, 0))
        forgotten, trimmed = look(mixer, runs=1, bytes=1 << 20)
        assert (forgotten, trimmed.removed, _blobs(tmp_path)) == (0, 0, there)
        assert look(mixer, later=2, days=1)[0] == 0
        info = client.run(run)
        assert (info.state, info.verdict) == ("cancelled", "incomplete")
        assert look(mixer, later=2, days=1)[0] == 1


def test_a_run_that_was_looked_for_is_not_lost_between_looking_and_submitting(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        all_of_it = tuple(parcel.content)
        for digest in client.lacks(all_of_it):
            client.give(digest, parcel.content[digest]())
        for path in (tmp_path / "data/content/blobs").glob("*/*"):
            os.utime(path, (0, 0))
        assert client.lacks(all_of_it) == ()
        assert look(mixer, bytes=0)[1].removed == 0
        mixer.start()
        assert all_of(client, send(client, parcel).run)[0].verdict == "passed"


def test_the_file_of_the_database_shrinks_with_its_history(tmp_path: Path) -> None:
    path = tmp_path / "fluxrig.duckdb"
    database = Database(str(path))
    history = History(database)

    async def fill() -> None:
        for number in range(20):
            run = f"run-number-{number:02}"
            await history.add(Run(run, f"2026-01-{number + 1:02}", "finished", "", "default", "", PortableSettings()))
            texts = [secrets.token_hex(2_000) for _ in range(300)]
            done = [ItemDone(at, "i", 1, "", "ran", record=text) for at, text in enumerate(texts, 1)]
            await history.record(run, RecordList().packed(done))

    async def forget() -> list[tuple[str, str]]:
        await database.compact()
        before = path.stat().st_size
        old = await history.old("2026-01-16", 100)
        await history.forget([run for run, _ in old])
        await database.compact()
        assert path.stat().st_size < before / 2
        return [(run, state) for run, state in await history.old("2027", 2)]

    asyncio.run(fill())
    left = asyncio.run(forget())
    assert left == [(f"run-number-{number}", "finished") for number in range(15, 20)]
    count = database.now(lambda connection: connection.execute("SELECT count(*) FROM kept WHERE number > 0").fetchone())
    assert count == (1_500,)
    database.close()


def test_compacting_fails_alone(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "fluxrig.duckdb"))

    async def ask() -> list[object]:
        written = database.do(lambda connection: connection.execute("INSERT INTO racks VALUES ('a', '')") and 1)
        more = database.do(lambda connection: connection.execute("INSERT INTO racks VALUES ('b', '')") and 2)
        return list(await asyncio.gather(written, database.compact(), more, return_exceptions=True))

    assert asyncio.run(ask()) == [1, None, 2]
    assert database.now(lambda connection: connection.execute("SELECT count(*) FROM racks").fetchone()) == (2,)
    database.close()
