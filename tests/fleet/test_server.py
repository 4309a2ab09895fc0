"""The NATS server of the Mixer: who may connect and say what, how it starts, ends, and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from pytest_fluxscenario.fleet.messages import subjects
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.keys import new_key
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.nats_link import NatsTransport, connect
from pytest_fluxscenario.fleet.snake.permissions import Accounts, RackAccount, rack_name_fault
from pytest_fluxscenario.fleet.snake.server import NatsServer, ServerSettings
from pytest_fluxscenario.fleet.snake.transport import Delivery, Terms
from tests.fakes.alive import has_ended
from tests.fakes.waiting import PATIENCE
from tests.fleet.conftest import Running
from tests.fleet.desk import until

_WORK = subjects.work("default")
_IN_USE = (
    "the NATS server cannot listen there: address already in use"
    " (is another Mixer running? name another address as 'listen' under 'snake')"
)


def test_who_has_no_account_is_not_let_in(nats_running: Running) -> None:
    async def main() -> None:
        for seed in (new_key().seed, ""):
            with pytest.raises(SnakeError, match=r"there is no connection to NATS: .*Authorization"):
                await connect(Access(nats_running.server.url, "one", seed), 0.4)

    asyncio.run(main())


@pytest.mark.parametrize(
    "subject",
    [
        "flux.work.default.engine.run-1",
        "flux.work.default.mine.run-1",
        "$JS.API.CONSUMER.MSG.NEXT.flux-work.default=mine",
        "$JS.API.CONSUMER.CREATE.flux-work.mine.flux.work.default.mine.*",
        "flux.rack.two.command",
        "flux.rack.one.command",
        "flux.agent.heartbeat.two",
        "flux.telemetry.one",
        "_INBOX.two.x",
        "$JS.API.STREAM.DELETE.flux-work",
        "$JS.API.STREAM.PURGE.flux-evidence",
        "$JS.API.CONSUMER.MSG.NEXT.flux-evidence.mixer",
        "$JS.ACK.flux-evidence.mixer.1.1.1.1.1",
        "$JS.API.CONSUMER.MSG.NEXT.flux-work.secret",
        "$SYS.REQ.SERVER.PING",
    ],
)
def test_a_rack_cannot_say_what_is_not_its_own(nats_running: Running, subject: str) -> None:
    async def main() -> None:
        mixer, rack = await connect(nats_running.access("mixer")), await connect(nats_running.access("one"))
        heard: list[bytes] = []

        async def listen(_: str, data: bytes) -> None:
            heard.append(data)

        if not subject.startswith("$JS.API."):
            await mixer.subscribe(subject, listen)
            await rack.send(subject, b"forged")
        with pytest.raises(SnakeError):
            await rack.request(subject, b"{}", 0.1)
        assert heard == []
        await rack.close()
        await mixer.close()

    asyncio.run(main())


@pytest.mark.parametrize("subject", ["flux.>", "flux.rack.two.command", "_INBOX.>", "_INBOX.two.>", "flux.evidence.*"])
def test_a_rack_cannot_hear_what_is_not_for_it(nats_running: Running, subject: str) -> None:
    async def main() -> None:
        mixer, rack = await connect(nats_running.access("mixer")), await connect(nats_running.access("one"))
        heard: list[bytes] = []

        async def listen(_: str, data: bytes) -> None:
            heard.append(data)

        await rack.subscribe(subject, listen)
        await rack.subscribe(subjects.commands("one"), listen)
        await mixer.send(subject.replace(">", "x").replace("*", "x"), b"not for one")
        await mixer.send(subjects.commands("one"), b"for one")
        await until(lambda: heard)
        assert heard == [b"for one"]
        await rack.close()
        await mixer.close()

    asyncio.run(main())


def test_who_only_joins_may_say_hello_and_no_more(nats_running: Running) -> None:
    async def main() -> None:
        mixer, joining = await connect(nats_running.access("mixer")), await connect(nats_running.access("joining"))

        async def hello(_: str, data: bytes) -> bytes:
            return data

        await mixer.subscribe(subjects.HELLO, hello)
        assert await joining.request(subjects.HELLO, b"x", 2) == b"x"
        for subject in (subjects.CONTENT, "flux.evidence.r", "$JS.API.CONSUMER.MSG.NEXT.flux-work.default"):
            with pytest.raises(SnakeError):
                await joining.request(subject, b"", 0.1)
        await joining.close()
        await mixer.close()

    asyncio.run(main())


def test_a_rack_is_let_in_and_shut_out_while_others_go_on(nats_server: NatsServer) -> None:
    async def main() -> None:
        mixer_key, rack_key = new_key(), new_key()
        nats_server.accounts = Accounts(mixer_key.public, new_key().public)
        await nats_server.start()
        mixer = await connect(Access(nats_server.url, "mixer", mixer_key.seed))
        await nats_server.reload(
            Accounts(mixer_key.public, new_key().public, {"one": RackAccount("one", rack_key.public)})
        )
        rack = await connect(Access(nats_server.url, "one", rack_key.seed), 5)
        assert mixer.connected
        await nats_server.reload(Accounts(mixer_key.public, new_key().public))
        await until(lambda: not rack.connected)
        assert mixer.connected
        await rack.close()
        await mixer.close()

    asyncio.run(main())


def test_only_who_offers_a_gear_takes_its_work(nats_server: NatsServer) -> None:
    async def main() -> None:
        keys = {name: new_key() for name in ("mixer", "joining", "one", "two")}

        def accounts(gears: tuple[str, ...]) -> Accounts:
            one = RackAccount("one", keys["one"].public, ("default",), gears)
            two = RackAccount("two", keys["two"].public, ("default",), ("engine", "other"))
            return Accounts(keys["mixer"].public, keys["joining"].public, {"one": one, "two": two})

        nats_server.accounts = accounts(("engine",))
        await nats_server.start()
        mixer, one, two = [
            await connect(Access(nats_server.url, name, keys[name].seed)) for name in ("mixer", "one", "two")
        ]
        await mixer.prepare(Terms())
        mine = subjects.work("default", "mine")
        for queue in (subjects.work("default"), mine):
            await mixer.open_queue(queue, Terms())
        await mixer.publish(mine.of("run-1"), b"for mine", "a")
        for rack in (one, two):
            assert await _taken(rack, mine) == []
            assert await _taken(rack, subjects.work("default")) == []
        # It was configured anew, and said so.
        await nats_server.reload(accounts(("engine", "mine")))
        for _ in range(20):
            found = await _taken(one, mine)
            if found:
                break
        assert [one.data for one in found] == [b"for mine"]
        await found[0].nak()
        assert await _taken(two, mine) == []
        for link in (mixer, one, two):
            await link.close()

    asyncio.run(main())


def test_a_stream_of_a_version_without_gears_is_widened(nats_server: NatsServer) -> None:
    async def main() -> None:
        key = new_key()
        nats_server.accounts = Accounts(key.public, new_key().public)
        await nats_server.start()
        mixer = await connect(Access(nats_server.url, "mixer", key.seed))
        await mixer.prepare(Terms())
        js = mixer.client.jetstream()
        info = await js.stream_info(subjects.WORK_STREAM)
        await js.update_stream(info.config.evolve(subjects=["flux.work.*"]))
        await mixer.open_queue(_WORK, Terms())
        await mixer.publish("flux.work.default", b"from before", "a")
        await mixer.prepare(Terms())
        mine = subjects.work("default", "mine")
        await mixer.open_queue(mine, Terms())
        await mixer.publish(mine.of("run-1"), b"for mine", "b")
        await mixer.publish(_WORK.of("run-1"), b"for the engine", "c")
        assert [one.data for one in await mixer.take(_WORK, 5, 1)] == [b"for the engine"]
        assert [one.data for one in await mixer.take(mine, 5, 1)] == [b"for mine"]
        await mixer.close()

    asyncio.run(main())


async def _taken(rack: NatsTransport, queue: subjects.Queue) -> list[Delivery]:
    with suppress(SnakeError):
        return await rack.take(queue, 5, 0.3)
    return []


def test_what_was_acknowledged_outlives_a_server_that_is_killed(nats_server: NatsServer) -> None:
    async def main() -> None:
        key = new_key()
        nats_server.accounts = Accounts(key.public, new_key().public)
        await nats_server.start()
        await nats_server.keep(0.05)
        mixer = await connect(Access(nats_server.url, "mixer", key.seed))
        await mixer.prepare(Terms())
        await mixer.open_queue(_WORK, Terms(ack_wait=0.5))
        for number in range(5):
            await mixer.publish(_WORK.of("run-1"), b"%d" % number, f"k{number}")
        (taken,) = await mixer.take(_WORK, 1, 1)
        await taken.ack()
        pid, url = nats_server.pid, nats_server.url
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        # Kept while the server is away, and once although it is tried again.
        await mixer.publish(_WORK.of("run-1"), b"5", "k5")
        assert (await mixer.publish(_WORK.of("run-1"), b"5", "k5")).duplicate
        assert (await mixer.publish(_WORK.of("run-1"), b"1", "k1")).duplicate
        assert nats_server.pid not in (None, pid)
        assert nats_server.url == url
        seen: list[bytes] = []
        while len(seen) < 5:
            for one in await mixer.take(_WORK, 10, 2):
                seen.append(one.data)
                await one.ack()
        assert sorted(seen) == [b"1", b"2", b"3", b"4", b"5"]
        await mixer.close()

    asyncio.run(main())


def test_it_ends_with_who_started_it(tmp_path: Path) -> None:
    program = """
