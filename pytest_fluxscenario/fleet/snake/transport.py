"""The Snake as Mixer and Racks see it: queues that lose nothing, and messages that may be lost.

One contract, kept by ``memory`` and by ``nats_link``; tests/fleet/test_transport.py holds both against it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_fluxscenario.fleet.messages.subjects import Queue

#: Gets subject and bytes; what it returns answers a request, None leaves it unanswered.
Handler = Callable[[str, bytes], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a queue treats what was taken from it."""

    #: Seconds until what nobody has acknowledged, nor said to be working on, goes to another.
    ack_wait: float = 30.0
    #: How often a message is given out; 0 for no bound.
    most_deliveries: int = 0
    #: Seconds for which a key that was published is remembered; of what has been acknowledged, no longer than the
    #: server lives. Whoever counts compares with what it has counted.
    dedupe: float = 600.0
    #: On how many servers of a cluster it is kept; 0 for what it is, and 1 for a new one.
    replicas: int = 0
    #: Bytes that a stream keeps; what comes beyond is refused. 0 for what it is, and no bound for a new one.
    most_bytes: int = 0
    #: The public key of the Mixer that streams belong to; empty where nobody else could have made them.
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A message is kept, durably."""

    #: Its number in its stream; of a duplicate that of the first.
    sequence: int
    duplicate: bool


class Delivery(Protocol):
    """A message that was taken from a queue; it comes again, here or elsewhere, unless it is acknowledged in time."""

    @property
    def data(self) -> bytes:
        """Its bytes."""
        ...

    @property
    def sequence(self) -> int:
        """Its number in its stream."""
        ...

    @property
    def deliveries(self) -> int:
        """How often it has been given out, this time included."""
        ...

    async def ack(self) -> None:
        """It is done with; returns when the queue knows that. Raises SnakeError where that cannot be said."""
        ...

    async def nak(self, delay: float = 0) -> None:
        """Give it to another, after ``delay`` seconds. Raises SnakeError."""
        ...

    async def term(self) -> None:
        """Nobody is to have it again, done or not. Raises SnakeError."""
        ...

    async def in_progress(self) -> None:
        """It is being worked on: the time to acknowledge it begins anew. Raises SnakeError."""
        ...


class Subscription(Protocol):
    """What a handler is told."""

    async def end(self) -> None:
        """No more of it."""
        ...


class Transport(Protocol):
    """One connection. Every method that sends raises SnakeError where that cannot be done in time."""

    @property
    def connected(self) -> bool:
        """Whether the link is up at this moment; it comes back by itself."""
        ...

    async def prepare(self, terms: Terms) -> None:
        """Make the streams, where they are not there yet, by the Mixer; those that are there are given these terms.

        Raises SnakeError for another's.
        """
        ...

    async def open_queue(self, queue: Queue, terms: Terms) -> None:
        """Make the queue, where it is not there yet, by the Mixer; one that is there is given these terms.

        They hold for what is given out from then on, and for what is in progress.
        """
        ...

    async def publish(self, subject: str, data: bytes, key: str) -> Stored:
        """Keep a message for whoever takes it; one with a known key is a duplicate and is not kept twice.

        Raises SnakeError with the code ``snake.full`` where there is no more room.
        """
        ...

    async def withdraw(self, stream: str, subject: str) -> int:
        """Drop all messages of that subject, given out or not, at once; gives how many were still there.

        As everywhere, ``*`` stands for any one token.
        """
        ...

    async def waiting(self, stream: str, subject: str) -> int:
        """How many messages of that subject are kept: all that nobody has acknowledged, given out or not."""
        ...

    async def take(self, queue: Queue, most: int, wait: float) -> list[Delivery]:
        """Up to ``most`` messages, as soon as there is one; none after ``wait`` seconds."""
        ...

    async def done(self, several: Sequence[Delivery]) -> None:
        """They are done with: said of all of them at once, and the queue's answer to each is not waited for.

        For those who know what comes again: what the queue does not hear in the end comes once more. Raises SnakeError.
        """
        ...

    async def send(self, subject: str, data: bytes) -> None:
        """Tell whoever listens now."""
        ...

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Listen. A handler is called with one message at a time, and must raise nothing."""
        ...

    async def request(self, subject: str, data: bytes, wait: float) -> bytes:
        """Ask, and wait for the answer. Raises SnakeError where nobody answers in ``wait`` seconds."""
        ...

    async def close(self) -> None:
        """End the connection; may be called again."""
        ...
