"""The Snake within one process: the same promises as over NATS, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.subjects import STREAMS, Queue
from pytest_fluxscenario.fleet.snake.transport import Delivery, Handler, Stored, Subscription, Terms


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject is one that ``pattern`` means: ``*`` is one token, ``>`` at the end one or more."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">" and len(given) >= len(wanted):
        wanted, given = wanted[:-1], given[: len(wanted) - 1]
    return len(wanted) == len(given) and all(one in ("*", token) for one, token in zip(wanted, given, strict=True))


@dataclass(slots=True)
class _Kept:
    sequence: int
    subject: str
    data: bytes
    deliveries: int = 0
    #: Since when somebody has it; None where nobody does. In the loop's time, as all of these.
    since: float | None = None
    #: When it may be given out, where nobody has it.
    free: float = 0.0

    def due(self, terms: Terms) -> float:
        """When it may be given out: what is in somebody's hands goes by the terms that there are now."""
        return self.free if self.since is None else self.since + terms.ack_wait


@dataclass(slots=True)
class _Stream:
    terms: Terms
    kept: dict[int, _Kept] = field(default_factory=dict)
    #: Key to sequence, and when it is forgotten.
    keys: dict[str, tuple[int, float]] = field(default_factory=dict)
    last: int = 0


@dataclass(slots=True)
class Hub:
    """What the connections of one process share; it takes the place of the server."""

    streams: dict[str, _Stream] = field(default_factory=dict)
    queues: dict[Queue, Terms] = field(default_factory=dict)
    listeners: dict[int, tuple[str, Handler]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    numbers: Iterable[int] = field(default_factory=count)

    async def tell(self) -> None:
        """Wake whoever waits for a message."""
        async with self.changed:
            self.changed.notify_all()


def _error(code: str, message: str) -> SnakeError:
    error: SnakeError = SnakeError.of(code, Place(""), message)
    return error


@dataclass(slots=True)
class _Held:
    """One delivery of a message."""

    hub: Hub
    stream: _Stream
    kept: _Kept
    deliveries: int

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self.kept.data

    @property
    def sequence(self) -> int:
        """Its number in its stream."""
        return self.kept.sequence

    async def ack(self) -> None:
        """It is done with, whoever else has it by now."""
        self.stream.kept.pop(self.kept.sequence, None)

    async def nak(self, delay: float = 0) -> None:
        """Give it to another; an earlier delivery than the last has nothing to say."""
        if self.kept.deliveries == self.deliveries:
            self.kept.since, self.kept.free = None, asyncio.get_running_loop().time() + delay
            await self.hub.tell()

    async def term(self) -> None:
        """Nobody is to have it again."""
        self.stream.kept.pop(self.kept.sequence, None)

    async def in_progress(self) -> None:
        """The time to acknowledge it begins anew."""
        if self.kept.deliveries == self.deliveries:
            self.kept.since = asyncio.get_running_loop().time()


@dataclass(slots=True)
class _Listening:
    hub: Hub
    number: int

    async def end(self) -> None:
        """No more of it."""
        self.hub.listeners.pop(self.number, None)


@dataclass(slots=True)
class MemoryTransport:
    """One connection to a hub."""

    hub: Hub
    _open: bool = True
    _mine: list[_Listening] = field(default_factory=list)

    @property
    def connected(self) -> bool:
        """Until it is closed."""
        return self._open

    async def prepare(self, terms: Terms) -> None:
        """Make the streams; those that are there are given these terms."""
        for name in STREAMS:
            self.hub.streams.setdefault(name, _Stream(terms)).terms = terms

    async def open_queue(self, queue: Queue, terms: Terms) -> None:
        """Make the queue; one that is there is given these terms. Raises SnakeError where its stream is not there."""
        self._stream(queue.stream)
        self.hub.queues[queue] = terms
        await self.hub.tell()

    async def publish(self, subject: str, data: bytes, key: str) -> Stored:
        """Keep a message, unless its key is known. Raises SnakeError where no stream keeps it."""
        self._check()
        name = next((name for name, pattern in STREAMS.items() if matches(pattern, subject)), "")
        stream = self._stream(name)
        now = asyncio.get_running_loop().time()
        known = stream.keys.get(key)
        if known is not None and known[1] > now:
            return Stored(known[0], duplicate=True)
        most = stream.terms.most_bytes
        if most and sum(len(kept.data) for kept in stream.kept.values()) + len(data) > most:
            raise _error("snake.full", f"there is no more room for {subject}")
        stream.last += 1
        stream.kept[stream.last] = _Kept(stream.last, subject, data)
        stream.keys[key] = (stream.last, now + stream.terms.dedupe)
        await self.hub.tell()
        return Stored(stream.last, duplicate=False)

    async def withdraw(self, stream: str, subject: str) -> int:
        """Drop all messages of that subject; gives how many there were."""
        self._check()
        kept = self._stream(stream).kept
        dropped = [number for number, one in kept.items() if matches(subject, one.subject)]
        for number in dropped:
            del kept[number]
        return len(dropped)

    async def waiting(self, stream: str, subject: str) -> int:
        """How many messages of that subject are kept."""
        self._check()
        return sum(matches(subject, kept.subject) for kept in self._stream(stream).kept.values())

    async def take(self, queue: Queue, most: int, wait: float) -> list[Delivery]:
        """Up to ``most`` messages. Raises SnakeError where there is no such queue."""
        self._check()
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        while True:
            terms = self.hub.queues.get(queue)
            if terms is None:
                raise _error("snake.no-queue", f"there is no queue {queue.subject}")
            stream = self._stream(queue.stream)
            due = self._due(stream, queue, terms)
            now = loop.time()
            ready = [kept for kept in due if kept.due(terms) <= now][:most]
            if ready or now >= until:
                return [self._give(stream, kept, now) for kept in ready]
            next_ = min((kept.due(terms) for kept in due), default=until)
            try:
                async with asyncio.timeout_at(min(until, next_)), self.hub.changed:
                    await self.hub.changed.wait()
            except TimeoutError:
                continue

    @staticmethod
    def _due(stream: _Stream, queue: Queue, terms: Terms) -> list[_Kept]:
        return [
            kept
            for kept in stream.kept.values()
            if matches(queue.subject, kept.subject)
            and (not terms.most_deliveries or kept.deliveries < terms.most_deliveries)
        ]

    def _give(self, stream: _Stream, kept: _Kept, now: float) -> Delivery:
        kept.deliveries += 1
        kept.since = now
        return _Held(self.hub, stream, kept, kept.deliveries)

    async def done(self, several: Sequence[Delivery]) -> None:
        """They are done with."""
        self._check()
        for delivery in several:
            await delivery.ack()

    async def send(self, subject: str, data: bytes) -> None:
        """Tell whoever listens now."""
        self._check()
        for handler in self._listeners(subject):
            await handler(subject, data)

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Listen."""
        self._check()
        number = next(iter(self.hub.numbers))
        self.hub.listeners[number] = (subject, handler)
        listening = _Listening(self.hub, number)
        self._mine.append(listening)
        return listening

    async def request(self, subject: str, data: bytes, wait: float) -> bytes:
        """Ask. Raises SnakeError where nobody answers."""
        self._check()
        for handler in self._listeners(subject):
            try:
                async with asyncio.timeout(wait):
                    answer = await handler(subject, data)
            except TimeoutError:
                break
            if answer is not None:
                return answer
        raise _error("snake.no-answer", f"nobody answers on {subject}")

    async def close(self) -> None:
        """End the connection."""
        self._open = False
        for listening in self._mine:
            await listening.end()

    def _listeners(self, subject: str) -> list[Handler]:
        return [handler for pattern, handler in list(self.hub.listeners.values()) if matches(pattern, subject)]

    def _stream(self, name: str) -> _Stream:
        stream = self.hub.streams.get(name)
        if stream is None:
            raise _error("snake.no-stream", f"there is no stream {name}" if name else "no stream keeps that subject")
        return stream

    def _check(self) -> None:
        if not self._open:
            raise _error("snake.closed", "the connection is closed")
