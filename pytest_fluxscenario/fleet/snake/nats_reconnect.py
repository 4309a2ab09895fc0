"""A link to NATS that begins a new connection whenever it has lost one."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import nats.errors

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.errors import UNKNOWN, SnakeError
from pytest_fluxscenario.fleet.snake.access import Access
from pytest_fluxscenario.fleet.snake.nats_client import Tries
from pytest_fluxscenario.fleet.snake.nats_session import LostError, Session, open_session
from pytest_fluxscenario.fleet.snake.transport import Handler

if TYPE_CHECKING:
    from nats.aio.msg import Msg

#: What the library and a connection raise.
ERRORS: Final = (TimeoutError, OSError, LostError, nats.errors.Error)
_WAIT: Final = 5.0
#: Seconds after which one thing is given up.
_BOUND: Final = 10.0
#: Seconds between tries to connect, at first and at most; each somewhat shorter, so that not all racks come at once.
_FIRST: Final = 0.05
_LONGEST: Final = 1.0
_LOOK: Final = 0.05
#: Begins the subjects that answers go to.
_INBOX: Final = "_INBOX."
#: Bytes of messages that wait for a listener; what comes beyond them is dropped, as if it had been lost.
_WAITING: Final = 16 << 20
_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class Listening:
    """A handler, over all connections: one message at a time, and each to its end."""

    link: Link
    subject: str
    handler: Handler
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: What the connection that there is now knows it by.
    _known: Any = None
    _running: set[asyncio.Task[bytes | None]] = field(default_factory=set)

    async def begin(self, session: Session) -> None:
        """Listen on a connection. Raises what the library raises."""

        async def told(message: Msg) -> None:
            # A connection that is lost takes with it who waits for the handler, and not the handler.
            task = asyncio.create_task(self._tell(message))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            answer = await asyncio.shield(task)
            # Who asks names where the answer goes: it must not be where only the Mixer may speak.
            if answer is not None and message.reply.startswith(_INBOX):
                with contextlib.suppress(nats.errors.Error):
                    await message.respond(answer)

        self._known = await session.client.subscribe(self.subject, cb=told, pending_bytes_limit=_WAITING)

    async def _tell(self, message: Msg) -> bytes | None:
        async with self._turn:
            return await self.handler(message.subject, message.data)

    async def end(self) -> None:
        """No more of it."""
        self.link.listenings.pop(self, None)
        with contextlib.suppress(nats.errors.Error):
            await self._known.unsubscribe()


@dataclass(slots=True, eq=False)
class Link:
    """The connection that there is now; ``begin`` first."""

    access: Access
    #: Seconds until a ping must be answered.
    pong: float = 10.0
    #: Since there was a connection, or the link began.
    tries: Tries = field(init=False)
    #: What is listened to, in order.
    listenings: dict[Listening, None] = field(default_factory=dict)
    closed: bool = False
    _session: Session | None = None
    _there: asyncio.Event = field(default_factory=asyncio.Event)
    _serving: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.tries = Tries(self.access)

    @property
    def now(self) -> Session | None:
        """The connection, where there is one at this moment."""
        session = self._session
        return session if session is not None and session.alive else None

    def begin(self) -> None:
        """See to it that there is a connection, until ``close``."""
        self._serving = asyncio.create_task(self._serve(), name="snake")

    async def session(self, wait: float) -> Session:
        """The connection, as soon as there is one. Raises TimeoutError; LostError when the link is closed."""
        if not self.closed and (there := self.now) is not None:
            # Nearly always, and then no time has to be measured.
            return there
        async with asyncio.timeout(wait):
            while not self.closed:
                if (session := self.now) is not None:
                    return session
                self._there.clear()
                await self._there.wait()
        raise LostError("the connection is closed")

    async def first(self, wait: float) -> None:
        """Return when there is a connection. Raises SnakeError where there is none in time, or will be none."""
        until = asyncio.get_running_loop().time() + wait
        while self.now is None:
            if self.tries.hopeless or asyncio.get_running_loop().time() > until:
                message, hint = self.tries.why()
                code = UNKNOWN if self.tries.unknown else "snake.unreachable"
                raise self.error(code, f"there is no connection to NATS: {message}", hint)
            with contextlib.suppress(TimeoutError):
                await self.session(_LOOK)

    async def on_session(self, what: Callable[[Session], Awaitable[_T]], most: float) -> _T:
        """What comes of ``what``, in time. Raises one of ERRORS."""
        loop = asyncio.get_running_loop()
        until = loop.time() + most
        session = await self.session(most)

        async def doing() -> _T:
            return await what(session)

        return await session.bounded(doing(), max(until - loop.time(), 0))

    async def do(self, doing: str, what: Callable[[Session], Awaitable[_T]], most: float = _BOUND) -> _T:
        """The same. Raises SnakeError."""
        denied = self.denials
        try:
            return await self.on_session(what, most)
        except ERRORS as error:
            raise self.failed(doing, error, self.denied_since(denied)) from None

    @property
    def denials(self) -> int:
        """How often the server did not permit something, on the connection that there is."""
        return 0 if self._session is None else self._session.client.denials

    def denied_since(self, before: int) -> str:
        """What the server has not permitted meanwhile; it says so beside the question, which stays unanswered."""
        if self._session is None or self._session.client.denials == before:
            return ""
        return str(self._session.client.denied)

    async def tell(self, reply: str, said: bytes) -> None:
        """Say what becomes of a delivery, whose number is in ``reply``. Raises SnakeError."""
        await self.do("telling the queue", lambda session: session.client.publish(reply, said))

    async def confirm(self, reply: str, said: bytes, wait: float) -> None:
        """The same, and wait for the queue's answer."""
        await self.do("an acknowledgement", lambda session: session.client.request(reply, said, timeout=wait), wait)

    def failed(self, doing: str, error: Exception, hint: str = "") -> SnakeError:
        """What people are told of it."""
        return self.error("snake.failed", f"{shown(doing, 300)} failed: {_words(error)}", hint)

    def error(self, code: str, message: str, hint: str = "") -> SnakeError:
        """The same, where it is known what is wrong."""
        error: SnakeError = SnakeError.of(code, Place(shown(self.access.url, 300)), message, hint)
        return error

    async def close(self) -> None:
        """End the connection; may be called again."""
        self.closed = True
        self._there.set()
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.cancel()
            await asyncio.wait((serving,))

    async def _serve(self) -> None:
        """Connect, stay until the connection is lost, connect again."""
        pause = _FIRST
        session: Session | None = None
        while True:
            try:
                session = await open_session(self.access, self.pong, self.tries.failed)
                for listening in list(self.listenings):
                    await session.bounded(listening.begin(session), _WAIT)
                await session.ping()
                self._session, self.tries, pause = session, Tries(self.access), _FIRST
                self._there.set()
                await session.lost
            except (*ERRORS, ValueError, FluxError) as error:
                # Files of TLS may be written anew at this moment.
                self.tries.failed(error)
            finally:
                self._session = None
                if session is not None:
                    await session.close()
                    session = None
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads tries, keeps no secret  # nosec B311
            pause = min(2 * pause, _LONGEST)


def _words(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return shown(str(error) or ("no answer" if isinstance(error, TimeoutError) else type(error).__name__), 300)
