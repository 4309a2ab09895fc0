"""Mixer, broker and racks, all of them real processes, are killed at random moments of a run, which is driven by REST.

Each scenario is accounted for once, and the evidence is that of a local run.
"""

from __future__ import annotations

import io
import json
import random
import signal
import time
import zipfile
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.evidence.verify import verify
from pytest_fluxscenario.remote.api import ItemDone
from tests.fakes.fleet_processes import Fleet, fleet_of
from tests.fakes.packs import failing, needs_hook, scenario, write, write_hook, write_pack, write_plain_pack
from tests.fakes.waiting import PATIENCE, until

_SLOW = """\
import json, os, sys, time
call = json.loads(sys.stdin.readline())
if os.path.exists({mark!r}):
    time.sleep({pause})
while call["payload"]["what"] == "the last" and os.path.exists({mark!r}):
    time.sleep(0.05)
print(json.dumps({{"status": "ok", "facts": {{"risky": False}}}}))
"""
_NAMES = ("one", "two", "three")
#: Scenarios of one file: a file is at most 1 MiB.
_FILE = 250


@dataclass(frozen=True)
class Kills:
    """How often who is killed."""

    racks: int
    brokers: int
    mixers: int
    #: Stopped for longer than ``ack_wait``, and then let go on.
    hangs: int

    def order(self, chance: random.Random) -> list[str]:
        """Who is next."""
        whom = ["rack"] * self.racks + ["broker"] * self.brokers + ["mixer"] * self.mixers + ["hang"] * self.hangs
        chance.shuffle(whom)
        # First of all the Mixer, while it hands out what it was given.
        whom.remove("mixer")
        return ["mixer", *whom]


def _stored(root: Path, count: int) -> Path:
    """A pack with so many scenarios in a store: some do not pass, and some take a while where the file is there.

    One of them takes as long as the file is there: the run must not be over before the last kill.
    """
    slow, pause = (5, 0.1) if count < 1_000 else (2, 0.5)
    mark = root / "slowly"
    pack = write_hook(write_pack(root / "pack"), _SLOW.format(mark=str(mark), pause=pause), timeout_ms=300_000)
    documents: list[Any] = []
    for number in range(count):
        made = needs_hook if number % slow == 0 else failing if number % 50 == 1 else scenario
        documents.append(made(f"s{number:04}"))
    documents[0]["steps"][0]["payload"]["what"] = "the last"
    for start in range(0, count, _FILE):
        write(pack / "scenarios" / f"f{start:04}.json", *documents[start : start + _FILE])
    assert main(["profile", "import", "pack", "--store", "store"]) == 0
    return mark


def _hang(fleet: Fleet, name: str) -> None:
    """Hang it until its work was given to others, and let it go on with what it believes to have."""
    fleet.racks[name].send_signal(signal.SIGSTOP)
    time.sleep(2.5)
    fleet.racks[name].send_signal(signal.SIGCONT)


