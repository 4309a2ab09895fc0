"""The Snake over NATS JetStream."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import nats.errors
import nats.js.errors
from nats.js import api

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.subjects import STREAMS, Queue
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.nats_publish import Publishing
from pytest_fluxscenario.fleet.snake.nats_pull import Pull
from pytest_fluxscenario.fleet.snake.nats_reconnect import ERRORS, Link, Listening
from pytest_fluxscenario.fleet.snake.nats_session import LostError, Session
from pytest_fluxscenario.fleet.snake.nats_taken import Taken
from pytest_fluxscenario.fleet.snake.streams import make_stream
from pytest_fluxscenario.fleet.snake.transport import Delivery, Handler, Stored, Subscription, Terms

if TYPE_CHECKING:
    from nats.aio.msg import Msg

    from pytest_fluxscenario.fleet.snake.nats_client import OpenClient

#: Seconds that the server is given for an answer, beside the time that a message of this many bytes takes.
_WAIT: Final = 5.0
_SLOWEST: Final = 1 << 20
#: Seconds for which something durable is tried again, for instance while the server is started anew.
_PATIENCE: Final = 30.0
_BETWEEN: Final = 0.25
_CLOSING: Final = 1.0
#: What a server says of a stream that keeps as many bytes, or messages, as it may.
_NO_ROOM: Final = (10077, 10078)
#: Messages that may be under way at a time, over all takers of a queue.
_UNDER_WAY: Final = 65_536


async def connect(access: Access, wait: float = _PATIENCE, pong: float = 10.0) -> NatsTransport:
    """A link, which comes back by itself when it is lost; a ping must be answered in ``pong`` seconds.

    Raises SnakeError where there is none within ``wait`` seconds, with what was wrong last; UsageError for files.
    """
    if access.encrypted:
        access.context()
    link = Link(access, pong)
    link.begin()
    try:
        await link.first(wait)
    except BaseException:
        await link.close()
        raise
    return NatsTransport(link)


@dataclass(slots=True, eq=False)
class NatsTransport:
    """One link to a server, or to a cluster."""

    link: Link
    _pulls: dict[Queue, Pull] = field(default_factory=dict)
    _publishing: Publishing | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def connected(self) -> bool:
        """Whether the link is up at this moment."""
        return self.link.now is not None

    @property
    def client(self) -> OpenClient:
        """The library's client of the connection that there is now. Raises SnakeError."""
        session = self.link.now
        if session is None:
            raise self.link.failed("the connection", LostError("there is none"))
        return session.client

    async def prepare(self, terms: Terms) -> None:
        """Make the streams, where they are not there yet."""
        for name, subject in STREAMS.items():

            async def make(session: Session, name: str = name, subject: str = subject) -> None:
                await make_stream(session.client, self.link.access.url, name, subject, terms)

            await self.link.do(f"making the stream {name}", make, _PATIENCE)

    async def open_queue(self, queue: Queue, terms: Terms) -> None:
        """Make the queue, where it is not there yet; one that is there is given these terms."""
        config = api.ConsumerConfig(
            durable_name=queue.name,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=terms.ack_wait,
            max_deliver=terms.most_deliveries or -1,
            filter_subject=queue.subject,
            max_ack_pending=_UNDER_WAY,
        )
        await self.link.do(
            f"the queue {queue.subject}", lambda session: session.js.add_consumer(queue.stream, config=config)
        )

    async def publish(self, subject: str, data: bytes, key: str) -> Stored:
        """Keep a message; tried again while the server cannot be reached, which the key makes harmless."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        answer = _WAIT + len(data) / _SLOWEST

        while True:
            try:
                publishing = await self._publisher(min(answer, until - loop.time()))
                self._fits(publishing.session, subject, data)
                return await publishing.publish(subject, data, key, min(answer, until - loop.time()))
            except ERRORS as error:
                if isinstance(error, nats.js.errors.APIError) and error.err_code in _NO_ROOM:
                    said = f"there is no more room for {shown(subject, 300)}"
                    hint = "what is there has to be taken first; or raise queue_bytes under 'snake' of the Mixer"
                    raise self.link.error("snake.full", said, hint) from None
                if self.link.closed or loop.time() + _BETWEEN >= until or not _passes(error):
                    raise self.link.failed(f"publishing to {subject}", error) from None
                await asyncio.sleep(_BETWEEN)

    async def withdraw(self, stream: str, subject: str) -> int:
        """Drop all messages of that subject; gives how many there were."""

        async def drop(session: Session) -> int:
            # Not one by one: the server overwrites each of them, which takes a minute for ten thousand. What the
            # library has for it does not say how many they were.
            body = json.dumps({"filter": subject}).encode()
            answer = await session.client.request(f"$JS.API.STREAM.PURGE.{stream}", body, timeout=_WAIT)
            said = json.loads(answer.data)
            if "error" in said:
                raise nats.js.errors.APIError.from_error(said["error"])
            return int(said["purged"])

        return await self.link.do(f"withdrawing {subject}", drop)

    async def waiting(self, stream: str, subject: str) -> int:
        """How many messages of that subject are kept, given out or not."""

        async def count(session: Session) -> int:
            info = await session.js.stream_info(stream, subjects_filter=subject)
            return sum((info.state.subjects or {}).values())

        return await self.link.do(f"asking about {subject}", count)

    async def take(self, queue: Queue, most: int, wait: float) -> list[Delivery]:
        """Up to ``most`` messages; none, without an error, while the server cannot be reached."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        taken: list[Msg] = []
        while not taken:
            left = max(until - loop.time(), 0)
            try:
                taken = await (await self._pull(queue, left)).take(most, left)
            except (TimeoutError, LostError):
                # Another connection, if there is one in time.
                if self.link.closed:
                    raise self.link.failed(f"taking from {queue.subject}", LostError("closed")) from None
            except (OSError, nats.errors.Error) as error:
                raise self.link.failed(f"taking from {queue.subject}", error) from None
            if loop.time() >= until:
                break
        return [Taken(self.link, message) for message in taken]

    async def done(self, several: Sequence[Delivery]) -> None:
        """They are done with; returns when the server has heard it, and not what its queue makes of each."""

        async def say(session: Session) -> None:
            for delivery in several:
                if isinstance(delivery, Taken):
                    await session.client.publish(delivery.message.reply, b"+ACK")
            await session.ping()

        await self.link.do("acknowledging", say, _WAIT)

    async def send(self, subject: str, data: bytes) -> None:
        """Tell whoever listens now. Raises SnakeError where the server does not say that it has heard it."""

        async def say(session: Session) -> None:
            self._fits(session, subject, data)
            await session.client.publish(subject, data)
            await session.ping()

        await self.link.do(f"sending to {subject}", say, _WAIT)

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Listen."""
        listening = Listening(self.link, subject, handler)

        async def listen(session: Session) -> None:
            await listening.begin(session)
            # The server knows of it before anybody is told that it listens.
            await session.ping()

        await self.link.do(f"listening to {subject}", listen)
        self.link.listenings[listening] = None
        return listening

    async def request(self, subject: str, data: bytes, wait: float) -> bytes:
        """Ask. Raises SnakeError where nobody answers in time, and at once when the connection is lost."""

        async def ask(session: Session) -> bytes:
            self._fits(session, subject, data)
            answer: bytes = (await session.client.request(subject, data, timeout=wait)).data
            return answer

        denied = self.link.denials
        try:
            return await self.link.on_session(ask, wait)
        except (TimeoutError, nats.errors.NoRespondersError):
            hint = self.link.denied_since(denied) or "is the Mixer running?"
            raise self.link.error("snake.no-answer", f"nobody answers on {shown(subject, 300)}", hint) from None
        except ERRORS as error:
            raise self.link.failed(f"asking on {subject}", error) from None

    async def close(self) -> None:
        """End the connection, when what was sent has left; what was given out and not taken goes to others."""
        session = self.link.now
        if session is not None:
            with contextlib.suppress(*ERRORS):
                for message in (message for pull in self._pulls.values() for message in pull.left()):
                    await session.bounded(session.client.publish(message.reply, b"-NAK"), _CLOSING)
                await session.ping(_CLOSING)
        await self.link.close()

    async def _pull(self, queue: Queue, wait: float) -> Pull:
        session = await self.link.session(wait)
        known = self._pulls.get(queue)
        if known is None or known.session is not session:
            known = Pull(session, queue)
            self._pulls[queue] = known
            await session.bounded(known.begin(), _WAIT)
        return known

    async def _publisher(self, wait: float) -> Publishing:
        session = self.link.now or await self.link.session(wait)
        if self._publishing is None or self._publishing.session is not session:
            async with self._opening:
                # Many begin to publish at the same time.
                if self._publishing is None or self._publishing.session is not session:
                    begun = Publishing(session)
                    await session.bounded(begun.begin(), _WAIT)
                    self._publishing = begun
        return self._publishing

    def _fits(self, session: Session, subject: str, data: bytes) -> None:
        most = session.client.max_payload
        if most and len(data) > most:
            message = f"a message of {len(data)} bytes for {shown(subject, 300)} is too large"
            raise self.link.error("snake.size", message, f"the server takes {most}")


def _passes(error: Exception) -> bool:
    """Whether the same may go well a little later: the server is not there, or not up yet."""
    if isinstance(error, nats.js.errors.APIError):
        return isinstance(error, nats.js.errors.ServiceUnavailableError)
    return not isinstance(error, nats.errors.MaxPayloadError)
