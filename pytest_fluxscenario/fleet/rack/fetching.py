"""Content by its hash, over the Snake: a rack asks for it piece by piece, and uses nothing before it has that hash."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, StoreError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import MOST_BYTES
from pytest_fluxscenario.fleet.messages.errors import MessageError, SnakeError
from pytest_fluxscenario.fleet.messages.message import Body, Fetch, Piece, Refusal, Work
from pytest_fluxscenario.fleet.messages.subjects import CONTENT
from pytest_fluxscenario.fleet.messages.wire import Writer, decode
from pytest_fluxscenario.fleet.rack.slot import Slot
from pytest_fluxscenario.fleet.snake.transport import Transport

#: Seconds that the Mixer may take for a piece.
_WAIT: Final = 10.0
_PAUSE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Asks the Mixer."""

    #: The connection there is now.
    link: Callable[[], Transport]
    writer: Writer
    #: The work that it is for, and the run of that.
    work: Work
    run: str

    async def fetch(self, digest: str) -> bytes:
        """The bytes of that hash. Raises StoreError where there are none, DamageError for other bytes, SnakeError."""
        data = bytearray()
        while True:
            piece = await self._piece(digest, len(data))
            data += piece.data
            if len(data) >= piece.size:
                break
            if not piece.data:
                raise _damage(digest, "ended too early")
        if sha256(bytes(data)) != digest:
            raise _damage(digest, "has another hash")
        return bytes(data)

    async def _piece(self, digest: str, offset: int) -> Piece:
        work = self.work
        fetch = Fetch(hash=digest, offset=offset, item=work.case.item, attempt=work.attempt, ticket=work.ticket)
        asked = self.writer.encoded(fetch, run=self.run)
        answer = await self.link().request(CONTENT, asked, _WAIT)
        try:
            said: Body = decode(answer).data
        except MessageError as error:
            raise SnakeError(error.problems) from None
        if isinstance(said, Refusal):
            raise StoreError.of(shown(said.code, 80), Place("content"), shown(said.message), shown(said.hint))
        if not isinstance(said, Piece) or (said.hash, said.offset) != (digest, offset):
            raise SnakeError.of("snake.answer", Place("content"), "the Mixer answered something else")
        if not offset <= said.size <= MOST_BYTES or offset + len(said.data) > said.size:
            raise _damage(digest, "is larger than it can be")
        return said


@dataclass(frozen=True, slots=True)
class SlotFetcher:
    """Fetches for the thread of a slot."""

    fetcher: Fetcher
    slot: Slot
    loop: asyncio.AbstractEventLoop

    def from_thread(self, digest: str) -> bytes:
        """The bytes of that hash. Raises StoreError, DamageError; SnakeError where the rack has ended meanwhile."""
        asked = self.patiently(digest)
        try:
            return asyncio.run_coroutine_threadsafe(asked, self.loop).result()
        except (RuntimeError, concurrent.futures.CancelledError):
            asked.close()
            raise SnakeError.of("snake.closed", Place("content"), "the rack has ended") from None

    async def patiently(self, digest: str) -> bytes:
        """The same; while the Mixer is away it is asked again, until the scenario has had its time."""
        while True:
            try:
                return await self.fetcher.fetch(digest)
            except SnakeError:
                if self.slot.stuck:
                    raise
                await asyncio.sleep(_PAUSE)


def _damage(digest: str, why: str) -> DamageError:
    message = f"what came for the hash {shown(digest, 80)} {why}"
    error: DamageError = DamageError.of("content.damaged", Place("content"), message, "it is not used")
    return error
