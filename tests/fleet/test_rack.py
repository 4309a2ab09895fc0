"""A rack: how it is let in, what it does with work, and that nothing it holds is lost; over both transports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.base.errors import FluxError, UsageError
from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.fleet.messages.errors import PassportError, SnakeError
from pytest_fluxscenario.fleet.messages.keys import new_key
from pytest_fluxscenario.fleet.messages.message import Command, Refusal, Work
from pytest_fluxscenario.fleet.messages.subjects import EVIDENCE, work
from pytest_fluxscenario.fleet.rack.config import LinkConfig, RackConfig, read_rack_config
from pytest_fluxscenario.fleet.rack.link import RefusedError
from pytest_fluxscenario.fleet.rack.rack import Rack
from pytest_fluxscenario.fleet.rack.slot import Slot
from pytest_fluxscenario.fleet.rack.state import RackState
from pytest_fluxscenario.fleet.snake.permissions import JOINING
from pytest_fluxscenario.fleet.snake.transport import Stored, Terms, Transport
from pytest_fluxscenario.remote.case import PortableSettings
from tests.fakes.memory import Hub, MemoryTransport
from tests.fakes.packs import failing, needs_hook, scenario, write, write_hook, write_pack
from tests.fakes.waiting import PATIENCE
from tests.fleet.conftest import Connecting
from tests.fleet.desk import cases_of, open_desk, parcel_of, until

_ROOT = Path(__file__).resolve().parents[2]


#: What does not hang on the transport.
_IN_MEMORY = pytest.mark.parametrize("connecting", ["memory"], indirect=True)


@dataclass
class Started:
    """A rack in this process, and how to end it."""

    rack: Rack
    task: asyncio.Task[None]
    said: list[str]
    connections: list[str]
    end: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: asyncio.Event = field(default_factory=asyncio.Event)

    async def stop(self) -> None:
        self.end.set()
        await self.task


@asynccontextmanager
async def _racked(connecting: Connecting, folder: Path, **changes: Any) -> AsyncIterator[Started]:
    """A rack called ``one``, with a key for joining, which is stopped at the end."""
    config = RackConfig(
        name="one", data=str(folder / "rack"), snake=LinkConfig(joining="given"), drain_seconds=PATIENCE
    )
    config = msgspec.structs.replace(config, **changes)
    connections: list[str] = []
    said: list[str] = []
    async with contextlib.AsyncExitStack() as opened:

        async def connect(name: str) -> Transport:
            connections.append(name)
            return await opened.enter_async_context(connecting(name))

        rack = Rack(config, RackState.open(config.data, config.name), connect, said.append)
        rack.work.look = 0.1
        end, at_once = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(rack.run(end, at_once))
        started = Started(rack, task, said, connections, end, at_once)
        try:
            yield started
        finally:
            end.set()
            with contextlib.suppress(FluxError):
                await task


def test_a_new_rack_waits_joins_and_keeps_its_passport(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            desk.standing = "pending"
            async with _racked(connecting, tmp_path) as started:
                await until(lambda: len(desk.hellos) >= 3)
                assert started.connections == [JOINING]
                assert started.said == ["waits to be adopted: fluxrig rack approve one"]
                assert desk.hellos[0].passport == b""
                desk.standing = "active"
                await until(lambda: desk.beats)
                assert started.connections == [JOINING, "one"]
                await started.stop()
            assert (tmp_path / "rack" / "passport").stat().st_mode & 0o777 == 0o600
            known = len(desk.hellos)
            async with _racked(connecting, tmp_path) as started:
                await until(lambda: started.rack.link.standing == "active")
                # It presents the passport, and needs the key for joining no more.
                assert started.connections == ["one"]
                assert desk.hellos[known].passport != b""

    asyncio.run(main())


def test_records_are_those_of_a_local_run(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            pack = write_pack(tmp_path / "packs" / "small")
            write_hook(pack)
            write(pack / "scenarios" / "a.scenario.json", scenario(), failing(), needs_hook())
            parcel = parcel_of(tmp_path, desk, "packs/small/scenarios/a.scenario.json")
            async with _racked(connecting, tmp_path, slots=2):
                await desk.hand_out("run-0001", *parcel.cases)
                await desk.collect(3)
                fetched = len(desk.fetched)
                await desk.hand_out("run-0002", *parcel.cases)
                await desk.collect(6)
            # What it has by its hash is not asked for again.
            assert fetched == len(desk.fetched)
            for said in desk.evidence.values():
                (one,) = said
                assert one.outcome == "ran"
                assert one.done is not None
                record = json.loads(one.done.record)
                assert (record["id"], record["ref"]) == (one.item, one.done.ref)
                assert record["volatile"]["worker"] == "one"
            verdicts = [
                json.loads(said[0].done.record)["result"]["verdict"] for said in desk.evidence.values() if said[0].done
            ]
            assert sorted(verdicts) == ["failed", "failed", "passed", "passed", "passed", "passed"]

    asyncio.run(main())


@_IN_MEMORY
def test_a_rack_that_is_suspended_takes_nothing(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            cases = cases_of(tmp_path, desk, 2)
            desk.standing = "suspended"
            async with _racked(connecting, tmp_path) as started:
                await until(lambda: started.rack.link.standing == "suspended" and desk.beats)
                await desk.hand_out("run-0001", cases[0])
                await asyncio.sleep(0.3)
                assert await link.take(EVIDENCE, 1, 0.2) == []
                await desk.tell("one", Command(do="activate"))
                await desk.collect(1)
                await desk.tell("one", Command(do="suspend"))
                await until(lambda: started.rack.link.standing == "suspended")
                # At the next hello the Mixer says what holds.
                desk.standing = "active"
                await desk.tell("one", Command(do="hello"))
                await desk.hand_out("run-0001", cases[1])
                await desk.collect(2)

    asyncio.run(main())


@_IN_MEMORY
def test_a_rack_that_is_removed_has_to_ask_again(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            link = await stack.enter_async_context(connecting("mixer"))
            desk = await stack.enter_async_context(open_desk(link, tmp_path / "desk"))
            started = await stack.enter_async_context(_racked(connecting, tmp_path))
            await until(lambda: started.rack.link.standing == "active")
            desk.standing = "pending"
            await desk.tell("one", Command(do="remove"))
            await until(lambda: started.connections[-1] == JOINING and started.rack.link.standing == "pending")
            assert started.rack.kept.passport == b""

    asyncio.run(main())


@_IN_MEMORY
def test_a_cancelled_run_is_dropped(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            cases = cases_of(tmp_path, desk, 3)
            async with _racked(connecting, tmp_path) as started:
                await until(lambda: started.rack.link.standing == "active")
                await desk.tell("one", Command(do="cancel", run="run-0001"))
                await until(lambda: started.rack.work._cancelled)
                await desk.hand_out("run-0001", *cases[:2])
                await desk.hand_out("run-0002", cases[2])
                await desk.collect(1)
                assert [run for run, _, _ in desk.evidence] == ["run-0002"]
                assert await link.take(work("default"), 5, 0.2) == []

    asyncio.run(main())


@_IN_MEMORY
def test_work_that_was_taken_too_often_is_given_up(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            desk.terms = Terms(ack_wait=0.3)
            await desk.link.open_queue(work("default"), desk.terms)
            (case,) = cases_of(tmp_path, desk, 1)
            await desk.hand_out("run-0001", case, tries=2)
            # Two racks that take it and never come back.
            assert [one.deliveries for one in await link.take(work("default"), 1, PATIENCE)] == [1]
            assert [one.deliveries for one in await link.take(work("default"), 1, PATIENCE)] == [2]
            async with _racked(connecting, tmp_path):
                await desk.collect(1)
            ((said,),) = desk.evidence.values()
            assert (said.outcome, said.done) == ("given-up", None)
            assert said.reason == "racks took it 2 times, and none came back with a record"

    asyncio.run(main())


@_IN_MEMORY
def test_what_cannot_be_run_is_accounted_for_with_the_reason(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            (case,) = cases_of(tmp_path, desk, 1)
            other = msgspec.structs.replace(case, item="other", content="0" * 64)
            changed = msgspec.structs.replace(
                case, item="changed", pack=msgspec.structs.replace(case.pack, behaviour="sha256:" + "0" * 64)
            )
            escaping = msgspec.structs.replace(case, item="escaping", content="../../../../etc/passwd")
            async with _racked(connecting, tmp_path):
                await desk.hand_out("run-0001", case, other, changed, escaping)
                await desk.collect(4)
            reasons = {item: said[0].reason for (_, item, _), said in desk.evidence.items()}
            assert reasons.pop(case.item) == ""
            assert "there is no blob 000" in reasons["other"]
            assert "the pack is another one" in reasons["changed"]
            assert "a hash is 64 lowercase hex digits" in reasons["escaping"]

    asyncio.run(main())


def test_a_pack_that_went_while_the_rack_runs_is_given_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with open_desk(MemoryTransport(Hub()), tmp_path / "desk") as desk:
            (case,) = cases_of(tmp_path, desk, 1)
            slot = Slot("rack-a", blobs_of(str(tmp_path / "rack")))
            try:
                (first,) = await slot.run([Work(case=case)], lambda _: desk.blobs.read)
                shutil.rmtree(slot.blobs.folder)
                # With other limits the pack is loaded anew.
                work = Work(case=case, settings=PortableSettings(limits=("depth=60",)))
                (second,) = await slot.run([work], lambda _: desk.blobs.read)
            finally:
                slot.close()
                slot.join(5)
            assert (first.outcome, second.outcome, second.reason) == ("ran", "ran", "")

    asyncio.run(main())


@_IN_MEMORY
def test_content_that_was_damaged_is_given_again(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            (case,) = cases_of(tmp_path, desk, 1)
            async with _racked(connecting, tmp_path) as started:
                await desk.hand_out("run-0001", case)
                await desk.collect(1)
                _damage(started.rack.kept.blobs.path(case.content))
                await desk.hand_out("run-0002", case)
                await desk.collect(2)
            assert [said[0].outcome for said in desk.evidence.values()] == ["ran", "ran"]
            refs = {said[0].done.ref for said in desk.evidence.values() if said[0].done is not None}
            assert len(refs) == 1

    asyncio.run(main())


@_IN_MEMORY
def test_a_scenario_that_does_not_end_costs_a_slot_and_not_the_rack(
    connecting: Connecting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            pack = write_pack(tmp_path / "packs" / "small")
            write_hook(pack, _until_there(tmp_path / "go"))
            write(pack / "scenarios" / "a.scenario.json", needs_hook(), scenario())
            slow, quick = parcel_of(tmp_path, desk, "packs/small/scenarios/a.scenario.json").cases
            async with _racked(connecting, tmp_path, scenario_seconds=1.0, drain_seconds=0.1) as started:
                await desk.hand_out("run-0001", slow)
                await desk.collect(1)
                work = started.rack.work
                work.config = msgspec.structs.replace(work.config, scenario_seconds=PATIENCE)
                await desk.hand_out("run-0001", quick)
                await desk.collect(2)
                (tmp_path / "go").touch()
            outcomes = {item.partition("::")[2]: said[0] for (_, item, _), said in desk.evidence.items()}
            assert outcomes["one"].outcome == "ran"
            assert outcomes["hooked"].reason == "it did not come to an end within 1 seconds"

    asyncio.run(main())


@_IN_MEMORY
def test_a_rack_that_ends_brings_what_it_has_to_its_end(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            pack = write_pack(tmp_path / "packs" / "small")
            write_hook(pack, _until_there(tmp_path / "go"))
            write(pack / "scenarios" / "a.scenario.json", needs_hook(), scenario())
            slow, quick = parcel_of(tmp_path, desk, "packs/small/scenarios/a.scenario.json").cases
            async with _racked(connecting, tmp_path) as started:
                await desk.hand_out("run-0001", slow)
                await until(lambda: any(beat.busy for beat in desk.beats))
                await desk.hand_out("run-0001", quick)
                ending = asyncio.create_task(started.stop())
                await until(lambda: desk.beats[-1].draining)
                (tmp_path / "go").touch()
                await ending
            await desk.collect(1)
            assert [item.partition("::")[2] for _, item, _ in desk.evidence] == ["hooked"]
            assert desk.beats[-1].draining
            # What had not begun waits for another.
            assert [one.deliveries for one in await link.take(work("default"), 5, PATIENCE)] == [1]

    asyncio.run(main())


_UNHEARD: list[str] = []


class _Unheard(MemoryTransport):
    """A connection on which nothing is kept: the Mixer's stream does not answer."""

    async def publish(self, subject: str, data: bytes, key: str) -> Stored:
        _UNHEARD.append(key)
        raise SnakeError.of("snake.failed", _place(), f"{subject} does not answer")


