"""A message that was taken from a queue of JetStream."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from nats.aio.msg import Msg

#: Seconds until an acknowledgement is answered, or never: a server that has ended and was started again may have
#: forgotten that it gave the message out. It says nothing then, and gives it out again at once.
_ANSWER: Final = 1.5


class _Link(Protocol):
    """What tells the queue, over whatever connection there is: a delivery outlives the one that it came by."""

    async def tell(self, reply: str, said: bytes) -> None: ...

    async def confirm(self, reply: str, said: bytes, wait: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """One delivery of a message; its number is in the subject that it is answered to."""

    link: _Link
    message: Msg

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
        await self.link.confirm(self.message.reply, b"+ACK", _ANSWER)

    async def nak(self, delay: float = 0) -> None:
        """Give it to another."""
        said = b"-NAK" + json.dumps({"delay": int(delay * 1e9)}).encode() if delay else b"-NAK"
        await self.link.tell(self.message.reply, said)

    async def term(self) -> None:
        """Nobody is to have it again."""
        await self.link.tell(self.message.reply, b"+TERM")

    async def in_progress(self) -> None:
        """The time to acknowledge it begins anew."""
        await self.link.tell(self.message.reply, b"+WPI")