import asyncio, sys, time
from pytest_fluxscenario.fleet.messages.keys import new_key
from pytest_fluxscenario.fleet.snake.permissions import Accounts
from pytest_fluxscenario.fleet.snake.server import NatsServer, ServerSettings
server = NatsServer(ServerSettings(sys.argv[1], port=0), Accounts(new_key().public, new_key().public))
asyncio.run(server.start())
print(server.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.kill()
    assert has_ended(pid)


def test_a_server_that_cannot_listen_says_why(nats_server: NatsServer, tmp_path: Path) -> None:
    async def main() -> None:
        await nats_server.start()
        port = int(nats_server.url.rpartition(":")[2])
        other = NatsServer(ServerSettings(str(tmp_path / "other"), port=port), nats_server.accounts)
        with pytest.raises(
            SnakeError, match=r"^127\S+: the NATS server cannot listen there: address already in use \(is"
        ):
            await other.start()

    asyncio.run(main())


def _listen(port: int) -> socket.socket:
    """As soon as a process that was killed has let go of it."""
    while True:
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
        time.sleep(0.001)


def test_one_that_cannot_be_started_again_is_told_of_until_it_can(
    nats_server: NatsServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def until_it_says(text: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while text not in caplog.text:  # noqa: ASYNC110 - a log has no event for it
                await asyncio.sleep(0.02)

    async def main() -> None:
        await nats_server.start()
        await nats_server.keep(0.3)
        pid, port = nats_server.pid, int(nats_server.url.rpartition(":")[2])
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert has_ended(pid)
        with _listen(port):
            await until_it_says("cannot listen")
            await asyncio.sleep(1)
        await until_it_says("runs again")
        assert nats_server.pid not in (None, pid)

    asyncio.run(main())
    port = nats_server.url.rpartition(":")[2]
    assert [record.getMessage() for record in caplog.records if record.name == "fluxrig.mixer"] == [
        f"the NATS server does not run as it should, and it is tried again: 127.0.0.1:{port}: {_IN_USE}",
        "the NATS server runs again",
    ]


def test_its_log_is_bounded_and_for_nobody_else(nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_fluxscenario.fleet.snake.server._LOG_BYTES", 3_000)

    async def main() -> None:
        await nats_server.start()
        # A server that has much to do hears several signals as one.
        async with asyncio.timeout(PATIENCE):
            for number in count():
                await nats_server.reload(nats_server.accounts)
                await asyncio.sleep(0.01)
                if number > 60 and len(logs()) > 1:
                    break

    def logs() -> list[Path]:
        return sorted(Path(nats_server.settings.folder).glob("nats.log*"))

    asyncio.run(main())
    files = logs()
    assert 2 <= len(files) <= 4
    assert all(file.stat().st_size < 6_000 and file.stat().st_mode & 0o077 == 0 for file in files)


def test_the_configuration_is_for_nobody_else(nats_server: NatsServer) -> None:
    asyncio.run(nats_server.start())
    folder = Path(nats_server.settings.folder)
    for name in ("nats.conf", "nats.log"):
        assert (folder / name).stat().st_mode & 0o077 == 0
    assert nats_server.url.startswith("nats://127.0.0.1:")


def test_what_is_too_large_does_not_reach_the_server(nats_running: Running) -> None:
    async def main() -> None:
        rack = await connect(nats_running.access("one"))
        data = bytes(rack.client.max_payload + 1)
        for sending in (
            rack.send(subjects.heartbeat("one"), data),
            rack.request(subjects.HELLO, data, 1),
            rack.publish(subjects.evidence("r"), data, "k"),
        ):
            with pytest.raises(SnakeError, match=r"a message of \d+ bytes for flux\.\S+ is too large"):
                await sending
        assert rack.connected
        await rack.close()

    asyncio.run(main())


def test_accounts_that_cannot_be() -> None:
    key = new_key().public
    with pytest.raises(ValueError, match="two accounts have one key"):
        Accounts(key, key).users()
    with pytest.raises(ValueError, match="is no public nkey"):
        Accounts(key, "U" + "A" * 55).users()
    with pytest.raises(SnakeError, match="cannot be used"):
        Accounts(key, new_key().public, {">": RackAccount(">", new_key().public)}).users()


@pytest.mark.parametrize("name", ["mixer", "joining", "a.b", "*", ""])
def test_names_that_no_rack_can_have(name: str) -> None:
    assert rack_name_fault(name)
    assert rack_name_fault("rack-1") is None
