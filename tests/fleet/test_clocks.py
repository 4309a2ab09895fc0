"""Clocks that are wrong, and are set: of the Mixer's machine, and of a rack's."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.cas.trimming import Trimmed
from pytest_fluxscenario.fleet.messages.ids import Ids
from pytest_fluxscenario.fleet.messages.wire import Writer
from pytest_fluxscenario.fleet.mixer.config import KeepConfig
from pytest_fluxscenario.fleet.mixer.pace import Pace
from pytest_fluxscenario.fleet.mixer.upkeep import Upkeep
from tests.fakes.fleet import RunningMixer, running_mixer
from tests.fakes.packs import scenario
from tests.fleet.test_mixer_runs import all_of, parcel_of, send


class SetClock:
    """The machine's clock, as somebody has set it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def _upkeep(mixer: RunningMixer, clock: SetClock, **keep: object) -> Upkeep:
    service = mixer.mixer.service
    assert service is not None
    return Upkeep(service.runs, msgspec.structs.replace(KeepConfig(), **keep), clock)


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(hours=-1), timedelta(days=-20_000)])
def test_a_mixer_whose_clock_is_set_goes_on(tmp_path: Path, ahead: timedelta) -> None:
    clock = SetClock()
    parcel = parcel_of(tmp_path, *[scenario(f"s{number}") for number in range(3)])
    with running_mixer(tmp_path, clock=clock, racks={"auto_adopt": True, "beat": 0.1, "offline_after": 5.0}) as mixer:
        client = mixer.client()
        first = send(client, parcel).run
        clock.ahead = ahead
        mixer.start()
        begun = time.monotonic()
        assert len(all_of(client, first)) == 3
        second = send(client, parcel).run
        assert len(all_of(client, second)) == 3
        assert time.monotonic() - begun < 25
        # Nobody is offline for it, and no run has ended before it began.
        assert client.rack("one").state == "active"
        for info in client.runs():
            assert info.state == "finished"
            assert info.created <= info.ended


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)])
def test_a_rack_with_another_time_works_like_any_other(tmp_path: Path, at: datetime) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    with running_mixer(tmp_path) as mixer:
        clock = StandingClock(at)
        mixer.start(_writer=Writer(Ids(1, clock), clock))
        client = mixer.client()
        (done,) = all_of(client, send(client, parcel).run)
        assert (done.outcome, done.verdict) == ("ran", "passed")
        seen = datetime.fromisoformat(client.rack("one").last_seen)
        assert abs(datetime.now(UTC) - seen) < timedelta(minutes=1)


def test_what_only_a_clock_that_was_set_calls_old_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = SetClock()
    parcel = parcel_of(tmp_path, scenario("a"))
    with running_mixer(tmp_path, clock=clock) as mixer:
        mixer.start()
        client = mixer.client()
        run = send(client, parcel).run
        all_of(client, run)
        upkeep = _upkeep(mixer, clock, days=30)
        # Wrong from the start on: nothing is known of its pace.
        clock.ahead = timedelta(days=4_000)
        assert mixer.do(upkeep.tend())[0] == 0
        # It was set right, and that is said.
        clock.ahead = timedelta()
        assert mixer.do(upkeep.tend()) == (0, Trimmed())
        assert mixer.do(upkeep.tend())[0] == 0
        clock.ahead = timedelta(days=31)
        assert mixer.do(upkeep.tend()) == (0, Trimmed())
        assert "the clock of this machine was set by +2678400 seconds: nothing old is removed this time" in caplog.text
        assert client.run(run).done == 1
        # It stays so, and is believed.
        assert mixer.do(upkeep.tend())[0] == 1


def test_a_mixer_that_has_just_begun_removes_what_is_too_much_and_not_what_is_old(tmp_path: Path) -> None:
    clock = SetClock()
    parcel = parcel_of(tmp_path, scenario("a"))
    with running_mixer(tmp_path, clock=clock) as mixer:
        mixer.start()
        client = mixer.client()
        for _ in range(3):
            all_of(client, send(client, parcel).run)
            time.sleep(0.002)
        clock.ahead = timedelta(days=4_000)
        assert mixer.do(_upkeep(mixer, clock, runs=2, days=30).tend())[0] == 1
        assert len(client.runs()) == 2


def test_a_pace_is_what_a_clock_was_set_by() -> None:
    clock, gone = SetClock(), [0.0]
    clock_at = datetime(2026, 1, 1, tzinfo=UTC)
    clock.now = lambda: clock_at + clock.ahead  # type: ignore[method-assign]  # it stands still but for that
    pace = Pace(clock, lambda: gone[0])
    assert pace.jumped() is None
    clock.ahead, gone[0] = timedelta(seconds=600), 600.0
    assert pace.jumped() == 0.0
    clock.ahead, gone[0] = timedelta(seconds=600 - 3600 + 10), 610.0
    assert pace.jumped() == -3600.0
    assert pace.jumped() == 0.0
