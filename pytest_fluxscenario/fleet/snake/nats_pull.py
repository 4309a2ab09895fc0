"""Taking messages from a queue of JetStream, over one connection.

A request for several messages stays open at the server until all have come: whoever returns with the first one would
be given the others unasked, and hold them while nobody works on them. So several are asked for only of what is there
now, and one where there is nothing yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import nats.errors

from pytest_fluxscenario.fleet.messages.subjects import Queue
from pytest_fluxscenario.fleet.snake.nats_session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nats.aio.msg import Msg

#: Seconds that the server may take beyond the time that a request waits for messages.
_GRACE: Final = 2.0
#: ... and for saying what is there now.
_NOW: Final = 2.0
#: There is nothing, or the time is over.
_NOTHING: Final = ("404", "408")
#: Nobody keeps queues now: JetStream is not up yet.
_NOBODY: Final = "503"
_BETWEEN: Final = 0.25


class PullError(nats.errors.Error):  # type: ignore[misc]  # where the extra is not installed, the library has no types
    """The server does not give out messages of that queue."""


@dataclass(slots=True, eq=False)
class Pull:
    """Takes from one queue; ``begin`` first."""

    session: Session
    queue: Queue
    _inbox: str = ""
    _numbers: Iterator[int] = field(default_factory=count)
    #: What has come and was not taken yet.
    _ready: deque[Msg] = field(default_factory=deque)
    #: Status of each request that has ended, and what was said with it.
    _ended: dict[str, tuple[str, str]] = field(default_factory=dict)
    _came: asyncio.Event = field(default_factory=asyncio.Event)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def begin(self) -> None:
        """Listen for what is given out."""
        client = self.session.client
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._heard)

    async def take(self, most: int, wait: float) -> list[Msg]:
        """Up to ``most``, as soon as there is one; none after ``wait`` seconds. Raises PullError, LostError."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        async with self._lock:
            while True:
                if (most > 1 or wait <= 0) and not self._ready:
                    await self._ask({"batch": most, "no_wait": True}, most, _NOW)
                left = until - loop.time()
                if not self._ready and left > 0:
                    expires = max(int(left * 1e9), 1_000_000)
                    await self._ask({"batch": 1, "expires": expires}, 1, left + _GRACE)
                if self._ready or loop.time() >= until:
                    return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]
                await asyncio.sleep(min(_BETWEEN, max(until - loop.time(), 0)))

    def left(self) -> list[Msg]:
        """What has come, and nobody took."""
        taken = list(self._ready)
        self._ready.clear()
        return taken

    async def _ask(self, request: dict[str, Any], wanted: int, most: float) -> None:
        """Ask once, and wait for so many messages or the end of the request."""
        reply = f"{self._inbox}.{next(self._numbers)}"
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.queue.stream}.{self.queue.name}"
        await self.session.client.publish(subject, json.dumps(request).encode(), reply)
        with contextlib.suppress(TimeoutError):
            await self.session.bounded(self._answered(reply, wanted), most)
        status, words = self._ended.pop(reply, ("", ""))
        if not self._ready and status and status not in (*_NOTHING, _NOBODY):
            raise PullError(f"the server said {status} {words}".rstrip())

    async def _answered(self, reply: str, wanted: int) -> None:
        while len(self._ready) < wanted and reply not in self._ended:
            self._came.clear()
            await self._came.wait()

    async def _heard(self, message: Msg) -> None:
        # What is given out keeps the subject that it was published to.
        if message.subject.startswith(self._inbox):
            headers = message.headers or {}
            self._ended[message.subject] = headers.get("Status", ""), headers.get("Description", "")
        else:
            self._ready.append(message)
        self._came.set()
