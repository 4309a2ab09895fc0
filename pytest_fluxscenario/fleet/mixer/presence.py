"""Whether another Mixer with the same key is on the cluster: its data was copied, and both were started.

Both would take of one queue of evidence, and each would drop what the other has asked for. So one that finds another
does not start, and where two began at the same moment the later ends (fleet.md, "A cluster that is there already").
"""

from __future__ import annotations

import logging
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from pytest_fluxscenario.base.clock import nanoseconds, timestamp
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.errors import MessageError, SnakeError
from pytest_fluxscenario.fleet.messages.message import Presence as Said
from pytest_fluxscenario.fleet.messages.subjects import MIXERS
from pytest_fluxscenario.fleet.messages.wire import Writer, decode, decode_as
from pytest_fluxscenario.fleet.snake.transport import Subscription, Transport

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: Seconds that another has for its answer; where nobody listens, the server says so at once.
_ANSWER: Final = 2.0
#: Seconds between two questions.
PRESENCE: Final = 5.0


def _own() -> Said:
    return Said(instance=secrets.token_hex(16), since=nanoseconds(), host=socket.gethostname()[:200])


@dataclass(slots=True)
class Presence:
    """One Mixer, among those with its key."""

    transport: Transport
    writer: Writer
    #: Where they meet, for people.
    url: str
    #: Told why this one has to end.
    yields: Callable[[FluxError], None]
    own: Said = field(default_factory=_own)
    _listening: Subscription | None = None
    #: Others that asked, and that was said.
    _told: set[str] = field(default_factory=set)

    async def claim(self) -> None:
        """Be the one. Raises SnakeError where another is there."""
        other = await self._ask()
        if other is not None:
            raise self._error(other)
        self._listening = await self.transport.subscribe(MIXERS, self._heard)

    async def look(self) -> None:
        """Look once whether another is there all the same; the one that began later ends."""
        other = await self._ask()
        if other is not None and (other.since, other.instance) < (self.own.since, self.own.instance):
            self.yields(self._error(other))

    async def end(self) -> None:
        """Be there no more."""
        listening, self._listening = self._listening, None
        if listening is not None:
            await listening.end()

    async def _ask(self) -> Said | None:
        try:
            said = decode(await self.transport.request(MIXERS, self.writer.encoded(self.own), _ANSWER)).data
        except (SnakeError, MessageError):
            # Nobody is there, or nobody can be asked at this moment.
            return None
        return said if isinstance(said, Said) and said.instance != self.own.instance else None

    async def _heard(self, _: str, data: bytes) -> bytes | None:
        try:
            message, said = decode_as(Said, data)
        except MessageError:
            return None
        if said.instance == self.own.instance:
            return None
        if said.instance not in self._told and len(self._told) < 100:
            self._told.add(said.instance)
            _LOG.warning("another Mixer with the key of this one asks for its place, on %s", shown(said.host, 80))
        return self.writer.encoded(self.own, answers=message)

    def _error(self, other: Said) -> SnakeError:
        since = timestamp(datetime.fromtimestamp(other.since // 1_000_000_000, UTC))
        message = f"another Mixer with the same key works there, on {shown(other.host, 80)} since {since}"
        hint = "was its data copied? stop one of them; a Mixer of its own needs data and an account of its own"
        error: SnakeError = SnakeError.of("snake.twice", Place(shown(self.url, 300)), message, hint)
        return error
