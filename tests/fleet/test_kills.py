"""Racks and the broker are killed while work is under way: every scenario is accounted for, and nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from pytest_fluxscenario.fleet.messages.keys import Key, keep_key, new_key
from pytest_fluxscenario.fleet.messages.message import Evidence, Hello, Welcome
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.nats_link import connect
from pytest_fluxscenario.fleet.snake.permissions import Accounts, RackAccount
from pytest_fluxscenario.fleet.snake.server import NatsServer, ServerSettings
from pytest_fluxscenario.fleet.snake.transport import Terms
from pytest_fluxscenario.remote.case import PortableCase
from tests.fakes.packs import needs_hook, write, write_hook, write_pack
from tests.fakes.waiting import PATIENCE
from tests.fleet.desk import Desk, open_desk, parcel_of, until

_HOOK = """\
import json, sys, time
call = json.loads(sys.stdin.readline())
time.sleep(0.05)
print(json.dumps({"status": "ok", "facts": {"risky": False}}))
"""
#: Goes on when a file is there.
_WAITS = f"""\
import os, time
while not os.path.exists(PATH):
    time.sleep(0.05)
{_HOOK}"""
#: Kills the rack that runs it, which has started who watches over it.
_POISON = """\
import os, signal, time
with open(f"/proc/{os.getppid()}/stat") as file:
    rack = int(file.read().rpartition(")")[2].split()[1])
os.kill(rack, signal.SIGKILL)
time.sleep(600)
"""


@dataclass
class Fleet:
    """A broker, a desk, and racks that are processes."""

    root: Path
    server: NatsServer
    desk: Desk
    joining: Path
    racks: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a rack, or start it again."""
        config = {
            "name": name,
            "data": str(self.root / name),
            "slots": 2,
            "snake": {"url": self.server.url, "joining": str(self.joining)},
        }
        path = self.root / f"{name}.yaml"
        path.write_text(json.dumps(config), encoding="utf-8")
        with (self.root / f"{name}.log").open("ab") as log:
            self.racks[name] = subprocess.Popen(
                [sys.executable, "-m", "pytest_fluxscenario.cli.main", "rack", "start", "-c", str(path)],
                stdin=subprocess.DEVNULL,
                stderr=log,
            )

    def kill(self, name: str) -> None:
        """Kill a rack."""
        self.racks[name].kill()
        self.racks[name].wait()

    def kill_broker(self) -> None:
        """Kill the server, which is started again."""
        pid = self.server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def cases(self, count: int, logic: str = _HOOK, name: str = "small") -> list[PortableCase]:
        """So many scenarios that call a hook, of a pack in a folder of that name."""
        pack = write_hook(write_pack(self.root / "packs" / name), logic, timeout_ms=300_000)
        write(pack / "scenarios" / "all.scenario.json", *[needs_hook(f"s{number:03}") for number in range(count)])
        return parcel_of(self.root, self.desk, f"packs/{name}/scenarios/all.scenario.json").cases


class _Adopting(Desk):
    """Lets in whoever says hello, with an account of its own."""

    server: NatsServer
    accounts: Accounts

    def _welcome(self, hello: Hello) -> Welcome:
        account = RackAccount(hello.rack, hello.key, runtimes=hello.runtimes)
        racks = {**self.accounts.racks, hello.rack: account}
        if racks != self.accounts.racks:
            self.accounts = Accounts(self.accounts.mixer, self.accounts.joining, racks)
            self.reloading = asyncio.create_task(self.server.reload(self.accounts))
        return super()._welcome(hello)


@asynccontextmanager
async def _fleet(root: Path) -> AsyncIterator[Fleet]:
    key: Key = new_key()
    joining = root / "joining.nk"
    accounts = Accounts(key.public, keep_key(str(joining)).public)
    server = NatsServer(ServerSettings(str(root / "nats"), port=0), accounts)
    await server.start()
    await server.keep(0.05)
    link = await connect(Access(server.url, "mixer", key.seed))
    fleet = None
    try:
        async with open_desk(link, root / "desk", _Adopting, Terms(ack_wait=1.0)) as desk:
            assert isinstance(desk, _Adopting)
            desk.server, desk.accounts = server, accounts
            fleet = Fleet(root, server, desk, joining)
            yield fleet
    finally:
        for rack in fleet.racks.values() if fleet is not None else ():
            rack.kill()
            rack.wait()
        await link.close()
        await server.stop()


