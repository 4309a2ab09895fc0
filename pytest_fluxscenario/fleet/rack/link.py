"""A rack's side of the Snake: it connects, says hello until it is let in, beats, and begins anew when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.fleet.messages.errors import UNKNOWN, MessageError, SnakeError
from pytest_fluxscenario.fleet.messages.message import Command, Heartbeat, Hello, RackState, Refusal, Welcome
from pytest_fluxscenario.fleet.messages.passport import sign_hello
from pytest_fluxscenario.fleet.messages.subjects import HELLO, commands, heartbeat
from pytest_fluxscenario.fleet.messages.wire import Writer, decode, decode_as
from pytest_fluxscenario.fleet.rack.config import RackConfig
from pytest_fluxscenario.fleet.rack.state import RackState as Kept
from pytest_fluxscenario.fleet.snake.permissions import JOINING
from pytest_fluxscenario.fleet.snake.transport import Transport

#: Connects as that name. Raises SnakeError.
Connect = Callable[[str], Awaitable[Transport]]
#: Seconds: for an answer to a hello, between tries, and without a connection before one is begun anew.
_ANSWER: Final = 5.0
_PAUSE: Final = 0.5
_LOST: Final = 5.0


class RefusedError(FluxError):
    """The Mixer does not let this rack in, and will not: its owner has to change something."""


@dataclass(slots=True)
class RackLink:
    """One rack and its Mixer. ``run`` goes on until it is cancelled."""

    config: RackConfig
    kept: Kept
    writer: Writer
    connect: Connect
    #: What a heartbeat says now.
    beat: Callable[[], Heartbeat]
    #: Told each command that is for the work, and not for the link.
    told: Callable[[Command], None]
    #: Tells people.
    say: Callable[[str], None]
    #: What hooks can run on here.
    runtimes: tuple[str, ...] = ()
    standing: RackState = "offline"
    welcome: Welcome = field(default_factory=lambda: Welcome(state="pending"))
    #: Something of the above has changed.
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _transport: Transport | None = None
    _again: asyncio.Event = field(default_factory=asyncio.Event)
    _said: str = ""
    #: Let in, and yet not known to the server when it last looked.
    _strange: bool = False

    @property
    def transport(self) -> Transport:
        """The connection that there is now. Raises SnakeError where there is none."""
        if self._transport is None:
            raise SnakeError.of("snake.offline", Place(self.config.snake.url), "there is no connection to the Mixer")
        return self._transport

    async def run(self) -> None:
        """Be there for the Mixer. Raises RefusedError, PassportError where it is not let in, WriteError."""
        try:
            while True:
                try:
                    if await self._attach():
                        await self._stay()
                        await asyncio.sleep(_PAUSE)
                except SnakeError as error:
                    self._tell(f"offline, trying again: {error}")
                    await asyncio.sleep(_PAUSE)
                self._stand("offline")
                await self._leave()
        finally:
            await self._leave()

    async def _attach(self) -> bool:
        """Connect and say hello: whether the rack has an account of its own, and is connected by it."""
        joining = bool(self.config.snake.joining)
        as_itself = bool(self.kept.passport) or not joining
        try:
            transport = await self.connect(self.config.name if as_itself else JOINING)
        except SnakeError as error:
            # It may have been removed, or its Mixer may have forgotten it: then it has to ask again.
            if not (as_itself and joining) or error.problems[0].code != UNKNOWN:
                raise
            as_itself, transport = False, await self.connect(JOINING)
        self._transport = transport
        if as_itself:
            await transport.subscribe(commands(self.config.name), self._command)
        welcome = await self._hello(transport)
        while welcome.state == "pending":
            self._stand("pending")
            self._tell(f"waits to be adopted: fluxrig rack approve {self.config.name}")
            await self._wait(welcome.beat)
            welcome = await self._hello(transport)
        if as_itself:
            self._stand(welcome.state)
        elif self.kept.passport and self._strange:
            self._tell("is let in, and waits until the NATS server knows its key")
        self._strange = not as_itself and bool(self.kept.passport)
        return as_itself

    async def _stay(self) -> None:
        """Beat until the connection is lost for good, or the rack has to begin anew."""
        transport, beat = self.transport, self.welcome.beat
        clock = asyncio.get_running_loop().time
        heard, owed = clock(), False
        while clock() - heard < _LOST:
            here = transport.connected and await self._beat(transport)
            if here and owed:
                owed = not await self._again_hello(transport)
            if self.standing == "pending":
                return
            asked = await self._wait(beat)
            # Whoever was away does not know what it has missed.
            owed = owed or asked or not here
            heard = clock() if here else heard
        self._tell("offline, trying again: the connection to the Mixer is lost")

    async def _beat(self, transport: Transport) -> bool:
        try:
            await transport.send(heartbeat(self.config.name), self.writer.encoded(self.beat()))
        except SnakeError:
            return False
        return True

    async def _again_hello(self, transport: Transport) -> bool:
        """Whether the Mixer has answered; while it does not, the rack goes on with what it may take."""
        try:
            self._stand((await self._hello(transport)).state)
        except SnakeError as error:
            self._tell(f"the Mixer does not answer: {error}")
            return False
        return True

    async def _hello(self, transport: Transport) -> Welcome:
        config, kept = self.config, self.kept
        hello = Hello(
            rack=config.name,
            key=kept.key.public,
            version=tool(),
            gears=config.offers,
            pools=config.pools,
            labels=config.labels,
            slots=config.slots,
            runtimes=self.runtimes,
            passport=kept.passport,
        )
        asked = self.writer.encoded(sign_hello(hello, kept.key))
        answer = await transport.request(HELLO, asked, _ANSWER)
        try:
            said = decode(answer).data
        except MessageError as error:
            raise SnakeError(error.problems) from None
        if isinstance(said, Refusal):
            kind = RefusedError if said.code.startswith("rack.") else SnakeError
            raise kind.of(shown(said.code, 80), Place(config.snake.url), shown(said.message), shown(said.hint))
        if not isinstance(said, Welcome):
            raise SnakeError.of("snake.answer", Place(config.snake.url), "the Mixer answered something else")
        if said.passport:
            kept.keep(said.passport, said.mixer)
        self.welcome = said
        return said

    async def _command(self, _: str, data: bytes) -> None:
        try:
            command = decode_as(Command, data)[1]
        except MessageError as error:
            self._tell(f"did not understand a command: {error}")
            return
        if command.do == "suspend":
            self._stand("suspended")
        elif command.do == "activate":
            self._stand("active")
        elif command.do == "hello":
            self._again.set()
        elif command.do == "remove":
            self.kept.forget()
            self._again.set()
        else:
            self.told(command)

    async def _wait(self, most: float) -> bool:
        """Wait so many seconds; whether the Mixer has asked for a hello meanwhile."""
        try:
            async with asyncio.timeout(most):
                await self._again.wait()
        except TimeoutError:
            return False
        self._again.clear()
        return True

    async def _leave(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()

    def _stand(self, standing: RackState) -> None:
        if standing != self.standing:
            self.standing = standing
            if standing in ("active", "suspended"):
                self._tell(f"{standing}, at {self.config.snake.url}")
        self.changed.set()

    def _tell(self, text: str) -> None:
        """The same is told once."""
        if text != self._said:
            self._said = text
            self.say(text)
