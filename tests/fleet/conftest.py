"""A real NATS server for the tests of the fleet: one a session, with a store of its own, on a free port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_fluxscenario.fleet.messages.keys import Key, new_key
from pytest_fluxscenario.fleet.messages.subjects import STREAMS
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.nats_link import NatsTransport, connect
from pytest_fluxscenario.fleet.snake.permissions import Accounts, RackAccount
from pytest_fluxscenario.fleet.snake.server import NatsServer, ServerSettings
from pytest_fluxscenario.fleet.snake.transport import Transport
from tests.fakes.memory import Hub, MemoryTransport

#: Gives connections: of the Mixer, or of the rack of that name.
Connecting = Callable[[str], AbstractAsyncContextManager[Transport]]


@dataclass(frozen=True)
class Running:
    """The server, and the keys of those who may connect."""

    server: NatsServer
    keys: dict[str, Key]

    def access(self, name: str) -> Access:
        """How that one connects."""
        return Access(self.server.url, name, self.keys[name].seed)


@pytest.fixture(scope="session")
def nats_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that the racks ``one`` and ``two`` may connect to."""
    folder = tmp_path_factory.mktemp("nats")
    keys = {name: new_key() for name in ("mixer", "joining", "one", "two")}
    racks = {name: RackAccount(name, keys[name].public, ("default", "other")) for name in ("one", "two")}
    accounts = Accounts(keys["mixer"].public, keys["joining"].public, racks)
    server = NatsServer(ServerSettings(str(folder), port=0), accounts)
    asyncio.run(server.start())
    yield Running(server, keys)
    asyncio.run(server.stop())


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A server of the test's own, which is not started."""
    server = NatsServer(ServerSettings(str(tmp_path / "nats"), port=0), Accounts(new_key().public, new_key().public))
    yield server
    asyncio.run(server.stop())


async def forget_streams(link: NatsTransport) -> None:
    """What an earlier test left on the server is gone."""
    js = link.client.jetstream()
    for info in await js.streams_info():
        if info.config.name in STREAMS:
            await js.delete_stream(info.config.name)


@pytest.fixture(params=["memory", "nats"])
def connecting(request: pytest.FixtureRequest) -> Connecting:
    """Connections over each implementation of the transport."""
    if request.param == "memory":
        hub: list[Hub] = []

        @asynccontextmanager
        async def in_memory(name: str) -> AsyncIterator[Transport]:
            if not hub:
                hub.append(Hub())
            link = MemoryTransport(hub[0])
            yield link
            await link.close()

        return in_memory
    running: Running = request.getfixturevalue("nats_running")

    @asynccontextmanager
    async def over_nats(name: str) -> AsyncIterator[Transport]:
        link = await connect(running.access(name), 10)
        if name == "mixer":
            await forget_streams(link)
        yield link
        await link.close()

    return over_nats
