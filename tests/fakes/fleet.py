"""A Mixer in a thread of its own, with the Snake within the process, and racks that run scenarios for real."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from pytest_fluxscenario.base.clock import Clock, SystemClock
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.handful import works_in
from pytest_fluxscenario.fleet.messages.ids import Ids
from pytest_fluxscenario.fleet.messages.keys import Key, new_key
from pytest_fluxscenario.fleet.messages.message import Evidence, Heartbeat, Hello, Message, Work
from pytest_fluxscenario.fleet.messages.passport import sign_evidence, sign_hello
from pytest_fluxscenario.fleet.messages.subjects import HELLO, evidence, heartbeat, once_key, work
from pytest_fluxscenario.fleet.messages.tickets import Tickets
from pytest_fluxscenario.fleet.messages.wire import Writer, decode
from pytest_fluxscenario.fleet.mixer.config import ApiConfig, MixerConfig
from pytest_fluxscenario.fleet.mixer.mixer import Mixer
from pytest_fluxscenario.fleet.mixer.startup import resolve_startup
from pytest_fluxscenario.fleet.rack.fetching import Fetcher
from pytest_fluxscenario.fleet.snake.permissions import Accounts
from pytest_fluxscenario.fleet.snake.transport import Transport
from pytest_fluxscenario.remote.bench import Bench
from pytest_fluxscenario.remote.client import Client
from pytest_fluxscenario.remote.content import bring
from tests.fakes.memory import Hub, MemoryTransport
from tests.fakes.waiting import PATIENCE

TOKEN = "a-token-of-the-tests"
_T = TypeVar("_T")


@dataclass
class MemorySnake:
    """The Snake within one process; it outlives a Mixer, as a server would that keeps its store."""

    hub: Hub
    url: str = "memory"
    accounts: list[Accounts] = field(default_factory=list)
    link: MemoryTransport | None = None

    async def open(self, accounts: Accounts) -> Transport:
        self.accounts.append(accounts)
        self.link = MemoryTransport(self.hub)
        return self.link

    async def reload(self, accounts: Accounts) -> None:
        self.accounts.append(accounts)

    async def close(self) -> None:
        if self.link is not None:
            await self.link.close()


@dataclass
class FakeRack:
    """Says hello, takes work and does it; what it does beside that is the test's to say."""

    name: str
    transport: Transport
    folder: Path
    key: Key = field(default_factory=new_key)
    version: str = field(default_factory=tool)
    pools: tuple[str, ...] = ("default",)
    #: Called with what was taken; where it gives False the rack dies with it.
    before: Callable[[Work], bool] = lambda _work: True
    gears: tuple[str, ...] = ("engine",)
    runtimes: tuple[str, ...] = ()
    #: How often each piece of evidence is published.
    times: int = 1
    taken: list[str] = field(default_factory=list)
    #: Runs of which nothing more is done.
    _writer: Writer = field(default_factory=lambda: Writer(Ids(1)))

    async def hello(self) -> Message:
        """What the Mixer answers."""
        said = Hello(
            rack=self.name,
            key=self.key.public,
            version=self.version,
            gears=self.gears,
            pools=self.pools,
            runtimes=self.runtimes,
        )
        return decode(await self.transport.request(HELLO, self._writer.encoded(sign_hello(said, self.key)), PATIENCE))

    def signed(self, said: Evidence, run: str, tickets: Tickets) -> Evidence:
        """As it would be said of work that the rack was given."""
        ticket = tickets.make(run, said.item, said.attempt)
        return sign_evidence(msgspec.structs.replace(said, ticket=ticket), run, self.key)

    async def beat(self) -> None:
        said = Heartbeat(rack=self.name, slots=1, done=len(self.taken))
        await self.transport.send(heartbeat(self.name), self._writer.encoded(said))

    async def live(self) -> None:
        """Work until it is cancelled, or dies."""
        await self.hello()
        bench = Bench(blobs_of(str(self.folder)), self.name)
        try:
            while True:
                await self.beat()
                for delivery in await self.transport.take(work("default"), 1, 0.5):
                    message, works = works_in(delivery.data)
                    for item in works:
                        self.taken.append(item.case.item)
                        if not self.before(item):
                            return
                        done = await self._done(bench, message.run, item)
                        for number in range(self.times):
                            await self._publish(message.run, done, number, item.issue)
                    await delivery.ack()
        finally:
            bench.close()

    async def _done(self, bench: Bench, run: str, item: Work) -> Evidence:
        """Signed evidence of what came of it."""
        said = await self._ran(bench, run, item)
        return sign_evidence(msgspec.structs.replace(said, ticket=item.ticket), run, self.key)

    async def _ran(self, bench: Bench, run: str, item: Work) -> Evidence:
        case = item.case
        fetched: dict[str, bytes] = {}

        def fetch(digest: str) -> bytes:
            return fetched[digest]

        def go() -> Any:
            bring(case, bench.blobs, fetch)
            return bench.run(case, item.settings)

        while True:
            try:
                try:
                    done = await asyncio.to_thread(go)
                    break
                except KeyError as missing:
                    fetched[missing.args[0]] = await self._fetch(missing.args[0], run, item)
            except FluxError as error:
                said = str(error)
                return Evidence(rack=self.name, item=case.item, attempt=item.attempt, outcome="refused", reason=said)
        return Evidence(
            rack=self.name,
            item=case.item,
            attempt=item.attempt,
            outcome="missing" if done.missing else "ran",
            reason=done.missing,
            done=None if done.missing else done,
        )

    async def _fetch(self, digest: str, run: str, work: Work) -> bytes:
        return await Fetcher(lambda: self.transport, self._writer, work, run).fetch(digest)

    async def _publish(self, run: str, said: Evidence, number: int, issue: int = 0) -> None:
        # Under keys of their own, as if the Snake had forgotten the first.
        key = once_key(run, said.item, said.attempt, issue) + (f".{number}" if number else "")
        data = self._writer.encoded(said, run=run)
        while True:
            try:
                await self.transport.publish(evidence(run), data, key)
                return
            except SnakeError as error:
                # The Mixer has not taken what is there yet.
                if error.problems[0].code != "snake.full":
                    raise
                await asyncio.sleep(0.05)


