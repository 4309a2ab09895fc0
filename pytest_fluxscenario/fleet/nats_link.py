"""The Snake over NATS JetStream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import nats.errors
import nats.js.errors
from nats.js import api

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.access import Access
from pytest_fluxscenario.fleet.errors import SnakeError
from pytest_fluxscenario.fleet.nats_client import OpenClient, open_client
from pytest_fluxscenario.fleet.streams import make_stream
from pytest_fluxscenario.fleet.subjects import STREAMS, Queue
from pytest_fluxscenario.fleet.transport import Delivery, Handler, Stored, Subscription, Terms

if TYPE_CHECKING:
    from nats.aio.client import Client

#: Seconds that the server is given for an answer.
_WAIT: Final = 5.0
#: ... and for one of several tries, each of which may be lost with a connection.
_TRY: Final = 1.5
#: Seconds for which something durable is tried again, for instance while the server is started anew.
_PATIENCE: Final = 30.0
_BETWEEN: Final = 0.25
_CLOSING: Final = 1.0
#: Seconds after which one thing with the library is given up, whatever it says of its own time.
_BOUND: Final = 2 * _WAIT
#: Seconds that one request for messages waits for them.
_SLICE: Final = 1.0
_NOT_FOUND: Final = 404
#: Messages that may be under way at a time, over all takers of a queue.
_UNDER_WAY: Final = 65_536


async def connect(access: Access, wait: float = _PATIENCE) -> NatsTransport:
    """A connection, which comes back by itself when it is lost.

    Raises SnakeError where there is none within ``wait`` seconds, with what was wrong last; UsageError for files.
    """
    return NatsTransport(await open_client(access, wait), access.url)


@dataclass(slots=True)
class _Taken:
    """One delivery of a message."""

    link: NatsTransport
    message: Any

    @property
    def data(self) -> bytes:
        """Its bytes."""
        data: bytes = self.message.data
        return data

    @property
    def sequence(self) -> int:
        """Its number in its stream."""
        return int(self.message.metadata.sequence.stream)

    @property
    def deliveries(self) -> int:
        """How often it has been given out."""
        return int(self.message.metadata.num_delivered or 1)

    async def ack(self) -> None:
        """It is done with; returns when the server has said that it knows."""
        async with self.link.errors("an acknowledgement"):
            # Of what was given out before a server ended its successor says nothing: waiting longer is in vain.
            await self.message.ack_sync(timeout=_TRY)

    async def nak(self, delay: float = 0) -> None:
        """Give it to another."""
        async with self.link.errors("giving back"):
            await self.message.nak(delay=delay or None)

    async def term(self) -> None:
        """Nobody is to have it again."""
        async with self.link.errors("dropping"):
            await self.message.term()

    async def in_progress(self) -> None:
        """The time to acknowledge it begins anew."""
        async with self.link.errors("a sign of progress"):
            await self.message.in_progress()


@dataclass(slots=True)
class _Listening:
    subscription: Any

    async def end(self) -> None:
        """No more of it."""
        with contextlib.suppress(nats.errors.Error):
            await self.subscription.unsubscribe()


@dataclass(slots=True)
class NatsTransport:
    """One connection to a server, or to a cluster."""

    client: OpenClient
    url: str
    _pulls: dict[Queue, tuple[Any, asyncio.Lock]] = field(default_factory=dict)

    @property
    def connected(self) -> bool:
        """Whether the link is up at this moment."""
        return bool(self.client.is_connected) and _is_served(self.client)

    @property
    def closed(self) -> bool:
        """Whether it will not come back: it was closed, or the server no longer knows who this is."""
        return bool(self.client.is_closed)

    async def prepare(self, terms: Terms) -> None:
        """Make the streams, where they are not there yet."""
        for name, subjects in STREAMS.items():
            async with self.errors(f"making the stream {name}", _PATIENCE):
                await make_stream(self.client, self.url, name, subjects, terms)

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
        async with self.errors(f"the queue {queue.subject}"):
            await self.client.jetstream(timeout=_WAIT).add_consumer(queue.stream, config=config)

    async def publish(self, subject: str, data: bytes, key: str) -> Stored:
        """Keep a message; tried again while the server cannot be reached, which the key makes harmless."""
        self._fits(subject, data)
        js = self.client.jetstream(timeout=_WAIT)
        async with self.errors(f"publishing to {subject}", _PATIENCE):
            while True:
                try:
                    kept = await js.publish(subject, data, timeout=_TRY, headers={"Nats-Msg-Id": key})
                    return Stored(int(kept.seq), bool(kept.duplicate))
                except (nats.errors.ConnectionClosedError, nats.errors.MaxPayloadError):
                    raise
                except (TimeoutError, nats.errors.Error) as error:
                    if isinstance(error, nats.js.errors.APIError) and not isinstance(
                        error, nats.js.errors.ServiceUnavailableError
                    ):
                        raise
                    await asyncio.sleep(_BETWEEN)

    async def withdraw(self, stream: str, sequence: int) -> bool:
        """Drop a message: whether it was still there."""
        async with self.errors("withdrawing"):
            try:
                return bool(await self.client.jetstream(timeout=_WAIT).delete_msg(stream, sequence))
            except nats.js.errors.APIError as error:
                # The server says 404 or 400 of one that is gone, by its version.
                if error.code in (_NOT_FOUND, 400) or "no message found" in str(error.description):
                    return False
                raise

    async def take(self, queue: Queue, most: int, wait: float) -> list[Delivery]:
        """Up to ``most`` messages; none, without an error, while the server cannot be reached."""
        async with self.errors(f"taking from {queue.subject}", wait + _BOUND):
            pull, lock = await self._pull(queue)
            async with lock:
                messages: list[Any] = []
                loop = asyncio.get_running_loop()
                until = loop.time() + wait
                while not messages:
                    # In slices: what was asked for before a connection was lost is never answered.
                    left = max(min(until - loop.time(), _SLICE), 0.01)
                    try:
                        # The library keeps its own time; where a connection breaks in between it may wait for ever.
                        async with asyncio.timeout(left + _SLICE):
                            messages = await pull.fetch(most, timeout=left)
                    except TimeoutError:
                        pass
                    except nats.js.errors.ServiceUnavailableError:
                        await asyncio.sleep(min(left, _BETWEEN))
                    if loop.time() >= until:
                        break
        return [_Taken(self, message) for message in messages]

    async def send(self, subject: str, data: bytes) -> None:
        """Tell whoever listens now. Raises SnakeError where the server does not say that it has heard it."""
        self._fits(subject, data)
        async with self.errors(f"sending to {subject}", 2 * _TRY):
            await self.client.publish(subject, data)
            # The library calls itself connected for as long as nobody asks.
            await self.client.flush(timeout=_TRY)

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Listen."""

        async def told(message: Any) -> None:
            answer = await handler(message.subject, message.data)
            if answer is not None and message.reply:
                with contextlib.suppress(nats.errors.Error):
                    await message.respond(answer)

        async with self.errors(f"listening to {subject}"):
            listening = _Listening(await self.client.subscribe(subject, cb=told))
            # The server knows of it before anybody is told that it listens. The library's first ping may overtake
            # what waits to be written; the second one comes after it.
            await self.client.flush(timeout=_WAIT)
            await self.client.flush(timeout=_WAIT)
        return listening

    async def request(self, subject: str, data: bytes, wait: float) -> bytes:
        """Ask. Raises SnakeError where nobody answers in time."""
        self._fits(subject, data)
        denied = self.client.denials
        try:
            async with asyncio.timeout(wait + _SLICE):
                answer = await self.client.request(subject, data, timeout=wait)
        except (TimeoutError, nats.errors.NoRespondersError):
            hint = self._denied_since(denied)
            raise _error("snake.no-answer", self.url, f"nobody answers on {shown(subject, 300)}", hint) from None
        except nats.errors.Error as error:
            raise _failed(self.url, f"asking on {subject}", error) from None
        found: bytes = answer.data
        return found

    async def close(self) -> None:
        """End the connection, when what was sent has left."""
        if not self.client.is_closed:
            with contextlib.suppress(TimeoutError, OSError, nats.errors.Error):
                if self.client.is_connected:
                    await self.client.flush(timeout=1)
            with contextlib.suppress(TimeoutError, OSError, nats.errors.Error):
                # The library may wait for ever for a server that is gone.
                async with asyncio.timeout(_CLOSING):
                    await self.client.close()

    async def _pull(self, queue: Queue) -> tuple[Any, asyncio.Lock]:
        known = self._pulls.get(queue)
        if known is None:
            js = self.client.jetstream(timeout=_WAIT)
            known = (await js.pull_subscribe_bind(durable=queue.name, stream=queue.stream), asyncio.Lock())
            self._pulls[queue] = known
        return known

    def _fits(self, subject: str, data: bytes) -> None:
        most = self.client.max_payload
        if most and len(data) > most:
            message = f"a message of {len(data)} bytes for {shown(subject, 300)} is too large"
            raise _error("snake.size", self.url, message, f"the server takes {most}")

    @asynccontextmanager
    async def errors(self, doing: str, most: float = _BOUND) -> AsyncIterator[None]:
        """Within it, what the library raises becomes a SnakeError, and so does what takes longer than ``most`` seconds.

        The library keeps times of its own; where a connection breaks in between it may wait for ever.
        """
        denied = self.client.denials
        try:
            async with asyncio.timeout(most):
                yield
        except (TimeoutError, OSError, nats.errors.Error) as error:
            raise _failed(self.url, doing, error, self._denied_since(denied)) from None

    def _denied_since(self, before: int) -> str:
        """What the server has not permitted meanwhile; it says so beside the question, which stays unanswered."""
        return str(self.client.denied) if self.client.denials != before else ""


def _is_served(client: Client) -> bool:
    """Whether somebody still reads from the connection and writes to it.

    Where one of the library's tasks has died with a connection, it calls itself connected all the same.
    """
    tasks = (getattr(client, "_reading_task", None), getattr(client, "_flusher_task", None))
    return all(task is None or not task.done() for task in tasks)


def _failed(url: str, doing: str, error: Exception, denied: str = "") -> SnakeError:
    why = shown(str(error) or type(error).__name__, 300)
    return _error("snake.failed", url, f"{shown(doing, 300)} failed: {why}", denied)


def _error(code: str, url: str, message: str, hint: str = "") -> SnakeError:
    error: SnakeError = SnakeError.of(code, Place(shown(url, 300)), message, hint)
    return error
