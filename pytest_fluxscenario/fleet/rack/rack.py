"""A Rack: it takes scenarios from its Mixer, runs them as pytest does, and gives back records (fleet.md, "Rack")."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.ids import Ids, machine_of
from pytest_fluxscenario.fleet.messages.keys import Key, read_key
from pytest_fluxscenario.fleet.messages.wire import Writer
from pytest_fluxscenario.fleet.rack.config import RackConfig
from pytest_fluxscenario.fleet.rack.link import Connect, RackLink
from pytest_fluxscenario.fleet.rack.measures import watch_rack
from pytest_fluxscenario.fleet.rack.room import RackRoom
from pytest_fluxscenario.fleet.rack.slot import Slot
from pytest_fluxscenario.fleet.rack.state import RackState, alone_in
from pytest_fluxscenario.fleet.rack.telling import Telling
from pytest_fluxscenario.fleet.rack.work import RackWork
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.credentials import read_credentials
from pytest_fluxscenario.fleet.snake.nats_link import connect
from pytest_fluxscenario.fleet.snake.permissions import JOINING
from pytest_fluxscenario.fleet.snake.transport import Transport
from pytest_fluxscenario.runtimes.here import runtimes_here

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry

#: Seconds that one try to connect may take.
_CONNECT = 5.0


@dataclass(slots=True)
class Rack:
    """One rack. ``run`` begins and ends it."""

    config: RackConfig
    kept: RackState
    connect: Connect
    #: Tells people what becomes of it.
    say: Callable[[str], None]
    #: What it exports; None for nothing. Whoever made it ends it.
    telemetry: Telemetry | None = None
    #: What hooks can run on here.
    runtimes: tuple[str, ...] = ()
    work: RackWork = field(init=False)
    link: RackLink = field(init=False)

    def __post_init__(self) -> None:
        config, writer = self.config, Writer(Ids(machine_of(self.kept.key.public)))
        blobs, telemetry, key = self.kept.blobs, self.telemetry, self.kept.key
        more = config.hook_env, config.secrets, config.gear_settings
        new_slot = partial(Slot, config.name, blobs, *more, telemetry=telemetry)
        room = RackRoom(blobs, config.content_days, config.content_bytes)
        self.work = RackWork(config, writer, new_slot, room, self.say, Telling(writer, key, self.say), telemetry)
        work = self.work
        if telemetry is not None:
            watch_rack(telemetry, work.slots)
        self.link = RackLink(config, self.kept, writer, self.connect, work.beat, work.told, self.say, self.runtimes)
        work.turns.runtimes = self.runtimes

    async def run(self, end: asyncio.Event, at_once: asyncio.Event) -> None:
        """Work until ``end``, then bring what is under way to its end; ``at_once`` gives it back instead.

        Raises RefusedError, PassportError, WriteError where the rack cannot work at all.
        """
        link = asyncio.create_task(self.link.run(), name="link")
        working = asyncio.create_task(self.work.run(self.link), name="work")
        ending = asyncio.create_task(end.wait())
        try:
            await asyncio.wait((link, working, ending), return_when=asyncio.FIRST_COMPLETED)
            if not link.done():
                self.work.draining = True
                self.say("ends when what is under way has ended")
                hurried = asyncio.create_task(at_once.wait())
                await asyncio.wait(
                    (link, working, hurried),
                    timeout=self.config.drain_seconds,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                hurried.cancel()
            if not working.done():
                await self.work.give_back()
        finally:
            ending.cancel()
            for task in (working, link):
                if not task.done():
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
            await asyncio.to_thread(self.work.close)
        for task in (link, working):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error


def make_rack(config: RackConfig, say: Callable[[str], None], telemetry: Telemetry | None = None) -> Rack:
    """The rack of a configuration, which exports what it does by ``telemetry``.

    Raises UsageError for keys that cannot be used, PassportError for a passport of another rack, WriteError.
    """
    kept = RackState.open(config.data, config.name)
    snake = config.snake
    credentials = read_credentials(snake.credentials) if snake.credentials else None
    if snake.joining:
        # One that is not there yet is waited for; one that cannot be used is not.
        read_key(snake.joining)

    def access(name: str) -> Access:
        seed = _joining(snake.joining).seed if name == JOINING else kept.key.seed
        return Access(snake.url, name, seed, snake.ca, snake.cert, snake.key, credentials)

    # What is wrong with files is said at once, and not tried again.
    access(config.name).context()

    async def connect_as(name: str) -> Transport:
        try:
            return await connect(access(name), _CONNECT)
        except UsageError as error:
            raise SnakeError(error.problems) from None

    return Rack(config, kept, connect_as, say, telemetry, runtimes_here(os.environ.get("PATH", os.defpath)))


async def serve(config: RackConfig, say: Callable[[str], None], telemetry: Telemetry | None = None) -> None:
    """Run a rack until SIGTERM or SIGINT; the second one does not wait for what is under way. Raises like ``run``."""
    end, at_once = asyncio.Event(), asyncio.Event()

    def stop() -> None:
        (at_once if end.is_set() else end).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        with alone_in(config.data):
            await make_rack(config, say, telemetry).run(end, at_once)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _joining(path: str) -> Key:
    """The key for joining. Raises UsageError where it cannot be used, and where it is not there yet."""
    key = read_key(path)
    if key is None:
        hint = "the Mixer makes it at its first start, as keys/joining.nk below its 'data': copy it here"
        raise UsageError.of("rack.joining", Place(path), "there is no key for joining yet", hint)
    return key