@dataclass
class RunningMixer:
    """A Mixer, and the loop that it runs in."""

    mixer: Mixer
    hub: Hub
    loop: asyncio.AbstractEventLoop
    folder: Path
    _racks: list[Any] = field(default_factory=list)
    _clients: list[Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.mixer.url

    def client(self, token: str = TOKEN) -> Client:
        client = Client(self.url, token)
        self._clients.append(client)
        return client

    def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Done in the Mixer's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def rack(self, name: str = "one", **more: Any) -> FakeRack:
        """A rack that is not there yet."""
        return FakeRack(name, MemoryTransport(self.hub), self.folder / f"rack-{name}", **more)

    def start(self, name: str = "one", **more: Any) -> FakeRack:
        """A rack that works."""
        rack = self.rack(name, **more)
        self._racks.append(asyncio.run_coroutine_threadsafe(rack.live(), self.loop))
        return rack

    def end_racks(self) -> None:
        for future in self._racks:
            future.cancel()
            with suppress(BaseException):
                future.result(5)
        self._racks.clear()


def config_of(folder: Path, **more: Any) -> MixerConfig:
    """A configuration for tests; sections are given as fields of their own."""
    api = msgspec.structs.replace(ApiConfig(listen="127.0.0.1:0"), **more.pop("api", {}))
    plain = MixerConfig(store=str(folder / "store"), data=str(folder / "data"), api=api)
    changed = {
        name: msgspec.structs.replace(getattr(plain, name), **fields)
        for name, fields in more.items()
        if isinstance(fields, dict)
    }
    return msgspec.structs.replace(plain, **changed)


def as_yaml(config: MixerConfig) -> str:
    """A configuration as a file holds it: YAML holds JSON."""
    return msgspec.json.format(msgspec.json.encode(config), indent=2).decode() + "\n"


@contextmanager
def running_mixer(
    folder: Path,
    *,
    token: str = TOKEN,
    hub: Hub | None = None,
    startup: str = "",
    nats: bool = False,
    clock: Clock | None = None,
    **more: Any,
) -> Iterator[RunningMixer]:
    """A Mixer that adopts every rack, unless ``racks`` says otherwise; with ``nats`` on a server of its own."""
    more.setdefault("racks", {"auto_adopt": True})
    config = config_of(folder, **more)
    running: list[RunningMixer] = []
    ended: list[BaseException] = []
    there = threading.Event()
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        until = asyncio.Event()
        shared = hub or Hub()
        snake = MemorySnake(shared)
        mixer = Mixer(config, token, resolve_startup(config.store, startup), clock=clock or SystemClock())
        if not nats:
            mixer.make_snake = lambda _config, _key: snake
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(until.set))

        def ready(mixer: Mixer) -> None:
            running.append(RunningMixer(mixer, shared, loop, folder))
            there.set()

        await mixer.run(ready, until)

    def thread() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - it is raised in the test
            ended.append(error)
        there.set()

    worker = threading.Thread(target=thread)
    worker.start()
    there.wait(PATIENCE)
    try:
        if ended:
            raise ended[0]
        yield running[0]
    finally:
        if running:
            running[0].end_racks()
            for client in running[0]._clients:
                client.close()
        if stop:
            with suppress(RuntimeError):
                stop[0]()
        worker.join(PATIENCE)
    if ended:
        raise ended[0]