def test_nothing_is_acknowledged_before_its_record_is_kept(tmp_path: Path) -> None:
    async def main() -> None:
        hub = Hub()
        link = MemoryTransport(hub)
        _UNHEARD.clear()

        @asynccontextmanager
        async def connecting(_: str) -> AsyncIterator[Transport]:
            yield _Unheard(hub)

        async with open_desk(link, tmp_path / "desk") as desk:
            (case,) = cases_of(tmp_path, desk, 1)
            async with _racked(connecting, tmp_path) as started:
                await desk.hand_out("run-0001", case)
                # It has run, and its record is published again and again.
                await until(lambda: len(_UNHEARD) >= 3)
                assert started.rack.work.done == 0
                assert await link.take(work("default"), 1, 0.2) == []
                started.at_once.set()
                await started.stop()
            (again,) = await link.take(work("default"), 1, PATIENCE)
            assert again.deliveries == 2

    asyncio.run(main())


def _until_there(path: Path) -> str:
    """A hook that goes on when a file is there, and finds nothing risky."""
    return f"""\
import json, os, sys, time
json.load(sys.stdin)
while not os.path.exists({str(path)!r}): time.sleep(0.01)
json.dump({{"facts": {{"risky": False}}}}, sys.stdout)
"""


#: Says that it is risky when it is asked first, and never again.
_REMEMBERS = """\
import json, sys
first = True
for line in sys.stdin:
    print(json.dumps({"status": "ok", "facts": {"risky": first}}), flush=True)
    first = False
"""