def _kill_all_through(fleet: Fleet, run: str, count: int, kills: Kills, chance: random.Random) -> Counter[str]:
    whom = kills.order(chance)
    for number, one in enumerate(whom):
        until(partial(_reached, fleet, run, number * count // (len(whom) + 2)))
        assert fleet.ask(lambda: fleet.client.run(run)).state == "running"
        time.sleep(chance.uniform(0, 0.2) if number else 0)
        if one == "broker":
            fleet.kill_broker()
        elif one == "mixer":
            fleet.kill_mixer()
            time.sleep(chance.uniform(0, 0.5))
            fleet.start_mixer()
        else:
            name = chance.choice(_NAMES)
            if one == "hang":
                _hang(fleet, name)
            else:
                fleet.kill_rack(name)
                fleet.start_rack(name)
    return Counter(whom)


def _reached(fleet: Fleet, run: str, count: int) -> bool:
    return fleet.done(run) >= count


def _records(fleet: Fleet, run: str) -> list[ItemDone]:
    found: list[ItemDone] = []
    end = time.monotonic() + 5 * PATIENCE
    while time.monotonic() < end:
        said = fleet.ask(partial(fleet.client.records, run, len(found), 5))
        found += said.records
        if said.state != "running" and len(found) == said.done:
            return found
    raise AssertionError(f"{len(found)} records\n{fleet.log('mixer')[-4000:]}")


def _named(manifest: dict[str, Any]) -> list[tuple[str, object, object]]:
    return sorted((one["id"].rpartition("::")[2], one["outcome"], one["ref"]) for one in manifest["scenarios"])


def _unpacked(data: bytes, folder: Path) -> dict[str, Any]:
    """The manifest of a run's evidence, which holds together."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    assert verify(str(folder)).problems == ()
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return manifest


@pytest.mark.parametrize(
    ("count", "kills"),
    [
        pytest.param(90, Kills(racks=2, brokers=1, mixers=1, hangs=0), id="few"),
        pytest.param(2_000, Kills(racks=38, brokers=12, mixers=4, hangs=3), marks=pytest.mark.slow, id="many"),
    ],
)
def test_each_scenario_is_accounted_for_once_and_as_in_a_local_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, kills: Kills
) -> None:
    monkeypatch.chdir(tmp_path)
    slowly = _stored(tmp_path, count)
    assert main(["scenario", "run", "small:latest", "--store", "store", "--evidence", "local"]) == 1
    local = json.loads((tmp_path / "local" / "manifest.json").read_bytes())
    slowly.touch()
    with fleet_of(tmp_path, *_NAMES) as fleet:
        run = fleet.client.submit_ref("small:latest").run
        killed = _kill_all_through(fleet, run, count, kills, random.Random(count))  # noqa: S311 - the same kills in every run
        slowly.unlink()
        assert killed == Counter(rack=kills.racks, broker=kills.brokers, mixer=kills.mixers, hang=kills.hangs)
        records = _records(fleet, run)
        assert [done.number for done in records] == list(range(1, count + 1))
        assert {done.outcome for done in records} == {"ran"}, {done.reason for done in records if done.reason}
        assert len({done.item for done in records}) == count
        # Nothing was lost, so that nothing had to be handed out anew; and each Mixer went on.
        said = fleet.log("mixer")
        assert "handed out anew" not in said
        assert said.count("goes on with 1 run") == kills.mixers
        # What is told is what is kept: also by the Mixer that is started next.
        fleet.kill_mixer()
        fleet.start_mixer()
        assert fleet.client.run(run).state == "finished"
        assert _records(fleet, run) == records
        manifest = _unpacked(fleet.client.evidence(run), tmp_path / "there")
        assert _named(manifest) == _named(local)
        assert {name: manifest[name] for name in ("verdict", "counts")} == {
            name: local[name] for name in ("verdict", "counts")
        }
    with duckdb.connect(str(fleet.data / "fluxrig.duckdb"), read_only=True) as database:
        (row,) = database.execute("SELECT count(*), count(DISTINCT number) FROM kept WHERE number > 0").fetchall()
        assert row == (count, count)


@pytest.mark.slow
def test_scenarios_that_go_together_are_each_accounted_for_once_whoever_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    count, chance = 6_000, random.Random(58)  # noqa: S311 - the same kills in every run
    pack = write_plain_pack(tmp_path / "pack")
    documents = [(failing if number % 50 == 1 else scenario)(f"s{number:04}") for number in range(count)]
    for start in range(0, count, _FILE):
        write(pack / "scenarios" / f"f{start:04}.json", *documents[start : start + _FILE])
    assert main(["profile", "import", "pack", "--store", "store"]) == 0
    assert main(["scenario", "run", "small:latest", "--store", "store", "--evidence", "local"]) == 1
    local = json.loads((tmp_path / "local" / "manifest.json").read_bytes())
    with fleet_of(tmp_path, *_NAMES, work={"ack_wait": 1.0}) as fleet:
        run = fleet.client.submit_ref("small:latest").run
        for number in range(10):
            # As many as there are: what a rack has in hand is then known to nobody else.
            for name in _NAMES if number == 0 else (chance.choice(_NAMES),):
                fleet.kill_rack(name)
                fleet.start_rack(name)
            until(partial(_reached, fleet, run, number * count // 20))
        records = _records(fleet, run)
        assert {done.outcome for done in records} == {"ran"}, {done.reason for done in records if done.reason}
        assert len({done.item for done in records}) == count == len(records)
        manifest = _unpacked(fleet.client.evidence(run), tmp_path / "there")
        assert _named(manifest) == _named(local)
