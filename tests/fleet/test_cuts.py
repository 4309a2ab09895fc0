"""The network between a rack and its server is cut, stalled, half closed and slow: the link comes back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from pytest_fluxscenario.fleet.messages import subjects
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.snake.nats_link import NatsTransport, connect
from pytest_fluxscenario.fleet.snake.transport import Terms
from tests.fakes.proxy import Proxy, proxy_to
from tests.fakes.waiting import PATIENCE
from tests.fleet.conftest import Running, forget_streams
from tests.fleet.desk import until

_WORK = subjects.work("default")
_TERMS = Terms(ack_wait=1.0)


@dataclass
class Cut:
    """The Mixer is beside its server; the rack is behind the proxy."""

    mixer: NatsTransport
    rack: NatsTransport
    proxy: Proxy


@asynccontextmanager
async def _cut(running: Running, pong: float = 10.0) -> AsyncIterator[Cut]:
    mixer = await connect(running.access("mixer"), PATIENCE)
    await forget_streams(mixer)
    await mixer.prepare(_TERMS)
    await mixer.open_queue(_WORK, _TERMS)
    async with proxy_to(running.server.url) as proxy:
        rack = await connect(replace(running.access("one"), url=proxy.url), 30, pong)
        try:
            yield Cut(mixer, rack, proxy)
        finally:
            await rack.close()
            await mixer.close()


def test_work_and_evidence_go_on_over_many_cuts(nats_running: Running) -> None:
    async def main() -> None:
        async with _cut(nats_running) as cut:
            count = 60
            for number in range(count):
                await cut.mixer.publish(_WORK.of("run-1"), b"%d" % number, f"w{number}")
            done: list[bytes] = []

            async def cuts() -> None:
                for kind in (cut.proxy.cut, cut.proxy.half) * 6:
                    reached = len(done) + 2
                    await until(lambda at=reached: len(done) >= min(at, count), PATIENCE)  # type: ignore[misc]  # the at of now
                    kind()

            cutting = asyncio.create_task(cuts())
            async with asyncio.timeout(PATIENCE):
                while len(set(done)) < count:
                    for taken in await cut.rack.take(_WORK, 2, 0.5):
                        # Published again where the answer is lost: the key makes one of them.
                        await cut.rack.publish(subjects.evidence("r1"), taken.data, f"e{taken.data.decode()}")
                        done.append(taken.data)
                        try:
                            await taken.ack()
                        except SnakeError:
                            # It comes again.
                            continue
                await cutting
            assert cut.proxy.connections > 6
            assert await cut.mixer.waiting(subjects.EVIDENCE_STREAM, subjects.evidence("r1")) == count

    asyncio.run(main())


def test_a_network_that_goes_silent_is_noticed_and_left(nats_running: Running) -> None:
    async def main() -> None:
        async with _cut(nats_running, pong=0.5) as cut:
            assert cut.rack.connected
            cut.proxy.stall()
            await until(lambda: not cut.rack.connected, PATIENCE)
            assert await cut.rack.take(_WORK, 1, 0.1) == []
            cut.proxy.go_on()
            await until(lambda: cut.rack.connected, PATIENCE)
            await cut.mixer.publish(_WORK.of("run-1"), b"one", "k1")
            (taken,) = await cut.rack.take(_WORK, 1, 10)
            await taken.ack()

    asyncio.run(main())


def test_what_is_asked_when_the_connection_is_lost_ends_then(nats_running: Running) -> None:
    async def main() -> None:
        async with _cut(nats_running) as cut:
            asked = asyncio.Event()

            async def never(_: str, __: bytes) -> None:
                asked.set()

            await cut.mixer.subscribe(subjects.CONTENT, never)
            asking = asyncio.create_task(cut.rack.request(subjects.CONTENT, b"", 600))
            await asyncio.wait_for(asked.wait(), PATIENCE)
            cut.proxy.cut()
            with pytest.raises(SnakeError, match=r"asking on flux\.content\.get failed: the connection was lost"):
                await asyncio.wait_for(asking, PATIENCE)

    asyncio.run(main())


def test_a_handler_comes_to_its_end_though_the_connection_does_not_last(nats_running: Running) -> None:
    async def main() -> None:
        async with _cut(nats_running) as cut:
            begun, go_on, heard = asyncio.Event(), asyncio.Event(), list[bytes]()

            async def slow(_: str, data: bytes) -> None:
                begun.set()
                await go_on.wait()
                heard.append(data)

            await cut.rack.subscribe(subjects.commands("one"), slow)
            await cut.mixer.send(subjects.commands("one"), b"first")
            await asyncio.wait_for(begun.wait(), PATIENCE)
            cut.proxy.cut()
            await until(lambda: cut.rack.connected and cut.proxy.connections > 1, PATIENCE)
            await cut.mixer.send(subjects.commands("one"), b"second")
            await asyncio.sleep(0.2)
            # One at a time, also over connections.
            assert heard == []
            go_on.set()
            await until(lambda: heard == [b"first", b"second"], PATIENCE)

    asyncio.run(main())


def test_a_server_that_hangs_up_while_it_is_greeted_is_tried_again(nats_running: Running) -> None:
    async def main() -> None:
        async with _cut(nats_running) as cut:
            cut.proxy.rude = True
            cut.proxy.cut()
            before = cut.proxy.connections
            await until(lambda: cut.proxy.connections > before + 2, PATIENCE)
            assert not cut.rack.connected
            cut.proxy.rude = False
            await until(lambda: cut.rack.connected, PATIENCE)
            await cut.rack.send(subjects.heartbeat("one"), b"")

    asyncio.run(main())


def test_a_slow_line_is_one(nats_running: Running) -> None:
    async def main() -> None:
        async with _cut(nats_running) as cut:
            cut.proxy.delay = 0.02
            data = bytes(2 << 20)
            kept = await cut.rack.publish(subjects.evidence("r2"), data, "large")
            assert not kept.duplicate
            assert cut.rack.connected
            assert cut.proxy.connections == 1

    asyncio.run(main())
