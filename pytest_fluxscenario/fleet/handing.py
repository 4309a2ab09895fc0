"""Handing out: what a run asks for becomes messages in the work queue."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, TypeVar

from pytest_fluxscenario.fleet.content import Content
from pytest_fluxscenario.fleet.history import Asked, History, Run
from pytest_fluxscenario.fleet.message import Work
from pytest_fluxscenario.fleet.subjects import once_key, work
from pytest_fluxscenario.fleet.tickets import Tickets
from pytest_fluxscenario.fleet.transport import Transport
from pytest_fluxscenario.fleet.wire import Writer

#: How many messages are under way to the Snake at a time.
_AT_A_TIME: Final = 64
#: Bytes of a scenario that goes along with its work; a larger one is asked for by its hash.
_SMALL: Final = 16 << 10
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Handing:
    """Hands out, and remembers what was. Methods raise DatabaseError and SnakeError."""

    history: History
    transport: Transport
    writer: Writer
    content: Content
    tickets: Tickets
    #: How often a scenario may be taken by racks that do not come back.
    tries: int

    async def hand_out(self, run: Run) -> None:
        """Publish what has no record and was not published; the Snake drops what it has already."""
        for part in _parts([asked for asked in run.open if asked.number not in run.published]):
            await self._publish(run, part, 0)
            await self.history.handed_out(run.run, [asked.number for asked in part])

    async def anew(self, run: Run, lost: Sequence[Asked]) -> list[Asked]:
        """Publish again what nobody has any more, under other keys; gives what was lost as often as ``tries`` says."""
        again = [asked for asked in lost if run.anew.get(asked.number, 0) < self.tries]
        for part in _parts(again):
            await self._publish(run, part, self.writer.ids.next())
            for asked in part:
                run.anew[asked.number] = run.anew.get(asked.number, 0) + 1
        return [asked for asked in lost if asked not in again]

    async def withdraw(self, run: Run) -> None:
        """Drop what has not begun."""
        queue = work(run.pool)
        sequences = [run.published.get(asked.number, 0) for asked in run.open]
        for part in _parts([number for number in sequences if number]):
            await asyncio.gather(*(self.transport.withdraw(queue.stream, number) for number in part))

    async def _publish(self, run: Run, several: Sequence[Asked], issue: int) -> None:
        documents = await asyncio.to_thread(self._documents, several)
        stored = await asyncio.gather(*map(self._publish_one, repeat(run), several, documents, repeat(issue)))
        run.published.update(zip((asked.number for asked in several), stored, strict=True))

    async def _publish_one(self, run: Run, asked: Asked, document: bytes, issue: int) -> int:
        body = Work(
            case=asked.case,
            settings=run.settings,
            attempt=asked.attempt,
            issue=issue,
            tries=self.tries,
            document=document,
            ticket=self.tickets.make(run.run, asked.case.item, asked.attempt),
        )
        data = self.writer.encoded(body, run=run.run, trace=run.trace)
        key = once_key(run.run, asked.case.item, asked.attempt, issue)
        return (await self.transport.publish(work(run.pool).subject, data, key)).sequence

    def _documents(self, several: Sequence[Asked]) -> list[bytes]:
        """The scenarios themselves, so that no rack has to ask for each; nothing for those that it is to ask for."""
        return [self.content.small(asked.case.content, _SMALL) for asked in several]


def _parts(several: Sequence[_T]) -> Iterable[Sequence[_T]]:
    return (several[start : start + _AT_A_TIME] for start in range(0, len(several), _AT_A_TIME))
