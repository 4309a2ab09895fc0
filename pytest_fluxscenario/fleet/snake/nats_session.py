"""One connection to NATS, from its beginning to its loss. It does not come back: ``nats_reconnect`` begins another one.

The library's own reconnecting is not used. After a server was killed it may call itself connected while nobody reads
from the connection any more, and wait for ever where a connection breaks in between; some of what it awaits swallows a
cancellation. Here a connection counts for as long as the server answers pings, and no call into the library is waited
for longer than it may take, or than there is a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import nats.errors

from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.nats_client import OpenClient, new_client

if TYPE_CHECKING:
    from nats.js import JetStreamContext

#: Seconds that one try to connect may take.
_CONNECT: Final = 4.0
#: Seconds between pings.
_PING: Final = 1.0
_CLOSING: Final = 1.0
#: More than any time for a ping: the library takes whole seconds.
_LONG: Final = 60
#: Seconds that the server is given for an answer of JetStream.
_WAIT: Final = 5.0
_T = TypeVar("_T")


class LostError(Exception):
    """The connection was lost while something was under way on it."""


@dataclass(slots=True, eq=False)
class Session:
    """One connection."""

    client: OpenClient
    js: JetStreamContext
    #: Done when the connection is lost or closed.
    lost: asyncio.Future[None]
    #: Seconds until a ping must be answered: a large message on a slow line may be before it.
    pong: float
    _watching: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Return when the server has answered; from then on it is asked again and again. Raises like ``bounded``."""
        await self.ping(_CONNECT)
        self._watching = asyncio.create_task(self._watch(), name="nats")

    @property
    def alive(self) -> bool:
        """Whether nothing is known of a loss."""
        return not self.lost.done() and bool(self.client.is_connected)

    async def bounded(self, doing: Coroutine[Any, Any, _T], most: float) -> _T:
        """What ``doing`` gives. Raises TimeoutError after ``most`` seconds, LostError with the connection."""
        return await bounded(doing, most, self.lost)

    async def ping(self, most: float = 0) -> None:
        """Return when the server has answered, and with that has all that was sent before. Raises like ``bounded``."""
        await self.bounded(self.client.rtt(_LONG), most or self.pong)

    async def close(self) -> None:
        """End it, in time; may be called again."""
        _lose(self.lost)
        if self._watching is not None:
            self._watching.cancel()
        # Also where the library calls itself closed: it leaves the socket of a connection that never came to be.
        with contextlib.suppress(TimeoutError, OSError, nats.errors.Error):
            await bounded(self.client.close(), _CLOSING)

    async def _watch(self) -> None:
        """Until the connection is lost."""
        try:
            while self.alive:
                await self.ping()
                await asyncio.sleep(_PING)
        except (TimeoutError, LostError, OSError, nats.errors.Error):
            pass
        finally:
            _lose(self.lost)


async def open_session(access: Access, pong: float, say: Callable[[Exception], None]) -> Session:
    """Connect once; ``say`` is told what goes wrong, when it does.

    Raises TimeoutError, LostError, OSError, ValueError, nats.errors.Error; UsageError for files of TLS.
    """
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    client, connecting = new_client(access, say, lambda: _lose(lost))
    session = Session(client, client.jetstream(timeout=_WAIT), lost, pong)
    try:
        await bounded(connecting, _CONNECT)
        # The library is content with a server that ends before it has answered.
        await session.begin()
    except BaseException:
        await session.close()
        raise
    return session


async def bounded(doing: Coroutine[Any, Any, _T], most: float, lost: asyncio.Future[None] | None = None) -> _T:
    """What ``doing`` gives. Raises TimeoutError after ``most`` seconds, LostError where ``lost`` is done before.

    A cancellation alone would not do: it asks once, and the library may not hear it.
    """
    task = asyncio.ensure_future(doing)
    ends: set[asyncio.Future[Any]] = {task} if lost is None else {task, lost}
    try:
        await asyncio.wait(ends, timeout=most, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_heard)
        else:
            # It may have failed in the moment in which its waiter was cancelled.
            _heard(task)
    if lost is not None and lost.done():
        raise LostError("the connection was lost")
    raise TimeoutError


def _heard(task: asyncio.Future[Any]) -> None:
    """Nobody waits for it any more: what it raised is of no use."""
    if not task.cancelled():
        task.exception()


def _lose(lost: asyncio.Future[None]) -> None:
    if not lost.done():
        lost.set_result(None)
