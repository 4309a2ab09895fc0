"""Two Mixers with one key on one cluster: the data of the first was copied to another machine, and both are started."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.ids import Ids
from pytest_fluxscenario.fleet.messages.keys import new_key
from pytest_fluxscenario.fleet.messages.message import Presence as Said
from pytest_fluxscenario.fleet.messages.subjects import MIXERS
from pytest_fluxscenario.fleet.messages.wire import Writer
from pytest_fluxscenario.fleet.mixer import mixer as mixer_module
from pytest_fluxscenario.fleet.mixer import presence as presence_module
from pytest_fluxscenario.fleet.mixer.presence import Presence
from pytest_fluxscenario.fleet.snake.permissions import Accounts
from pytest_fluxscenario.fleet.snake.transport import Transport
from tests.fakes.fleet import running_mixer
from tests.fakes.memory import Hub, MemoryTransport
from tests.fakes.waiting import PATIENCE, until
from tests.fleet.conftest import Connecting

_URL = "nats://nats.example:4222"
_SAID = r"^nats://nats\.example:4222: another Mixer with the same key works there, on \S+ since \S+Z \(was its data"


def _presence(link: Transport, yielded: list[FluxError], since: int = 0) -> Presence:
    made = Presence(link, Writer(Ids(1)), _URL, yielded.append)
    if since:
        made.own = Said(instance=made.own.instance, since=since, host="there")
    return made


def test_the_second_finds_the_first_until_that_has_ended(
    connecting: Connecting, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        yielded: list[FluxError] = []
        async with connecting("mixer") as one, connecting("mixer") as two:
            first, second = _presence(one, yielded), _presence(two, yielded)
            with monkeypatch.context() as patch:
                # Nobody was there, and that is known at once: nobody is waited for.
                patch.setattr(presence_module, "_ANSWER", 10 * PATIENCE)
                await first.claim()
            for _ in range(2):
                with pytest.raises(SnakeError, match=_SAID):
                    await second.claim()
            await first.end()
            await second.claim()
            await second.end()
            assert yielded == []

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert caplog.text.count("another Mixer with the key of this one asks for its place, on ") == 1


def test_of_two_that_began_at_once_the_later_ends(connecting: Connecting) -> None:
    async def main() -> None:
        async with connecting("mixer") as one, connecting("mixer") as two:
            told: dict[int, list[FluxError]] = {1_000_000_000: [], 2_000_000_000: []}
            older, younger = [_presence(link, told[at], at) for link, at in zip((one, two), told, strict=True)]
            for presence in (older, younger):
                # As if each had asked before the other listened.
                presence._listening = await presence.transport.subscribe(MIXERS, presence._heard)
            await asyncio.gather(older.look(), younger.look())
            assert [len(errors) for errors in told.values()] == [0, 1]
            assert "on there since 1970-01-01T00:00:01.000Z" in str(told[2_000_000_000][0])
            await older.end()
            await younger.end()
            await younger.look()
            assert len(told[2_000_000_000]) == 1

    asyncio.run(main())


def test_what_is_no_question_is_not_answered_and_no_answer_stops_nobody() -> None:
    async def main() -> None:
        async with AsyncExitStack() as ends:
            link, yielded = MemoryTransport(Hub()), list[FluxError]()
            ends.push_async_callback(link.close)
            presence = _presence(link, yielded)
            await presence.claim()
            for data in (b"", b"\xff", b"x" * 1000):
                with pytest.raises(SnakeError):
                    await link.request(MIXERS, data, 0.1)
            await presence.end()

            async def strange(_: str, __: bytes) -> bytes:
                return b"\xff"

            await link.subscribe(MIXERS, strange)
            await _presence(link, yielded).claim()

    asyncio.run(main())


def test_a_mixer_on_a_copy_does_not_start_beside_the_first(tmp_path: Path) -> None:
    hub, snake = Hub(), {"url": _URL}
    with running_mixer(tmp_path / "one", hub=hub, snake=snake):
        shutil.copytree(tmp_path / "one/data/keys", tmp_path / "two/data/keys")
        with pytest.raises(SnakeError, match=_SAID), running_mixer(tmp_path / "two", hub=hub, snake=snake):
            pass
    hub.changed = asyncio.Condition()
    with running_mixer(tmp_path / "two", hub=hub, snake=snake) as second:
        assert second.client().health().status == "ok"


def test_a_mixer_that_finds_an_older_one_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixer_module, "PRESENCE", 0.05)
    hub, older = Hub(), threading.Event()

    async def answer(_: str, data: bytes) -> bytes | None:
        there = Said(instance="another", since=1, host="there")
        return Writer(Ids(2)).encoded(there) if older.is_set() and data else None

    def until_it_ends() -> None:
        with running_mixer(tmp_path, hub=hub, snake={"url": _URL}) as mixer:
            hub.listeners[-1] = (MIXERS, answer)
            client = mixer.client()
            time.sleep(0.3)
            assert client.health().status == "ok"
            older.set()
            with suppress(FluxError):
                until(lambda: client.health().status != "ok")

    with pytest.raises(SnakeError, match=_SAID):
        until_it_ends()


def test_the_cluster_is_told_of_it() -> None:
    mixer = Accounts(new_key().public, new_key().public).users(own=False)[0]["permissions"]
    assert all(MIXERS in mixer[what]["allow"] for what in ("publish", "subscribe"))
