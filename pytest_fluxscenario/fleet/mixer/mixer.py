"""The Mixer: all its parts, begun in order and ended in the opposite one (fleet.md, "Mixer")."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.clock import Clock, SystemClock
from pytest_fluxscenario.base.errors import FluxError, UsageError
from pytest_fluxscenario.base.fs import make_folder
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.fleet.configuration import split_address
from pytest_fluxscenario.fleet.messages.ids import Ids, machine_of
from pytest_fluxscenario.fleet.messages.keys import Key
from pytest_fluxscenario.fleet.messages.tickets import Tickets
from pytest_fluxscenario.fleet.messages.wire import Writer
from pytest_fluxscenario.fleet.mixer.admission import Admission
from pytest_fluxscenario.fleet.mixer.config import MixerConfig
from pytest_fluxscenario.fleet.mixer.content import Content
from pytest_fluxscenario.fleet.mixer.data_folder import check_data
from pytest_fluxscenario.fleet.mixer.dropping import DROP, Dropping
from pytest_fluxscenario.fleet.mixer.exposure import is_loopback
from pytest_fluxscenario.fleet.mixer.ground import Ground, ground_of
from pytest_fluxscenario.fleet.mixer.history.history import History
from pytest_fluxscenario.fleet.mixer.listener import Listener
from pytest_fluxscenario.fleet.mixer.measures import exported
from pytest_fluxscenario.fleet.mixer.offers import Offers
from pytest_fluxscenario.fleet.mixer.orders import Orders
from pytest_fluxscenario.fleet.mixer.presence import PRESENCE, Presence
from pytest_fluxscenario.fleet.mixer.queues import Queues
from pytest_fluxscenario.fleet.mixer.runs.acceptance import Acceptance
from pytest_fluxscenario.fleet.mixer.runs.evidence import RunEvidence
from pytest_fluxscenario.fleet.mixer.runs.handfuls import Handfuls
from pytest_fluxscenario.fleet.mixer.runs.handing import Handing
from pytest_fluxscenario.fleet.mixer.runs.runs import Runs
from pytest_fluxscenario.fleet.mixer.runs.table import RunTable
from pytest_fluxscenario.fleet.mixer.seeker import SEEK, Seeker
from pytest_fluxscenario.fleet.mixer.service import Service
from pytest_fluxscenario.fleet.mixer.startup import Startup
from pytest_fluxscenario.fleet.mixer.upkeep import UPKEEP, Upkeep
from pytest_fluxscenario.fleet.mixer.web.connections import Connections, fitting
from pytest_fluxscenario.fleet.mixer.web.endpoint import PATH, make_app
from pytest_fluxscenario.fleet.mixer.web.guard import Guard
from pytest_fluxscenario.fleet.mixer.web.http import HttpServer
from pytest_fluxscenario.fleet.mixer.web.page import PAGES
from pytest_fluxscenario.fleet.mixer.web.rest import ENDPOINTS
from pytest_fluxscenario.fleet.repeating import Repeating
from pytest_fluxscenario.fleet.snake.snake import Snake, make_snake
from pytest_fluxscenario.fleet.snake.transport import Terms, Transport

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry

DATABASE: Final = "fluxrig.duckdb"
#: Bytes of each stream on a server of its own: a scenario has some hundred, a record some thousand.
_ROOM: Final = 4 << 30
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
#: What a Mixer is told to do with its keys: make the Snake.
SnakeMaker = Callable[[MixerConfig, Key], Snake]


@dataclass(slots=True)
class Mixer:
    """A Mixer that is running; ``run`` begins and ends it."""

    config: MixerConfig
    #: Empty where whoever asks is answered.
    token: str
    startup: Startup
    make_snake: SnakeMaker = lambda config, key: make_snake(config.snake, config.data, key)
    #: What it exports; None for nothing. Whoever made it ends it.
    telemetry: Telemetry | None = None
    #: What tells when runs were begun, racks were seen, and what is old.
    clock: Clock = SystemClock()  # noqa: RUF009 - a frozen value
    #: Where it is reached, once it runs.
    url: str = ""
    #: Where its racks find the Snake.
    snake_url: str = ""
    #: How many runs it went on with.
    resumed: int = 0
    service: Service | None = field(default=None, repr=False)
    #: Those of the API.
    connections: Connections = field(default_factory=Connections, repr=False)

    async def run(self, ready: Callable[[Mixer], None], until: asyncio.Event) -> None:
        """Serve until ``until``; ``ready`` is called when all of it is there.

        Raises FluxError where a part cannot begin: the address, the database, the Snake; and where it gives way to
        another Mixer with its key.
        """
        config = self.config
        check_listen(config)
        async with AsyncExitStack() as parts:
            http = self._door(parts)
            ground = parts.enter_context(ground_of(config, DATABASE, self.clock))
            snake = self.make_snake(config, ground.key)
            parts.push_async_callback(snake.close)
            link = await snake.open(ground.accounts())
            writer, ended = Writer(Ids(machine_of(ground.key.public), self.clock), self.clock), list[FluxError]()
            if config.snake.url:

                def give_way(why: FluxError) -> None:
                    ended.append(why)
                    until.set()

                await _claim(Presence(link, writer, config.snake.url, give_way), parts)
            queues = Queues(link, _terms(config, ground.key.public), config.work.pools, ground.registry)
            await queues.prepare()
            content, evidence = self._contents()
            runs = self._runs(ground, link, writer, content)
            admission = Admission(snake, queues, ground.accounts)
            listener = self._listener(ground, link, writer, runs, admission)
            orders = Orders(listener, ground.registry, admission)
            self.service = service = self._service(ground, runs, evidence, link, orders)
            self.resumed = await runs.resume()
            await listener.start()
            parts.push_async_callback(listener.stop)
            seeker = Seeker(runs, link, queues.prepare, Offers(ground.registry).can)
            for part in _repeated(config, runs, seeker, service):
                parts.push_async_callback(part.start().stop)
            http.app = exported(self.telemetry, self._guarded(service), PATH, runs, ground.registry)
            await http.start()
            # Before all that it answers from.
            parts.push_async_callback(_hang_up, runs, http)
            self.url, self.snake_url = http.url, snake.url
            ready(self)
            await until.wait()
            if ended:
                raise ended[0]

    def _door(self, parts: AsyncExitStack) -> HttpServer:
        """The address, taken: whoever finds it taken has begun nothing yet."""
        api = self.config.api
        check_data(self.config.data, DATABASE)
        make_folder(self.config.data)
        host, port = split_address(api.listen) or ("127.0.0.1", 8090)
        http = HttpServer(None, host, port, api.body_seconds, api.tls_cert, api.tls_key)
        self.connections = http.connections = Connections(fitting(api.connections))
        http.bind()
        parts.push_async_callback(http.stop)
        return http

    def _runs(self, ground: Ground, link: Transport, writer: Writer, content: Content) -> Runs:
        work = self.config.work
        tickets, history = Tickets.of(ground.key), History(ground.database)
        handing = Handing(history, link, writer, Handfuls(content), tickets, work.tries, Offers(ground.registry).slots)
        acceptance = Acceptance(tickets, ground.registry)
        return Runs(RunTable(history), handing, content, work.pools, acceptance, self.clock)

    def _listener(self, ground: Ground, link: Transport, writer: Writer, runs: Runs, admission: Admission) -> Listener:
        return Listener(
            link,
            writer,
            ground.registry,
            runs,
            runs.content,
            ground.passport,
            admission.settle,
            self.config.racks.beat,
            ground.key.public,
            self.config.work.ack_wait,
            self.telemetry,
        )

    def _service(self, ground: Ground, runs: Runs, evidence: RunEvidence, link: Transport, orders: Orders) -> Service:
        return Service(
            ground.registry,
            runs,
            runs.content,
            evidence,
            self.startup,
            tool(),
            lambda: link.connected,
            orders.changed,
            orders.cancelled,
            self.telemetry,
        )

    def _guarded(self, service: Service) -> Guard:
        """The API and the pages, behind their door."""
        api = self.config.api
        app = make_app(service, ENDPOINTS, PAGES)
        return Guard(app, self.token, _hosts(self.config), api.body_bytes, api.body_seconds, self.connections)

    def _contents(self) -> tuple[Content, RunEvidence]:
        data = self.config.data
        content = Content(
            blobs_of(self.config.store) if self.startup.store is not None else None,
            blobs_of(os.path.join(data, "content")),
        )
        content.trimmer.clock = self.clock
        scratch = os.path.join(data, "scratch")
        # What a Mixer that was killed has left there.
        shutil.rmtree(scratch, ignore_errors=True)
        return content, RunEvidence(content, scratch)


async def _hang_up(runs: Runs, http: HttpServer) -> None:
    """Who waits for records is answered, and asks the Mixer that is started next."""
    runs.attending.end()
    await runs.end()
    await http.stop()
    await runs.handing.stop()


async def _claim(presence: Presence, parts: AsyncExitStack) -> None:
    """Be the only Mixer with its key, or raise SnakeError; whoever comes later finds it, until all parts end."""
    await presence.claim()
    parts.push_async_callback(presence.end)
    failed, well = "whether another Mixer has the same key could not be asked", "other Mixers are asked for again"
    parts.push_async_callback(Repeating(presence.look, PRESENCE, failed, well).start().stop)


def _repeated(config: MixerConfig, runs: Runs, seeker: Seeker, service: Service) -> Iterator[Repeating]:
    """What is looked at now and then."""
    upkeep, dropping = Upkeep(runs, config.keep, runs.clock), Dropping(runs, service.cancel)
    yield Repeating(
        upkeep.tend, UPKEEP, "what is old could not be removed", "what is old is removed again", at_once=True
    )
    yield Repeating(
        seeker.look, min(config.work.ack_wait, SEEK), "what is left of runs could not be seen", "runs are seen again"
    )
    yield Repeating(
        dropping.look,
        DROP,
        "a run that nobody waits for could not be dropped",
        "runs that nobody waits for are dropped",
    )


def _terms(config: MixerConfig, key: str) -> Terms:
    snake = config.snake
    # On a server of one's own nobody else can have made a stream.
    owner = key if snake.url else ""
    room = snake.queue_bytes or (0 if snake.url else _ROOM)
    return Terms(ack_wait=config.work.ack_wait, replicas=snake.replicas, most_bytes=room, owner=owner)


def _hosts(config: MixerConfig) -> frozenset[str]:
    """What the Mixer may be called: loopback, the address that it listens on, this machine, what is added."""
    listen = (split_address(config.api.listen) or ("127.0.0.1", 0))[0]
    names = {*_LOOPBACK, listen, *config.api.hosts}
    if not is_loopback(listen):
        names |= {socket.gethostname(), socket.getfqdn()}
    return frozenset(name.lower() for name in names)


def check_listen(config: MixerConfig) -> None:
    """Raise UsageError for a Mixer that answers all the world without a token."""
    listen = (split_address(config.api.listen) or ("127.0.0.1", 0))[0]
    if config.api.without_token and not is_loopback(listen):
        message = f"'without_token' is for this machine alone, and the Mixer listens on {listen}"
        raise UsageError.of("config.token", Place("api"), message, "listen on 127.0.0.1, or give it a token")