def _reached(desk: Desk, count: int) -> bool:
    return len(desk.evidence) >= count


def _whole(said: Iterator[list[Evidence]] | list[list[Evidence]]) -> list[str]:
    """The refs of records of scenarios that are each accounted for with a record, and alike where twice."""
    refs = []
    for several in said:
        assert {one.outcome for one in several} == {"ran"}
        (ref,) = {one.done.ref for one in several if one.done is not None}
        refs.append(ref)
    return refs


@pytest.mark.parametrize(
    ("count", "kills", "brokers"),
    [(12, 2, 1), pytest.param(200, 50, 10, marks=pytest.mark.slow)],
)
def test_each_scenario_is_accounted_for_once_whoever_is_killed(
    tmp_path: Path, count: int, kills: int, brokers: int
) -> None:
    async def main() -> None:
        chance = random.Random(count)  # noqa: S311 - the same order of kills in every run
        async with _fleet(tmp_path) as fleet:
            names = ["one", "two"]
            for name in names:
                fleet.start(name)
            # The last one ends after the last kill, so that there is work under way at each.
            over = tmp_path / "over"
            cases = [*fleet.cases(count - 1), *fleet.cases(1, _WAITS.replace("PATH", repr(str(over))), "last")]
            await until(lambda: {beat.rack for beat in fleet.desk.beats} == set(names), PATIENCE)
            collecting = asyncio.create_task(fleet.desk.collect(count, (5 + kills) * PATIENCE))
            await fleet.desk.hand_out("run-0001", *cases, tries=1000)
            whom = ["rack"] * kills + ["broker"] * brokers
            chance.shuffle(whom)
            for number, one in enumerate(whom):
                # All through the run, each time while a rack has something in hand.
                reached = partial(_reached, fleet.desk, number * count // (len(whom) + 1) + 1)
                await until(reached, PATIENCE)
                fleet.desk.beats.clear()
                await until(lambda: any(beat.busy for beat in fleet.desk.beats), PATIENCE)
                await asyncio.sleep(chance.uniform(0, 0.1))
                assert not collecting.done()
                if one == "broker":
                    fleet.kill_broker()
                else:
                    name = chance.choice([beat.rack for beat in fleet.desk.beats if beat.busy])
                    fleet.kill(name)
                    fleet.start(name)
            over.touch()
            await collecting
            evidence = fleet.desk.evidence
            assert sorted(item for _, item, _ in evidence) == sorted(case.item for case in cases)
            assert len(_whole(list(evidence.values()))) == count

    asyncio.run(main())


def test_a_scenario_that_kills_its_racks_is_given_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with _fleet(tmp_path) as fleet:
            poison, *_ = fleet.cases(1, _POISON)
            await fleet.desk.hand_out("run-0001", poison, tries=2)
            collecting = asyncio.create_task(fleet.desk.collect(1, 5 * PATIENCE))
            starts = 0
            while not collecting.done():
                fleet.start("one")
                starts += 1
                await until(lambda: fleet.racks["one"].poll() is not None or collecting.done(), PATIENCE)
            await collecting
            ((said,),) = fleet.desk.evidence.values()
            assert (said.outcome, starts) == ("given-up", 3)

    asyncio.run(main())


def test_a_rack_that_is_told_to_end_does(tmp_path: Path) -> None:
    async def main() -> None:
        async with _fleet(tmp_path) as fleet:
            fleet.start("one")
            (case,) = fleet.cases(1)
            await until(lambda: fleet.desk.beats, PATIENCE)
            await fleet.desk.hand_out("run-0001", case)
            await fleet.desk.collect(1)
            rack = fleet.racks["one"]
            rack.send_signal(signal.SIGTERM)
            await until(lambda: rack.poll() is not None)
            assert rack.returncode == 0
            said = (tmp_path / "one.log").read_text(encoding="utf-8").splitlines()
            assert said == [
                f"rack one: active, at {fleet.server.url}",
                "rack one: ends when what is under way has ended",
            ]

    asyncio.run(main())