@_IN_MEMORY
def test_a_run_meets_no_hook_that_an_earlier_one_has_left(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            pack = write_hook(write_pack(tmp_path / "packs" / "small"), _REMEMBERS, lifetime="session")
            write(pack / "scenarios" / "a.json", needs_hook("one"), needs_hook("two"))
            cases = parcel_of(tmp_path, desk, "packs/small/scenarios/a.json").cases
            async with _racked(connecting, tmp_path):
                for number, run in enumerate(("run-0001", "run-0002"), 1):
                    await desk.hand_out(run, *cases)
                    await desk.collect(2 * number)
            said = {(run, item): one[0].done for (run, item, _), one in desk.evidence.items()}
            # As in two sessions: the process is kept within each.
            for run in ("run-0001", "run-0002"):
                verdicts = [said[run, case.item] for case in cases]
                assert [done.verdict for done in verdicts if done is not None] == ["failed", "passed"]

    asyncio.run(main())


def test_a_rack_that_ends_at_once_gives_back_what_it_has(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            desk.terms = Terms(ack_wait=10 * PATIENCE)
            await desk.link.open_queue(work("default"), desk.terms)
            pack = write_pack(tmp_path / "packs" / "small")
            write_hook(pack, _until_there(tmp_path / "go"))
            write(pack / "scenarios" / "a.scenario.json", needs_hook())
            (slow,) = parcel_of(tmp_path, desk, "packs/small/scenarios/a.scenario.json").cases
            async with _racked(connecting, tmp_path) as started:
                await desk.hand_out("run-0001", slow)
                await until(lambda: any(beat.busy for beat in desk.beats))
                started.at_once.set()
                ending = asyncio.create_task(started.stop())
                # It is given back while the scenario goes on.
                assert [one.deliveries for one in await link.take(work("default"), 5, PATIENCE)] == [2]
                (tmp_path / "go").touch()
                await ending

    asyncio.run(main())


@_IN_MEMORY
@pytest.mark.parametrize("code", ["rack.version", "rack.name"])
def test_a_rack_that_is_refused_says_why_and_ends(connecting: Connecting, tmp_path: Path, code: str) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            desk.refusal = Refusal(code=code, message="the rack is 1, and the Mixer is 2", hint="install the same")
            async with _racked(connecting, tmp_path) as started:
                with pytest.raises(RefusedError, match=r"the rack is 1, and the Mixer is 2 \(install the same\)"):
                    await started.task

    asyncio.run(main())


@_IN_MEMORY
def test_a_rack_works_for_the_mixer_that_adopted_it_alone(connecting: Connecting, tmp_path: Path) -> None:
    async def main() -> None:
        async with connecting("mixer") as link, open_desk(link, tmp_path / "desk") as desk:
            async with _racked(connecting, tmp_path) as started:
                await until(lambda: started.rack.link.standing == "active")
                await started.stop()
            desk.key = new_key()
            async with _racked(connecting, tmp_path) as started:
                with pytest.raises(PassportError, match="is of another Mixer"):
                    await started.task

    asyncio.run(main())


def test_a_mixer_that_is_away_is_waited_for(tmp_path: Path) -> None:
    async def main() -> None:
        said: list[str] = []
        tries = 0

        async def connect(_: str) -> Transport:
            nonlocal tries
            tries += 1
            raise SnakeError.of("snake.unreachable", _place(), "there is no connection")

        config = RackConfig(name="one", data=str(tmp_path))
        rack = Rack(config, RackState.open(config.data, "one"), connect, said.append)
        end = asyncio.Event()
        task = asyncio.create_task(rack.run(end, asyncio.Event()))
        await until(lambda: tries >= 3)
        end.set()
        await task
        # Tried again and again, told once.
        assert said == [
            "offline, trying again: nats://127.0.0.1:4222: there is no connection",
            "ends when what is under way has ended",
        ]

    asyncio.run(main())


def _damage(path: str) -> None:
    Path(path).write_bytes(b"{}")


def _place() -> Any:
    from pytest_fluxscenario.base.place import Place

    return Place("nats://127.0.0.1:4222")


def test_the_sample_configuration_is_one() -> None:
    config = read_rack_config(str(_ROOT / "configs" / "rack.yaml"))
    assert (config.name, config.slots, config.snake.joining) == ("rack-1", 2, "data/keys/joining.nk")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slots: 2\n", ":1:1: the rack config has no 'name'"),
        (
            "name: a.b\n",
            ":1:7: 'a.b' cannot name a rack (a name here has no dot)",
        ),
        ("name: mixer\n", ":1:7: 'mixer' cannot name a rack ('mixer' is kept for the fleet itself)"),
        ("name: a\npools: ['>']\n", ":2:9: '>' cannot name a pool"),
        ("name: a\npools: []\n", ":2:8: the list is empty (leave it out for the default)"),
        ("name: a\ngears: [wheel]\n", ":2:9: there is no gear 'wheel' (in a list: engine; another one is written with"),
        ("name: a\ngears: [engine, engine]\n", ":2:8: a gear stands there twice"),
        ("name: a\ngears: {wheel: }\n", ":2:16: the gear 'wheel' has no address (write stdio:COMMAND, http://"),
        ("name: a\ngears: {wheel: spokes}\n", ":2:16: the gear 'wheel' has no address (write stdio:COMMAND"),
        ("name: a\ngears: {wheel: 'stdio:'}\n", ":2:16: the gear 'wheel' names no command (write stdio:COMMAND"),
        ("name: a\ngears: {engine: 'http://x/'}\n", ":2:17: 'engine' is the built-in engine, and has no address"),
        ("name: a\ngears: {a.b: 'http://x/'}\n", ":2:14: 'a.b' cannot name a gear (a name here has no dot)"),
        ("name: a\ngears: {a>: 'http://x/'}\n", ":2:13: 'a>' cannot name a gear (a name is 1 to 64 of"),
        ("name: a\ngears: {wheel: {address: 'http://x/', timeout: 0}}\n", ":2:16: timeout: 0 is out of bounds"),
        ("name: a\ngears: {wheel: {adress: 'http://x/'}}\n", ":2:17: "),
        ("name: a\ngears: {}\n", ":2:8: the list is empty (leave it out for the default)"),
        ("name: a\nslots: 0\n", ":2:8: slots: 0 is out of bounds (from 1 to 256)"),
        ("name: a\nsnake: {url: 'http://x'}\n", ":2:14: 'http://x' is no address of NATS"),
        ("name: a\nslot: 3\n", ":2:1: unknown field 'slot' in the rack config (did you mean 'slots'?)"),
        ("name: &a x\n", "anchor"),
    ],
)
def test_a_configuration_that_cannot_be_used_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rack.yaml"
    path.write_text(text)
    with pytest.raises(FluxError) as caught:
        read_rack_config(str(path))
    assert said in str(caught.value)
    assert isinstance(caught.value, UsageError) or "anchor" in said
