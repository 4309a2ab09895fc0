"""Runs of which the database or the Snake has lost something: each scenario is accounted for all the same."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from pytest_fluxscenario.fleet.messages.message import Work
from tests.fakes.fleet import RunningMixer, running_mixer
from tests.fakes.memory import Hub
from tests.fakes.packs import scenario
from tests.fleet.test_mixer_runs import all_of, parcel_of, send

_WORK = {"ack_wait": 0.3, "tries": 3}


def _again(hub: Hub) -> Hub:
    """What a server keeps, for another Mixer; a condition belongs to a loop."""
    hub.changed = asyncio.Condition()
    hub.listeners.clear()
    return hub


def _lose(mixer: RunningMixer, stream: str) -> None:
    async def go() -> None:
        mixer.hub.streams[stream].kept.clear()

    mixer.do(go())


def test_what_the_snake_has_lost_is_handed_out_anew(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(5)])
    with running_mixer(tmp_path, work=_WORK) as mixer:
        client = mixer.client()
        info = send(client, parcel)
        # The keys of what was lost are known to it still, as they are to a server.
        _lose(mixer, "flux-work")
        mixer.start()
        done = all_of(client, info.run)
        assert sorted(one.item for one in done) == sorted(case.item for case in parcel.cases)
        assert {one.outcome for one in done} == {"ran"}
        assert client.run(info.run).state == "finished"


def test_work_that_waits_in_the_queue_of_a_gear_is_not_lost(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(2)])
    parcel.cases[1] = msgspec.structs.replace(parcel.cases[1], gear="mine")
    with running_mixer(tmp_path, work={**_WORK, "ack_wait": 0.2}) as mixer:
        info = send(mixer.client(), parcel)
        mixer.start()
        # Several looks long nobody offers that gear: the queue of the engine is empty, and its own is not.
        mixer.do(asyncio.sleep(1))
        service = mixer.mixer.service
        assert service is not None
        assert service.runs.table._held[info.run].anew == {}
        assert mixer.client().records(info.run, 0, 0).waiting == {"mine": 1}


@pytest.mark.slow
def test_a_run_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(4)])
    taken: list[str] = []

    def slow(work: Work) -> bool:
        taken.append(work.case.item)
        return True

    with running_mixer(tmp_path, work={**_WORK, "ack_wait": 0.2}) as mixer:
        client = mixer.client()
        info = send(client, parcel)
        # Several looks long nobody takes it: it is in the queue.
        service = mixer.mixer.service
        assert service is not None
        mixer.do(asyncio.sleep(1))
        assert service.runs.table._held[info.run].anew == {}
        mixer.start(before=slow)
        all_of(client, info.run)
        assert sorted(taken) == sorted(case.item for case in parcel.cases)


def test_what_is_lost_again_and_again_is_given_up_with_the_reason(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    with running_mixer(tmp_path, work=_WORK) as mixer:
        client = mixer.client()

        def loses(_: Work) -> bool:
            # Taken, and neither recorded nor in the queue any more.
            mixer.hub.streams["flux-work"].kept.clear()
            return False

        info = send(client, parcel)
        for number in range(4):
            rack = mixer.start(f"rack-{number}", before=loses)
            service = mixer.mixer.service
            assert service is not None
            while not rack.taken:
                mixer.do(asyncio.sleep(0.02))
        (done,) = all_of(client, info.run)
        assert done.outcome == "given-up"
        assert done.reason == "it was handed out 4 times, and each time nothing was left of it"
        assert client.run(info.run).verdict == "failed"


def test_a_database_that_is_older_than_the_snake_gets_its_records_again(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(6)])
    hub, data = Hub(), tmp_path / "data"
    with running_mixer(tmp_path, hub=hub, work=_WORK) as mixer:
        run = send(mixer.client(), parcel).run
    shutil.copy(data / "fluxrig.duckdb", tmp_path / "copy")
    with running_mixer(tmp_path, hub=_again(hub), work=_WORK) as mixer:
        mixer.start()
        first = all_of(mixer.client(), run)
    # The copy is put back: of the records nothing is left, nor of the work, which was acknowledged.
    shutil.copy(tmp_path / "copy", data / "fluxrig.duckdb")
    (data / "fluxrig.duckdb.wal").unlink(missing_ok=True)
    with running_mixer(tmp_path, hub=_again(hub), work=_WORK) as mixer:
        client = mixer.client()
        assert client.run(run).done == 0
        mixer.start("later")
        again = all_of(client, run)
        assert {one.item: one.ref for one in again} == {one.item: one.ref for one in first}
        assert len(again) == 6


@pytest.mark.slow
def test_a_database_that_is_newer_than_the_snake_hands_out_what_is_not_there(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(6)])
    with running_mixer(tmp_path, work=_WORK) as mixer:
        run = send(mixer.client(), parcel).run
    # Of the streams nothing is left.
    with running_mixer(tmp_path, hub=Hub(), work=_WORK) as mixer:
        client = mixer.client()
        assert client.run(run).done == 0
        mixer.start()
        assert len(all_of(client, run)) == 6


def test_a_mixer_that_was_killed_before_it_ended_a_run_ends_it_when_it_is_started(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    with running_mixer(tmp_path, work=_WORK) as mixer:
        mixer.start()
        client = mixer.client()
        run = send(client, parcel).run
        all_of(client, run)
        service = mixer.mixer.service
        assert service is not None
        sql = "UPDATE runs SET state = 'running' WHERE run = ?"
        mixer.do(service.runs.table.history.database.do(lambda connection: connection.execute(sql, [run]).fetchall()))
    with running_mixer(tmp_path, work=_WORK) as mixer:
        assert mixer.client().run(run).state == "finished"
