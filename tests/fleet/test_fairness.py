"""Nobody waits for all of another's run: of each a little lies in the queue at a time."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from pytest_fluxscenario.fleet.mixer.runs.window import Window
from pytest_fluxscenario.remote.api import Again
from tests.fakes.fleet import running_mixer
from tests.fakes.packs import scenario
from tests.fakes.waiting import until
from tests.fleet.test_mixer_runs import all_of, parcel_of, send


def test_a_small_run_does_not_wait_for_a_large_one(tmp_path: Path) -> None:
    large = parcel_of(tmp_path / "large", *[scenario(f"s{number:03}") for number in range(300)])
    small = parcel_of(tmp_path / "small", *[scenario(f"s{number}") for number in range(3)])
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        first = send(client, large).run
        rack = mixer.start()
        until(lambda: len(rack.taken) >= 20)
        assert len(all_of(client, send(client, small).run)) == 3
        # As quick racks are, some tenths of a second.
        assert client.run(first).done < 270
        done = all_of(client, first)
        assert sorted(one.item for one in done) == sorted(case.item for case in large.cases)


def test_a_further_attempt_does_not_wait_for_all_that_was_submitted(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number:03}") for number in range(300)])
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        run = send(client, parcel).run
        mixer.start()
        until(lambda: client.run(run).done >= 1)
        item = parcel.cases[0].item
        client.again(run, Again(item, 2))
        said = client.wanted(run, [(item, 2)], 25)
        assert (item, 2) in {(done.item, done.attempt) for done in said.records}
        assert said.done < 270
        assert len(all_of(client, run)) == 301


def test_what_waits_for_a_gear_that_nobody_offers_holds_up_no_other(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, *[scenario(f"s{number:03}") for number in range(300)])
    parcel.cases[:150] = [msgspec.structs.replace(case, gear="mine") for case in parcel.cases[:150]]
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        mixer.start()
        run = send(client, parcel).run
        until(lambda: client.run(run).done == 150)
        time.sleep(0.2)
        assert client.records(run, 0, 0).waiting == {"mine": 150}
        # And what nobody takes does not fill the queue.
        begun = time.monotonic()
        assert client.cancel(run).state == "cancelled"
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize(("slots", "least"), [(0, 8), (2, 8), (100, 200)])
def test_a_window_shrinks_where_little_is_taken(slots: int, least: int) -> None:
    window, waiting = Window(), 64
    for number in range(60):
        waiting = waiting - 1 + window.room(waiting - 1, slots, number / 2)
    assert window.size == least
    assert waiting <= max(least, 64)


def test_a_window_holds_what_is_taken_in_about_a_second() -> None:
    window, waiting, most = Window(), 64, 0
    for number in range(200):
        # Fifty in a tenth of a second.
        waiting = max(0, waiting - 50)
        most = max(most, window.size)
        waiting += window.room(waiting, 4, number / 10)
        assert waiting > 50 or number < 5
    assert 400 <= window.size <= 600
    assert most <= 1_024


def test_a_window_grows_while_racks_run_dry_and_only_so_far() -> None:
    window = Window()
    rooms = [window.room(0, 4, number / 10) for number in range(7)]
    assert rooms == [128, 256, 512, 1024, 2048, 2048, 2048]
    # No more than that lies there.
    assert window.room(5_000, 4, 1.0) == 0
