"""Telling what became of scenarios: signed, and published for as long as it takes; what is in hand is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import structs

from pytest_fluxscenario.fleet.messages.errors import MessageError, SnakeError
from pytest_fluxscenario.fleet.messages.keys import Key
from pytest_fluxscenario.fleet.messages.message import Evidence, Findings, Message
from pytest_fluxscenario.fleet.messages.passport import sign_evidence
from pytest_fluxscenario.fleet.messages.subjects import evidence
from pytest_fluxscenario.fleet.messages.wire import Writer
from pytest_fluxscenario.fleet.rack.link import RackLink

_PAUSE: Final = 0.25
#: Characters of records that go together; what is larger goes alone.
_MOST: Final = 256 << 10
#: Messages are larger than this only where a record is: then its scenario is accounted for without it.
_TOO_LARGE: Final = ("message.size", "snake.size", "message.values", "message.depth")


@dataclass(frozen=True, slots=True)
class Telling:
    """Of one rack."""

    writer: Writer
    key: Key
    #: Tells people.
    say: Callable[[str], None]

    async def tell(self, link: RackLink, message: Message, once: str, said: Sequence[Evidence], trace: str) -> None:
        """Return when all is kept that is said of the work in ``message``, which came under the key ``once``.

        Raises MessageError for what can be said in no message.
        """
        for several in _parts(said):
            if len(several) > 1:
                fault = await self._publish(link, message, once, Findings(found=several), trace)
                if not fault:
                    continue
            for one in several:
                fault = await self._publish(link, message, once, one, trace)
                if fault:
                    reason = f"its record is too large to be sent: {fault}"
                    without = structs.replace(one, outcome="refused", reason=reason, done=None)
                    await self._publish(link, message, once, without, trace)

    async def _publish(self, link: RackLink, message: Message, once: str, said: Evidence | Findings, trace: str) -> str:
        """Why it is too large; empty once it is kept."""
        told = False
        while True:
            try:
                signed = sign_evidence(said, message.run, self.key)
                data = self.writer.encoded(signed, run=message.run, answers=message, trace=trace)
                # With what nobody else can know: the Snake takes what another has said for no duplicate of this.
                key = f"{once}.{signed.signature.hex()[:32]}"
                await link.transport.publish(evidence(message.run), data, key)
                return ""
            except (MessageError, SnakeError) as error:
                fault = error.problems[0]
                if fault.code in _TOO_LARGE and (isinstance(said, Findings) or said.done is not None):
                    return fault.message
                if isinstance(error, MessageError):
                    raise
                if not told and fault.code == "snake.failed":
                    told = True
                    self.say(f"keeps a record that the Snake does not take now: {error}")
                await asyncio.sleep(_PAUSE)


def _parts(said: Sequence[Evidence]) -> Iterator[tuple[Evidence, ...]]:
    """Handfuls that are not large."""
    several: list[Evidence] = []
    size = 0
    for one in said:
        length = 0 if one.done is None else len(one.done.record)
        if several and size + length > _MOST:
            yield tuple(several)
            several, size = [], 0
        several.append(one)
        size += length
    if several:
        yield tuple(several)
