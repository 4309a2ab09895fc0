"""Publishing over one connection: what was kept is told, and what was not is told as well."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nats.errors
import nats.js.errors
import pytest

from pytest_fluxscenario.fleet.messages.keys import new_key
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.nats_link import NatsTransport, connect
from pytest_fluxscenario.fleet.snake.nats_publish import Publishing
from pytest_fluxscenario.fleet.snake.nats_session import LostError, Session
from pytest_fluxscenario.fleet.snake.permissions import Accounts
from pytest_fluxscenario.fleet.snake.server import NatsServer, ServerSettings
from pytest_fluxscenario.fleet.snake.transport import Terms

_SUBJECT = "flux.evidence.run-0001"


async def _opened(folder: Path) -> tuple[NatsServer, NatsTransport, Session]:
    key = new_key()
    server = NatsServer(ServerSettings(str(folder), port=0), Accounts(key.public, new_key().public))
    await server.start()
    link = await connect(Access(server.url, "mixer", key.seed))
    await link.prepare(Terms())
    session = link.link.now
    assert session is not None
    return server, link, session


def test_each_is_told_of_its_own_and_nothing_is_left(tmp_path: Path) -> None:
    async def main() -> None:
        server, link, session = await _opened(tmp_path)
        publishing = Publishing(session)
        await publishing.begin()
        many = [publishing.publish(_SUBJECT, b"x" * 5_000, f"key-{number % 150}", 10) for number in range(300)]
        kept = await asyncio.gather(*many)
        assert sorted(one.sequence for one in kept if not one.duplicate) == list(range(1, 151))
        # A duplicate is told the number of the first: keys, and no answers, were mixed up otherwise.
        assert [one.sequence for one in kept[150:]] == [one.sequence for one in kept[:150]]
        with pytest.raises(nats.js.errors.NoStreamResponseError):
            await publishing.publish("nobody.keeps.this", b"", "key", 10)
        with pytest.raises(nats.js.errors.APIError, match="expected stream"):
            await _refused(publishing)
        assert (publishing._answers, publishing._waiting, publishing._writing) == ({}, [], None)
        await link.close()
        await server.stop()

    asyncio.run(main())


async def _refused(publishing: Publishing) -> None:
    """What the stream itself refuses: the header says that it is another one."""
    publish = publishing.session.client.publish

    async def with_header(subject: str, data: bytes, reply: str, headers: dict[str, str]) -> None:
        await publish(subject, data, reply, headers={**headers, "Nats-Expected-Stream": "another"})

    publishing.session.client.publish = with_header
    try:
        await publishing.publish(_SUBJECT, b"", "another-key", 10)
    finally:
        publishing.session.client.publish = publish


def test_nobody_waits_for_ever(tmp_path: Path) -> None:
    async def main() -> None:
        server, link, session = await _opened(tmp_path)
        publishing = Publishing(session)
        await publishing.begin()
        stuck = asyncio.Event()

        async def never(*_: object, **__: object) -> None:
            await stuck.wait()

        publish, session.client.publish = session.client.publish, never
        with pytest.raises(TimeoutError):
            await publishing.publish(_SUBJECT, b"", "key-1", 0.05)
        cancelled = asyncio.create_task(publishing.publish(_SUBJECT, b"", "key-2", 10))
        waiting = asyncio.create_task(publishing.publish(_SUBJECT, b"", "key-3", 10))
        await asyncio.sleep(0.01)
        cancelled.cancel()
        session.client.publish = publish
        # Whoever wrote to a connection that takes nothing goes on when it does: what was given up is not written.
        stuck.set()
        assert (await waiting).sequence == 1
        session.client.publish = never
        stuck.clear()
        waiting = asyncio.create_task(publishing.publish(_SUBJECT, b"", "key-4", 10))
        await asyncio.sleep(0.01)
        await session.close()
        with pytest.raises((LostError, OSError, nats.errors.Error)):
            await waiting
        assert publishing._answers == {}
        await link.close()
        await server.stop()

    asyncio.run(asyncio.wait_for(main(), 60))
