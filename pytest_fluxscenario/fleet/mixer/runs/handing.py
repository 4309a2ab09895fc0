"""Handing out: what a run asks for becomes messages in the work queue."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.handful import once_key_of, together
from pytest_fluxscenario.fleet.messages.message import Work
from pytest_fluxscenario.fleet.messages.subjects import WORK_STREAM, work, work_needing, work_of
from pytest_fluxscenario.fleet.messages.tickets import Tickets
from pytest_fluxscenario.fleet.messages.wire import Writer
from pytest_fluxscenario.fleet.mixer.history.asked import Asked
from pytest_fluxscenario.fleet.mixer.history.history import History, Run
from pytest_fluxscenario.fleet.mixer.runs.handfuls import Handfuls, Single
from pytest_fluxscenario.fleet.mixer.runs.window import FIRST, Window, whole
from pytest_fluxscenario.fleet.snake.transport import Transport

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: How many scenarios are handed out at a time.
_AT_A_TIME: Final = 256
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Handing:
    """Hands out, and remembers what was. Methods raise DatabaseError and SnakeError."""

    history: History
    transport: Transport
    writer: Writer
    handfuls: Handfuls
    tickets: Tickets
    #: How often a scenario may be taken by racks that do not come back.
    tries: int
    #: How many scenarios the active racks of a pool run at a time.
    slots: Callable[[str], int]
    #: Run to what hands out the rest of it.
    _under_way: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def hand_out(self, run: Run) -> None:
        """Publish what has no record and was not published; the Snake drops what it has already.

        Racks have the first of it when this returns. The rest of many follows as they take it.
        """
        goes_on = run.run in self._under_way
        # What was submitted is on its way then; further attempts are not, and whoever asks for one waits for it.
        open_numbers = run.open_numbers(run.asked.items if goes_on else 0)
        waiting = [number for number in open_numbers if number not in run.published]
        first, rest = (waiting, []) if goes_on else (waiting[:FIRST], waiting[FIRST:])
        if await self._hand_out(run, list(map(run.asked.at, first))) and rest:
            task = asyncio.create_task(self._rest(run, rest), name=f"hand out {run.run}")
            self._under_way[run.run] = task
            task.add_done_callback(lambda _: self._under_way.pop(run.run))

    async def stop(self) -> None:
        """Hand out no more; what was not handed out is when the Mixer is started again."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def anew(self, run: Run, lost: Sequence[Asked], taken: int = 0) -> list[Asked]:
        """Publish again what nobody has any more, each alone and under another key.

        ``taken`` says how often a rack had it, and did not come back. Gives what was lost as often as ``tries`` says.
        """
        again = [asked for asked in lost if run.anew.get(asked.number, 0) < self.tries]
        for part in _parts(again):
            if not await self._publish(run, part, self.writer.ids.next(), taken):
                break
            for asked in part:
                run.anew[asked.number] = run.anew.get(asked.number, 0) + 1
                run.passed_on.pop(asked.number, None)
        return [asked for asked in lost if asked not in again]

    async def pass_on(self, run: Run, asked: Asked, need: str) -> None:
        """Publish it for racks that have what its hooks need."""
        (alone,) = await asyncio.to_thread(self.handfuls.of, run, [asked], alone=True)
        run.published[asked.number] = await self._publish_one(run, alone, self.writer.ids.next(), 0, need)

    async def withdraw(self, run: Run) -> None:
        """Drop what has not begun; the run has ended, so that no more of it is handed out."""
        task = self._under_way.get(run.run)
        if task is not None:
            await asyncio.wait([task])
        await self.transport.withdraw(WORK_STREAM, work_of(run.pool, run.run))

    async def _rest(self, run: Run, waiting: Sequence[int]) -> None:
        by_gear: dict[str, deque[int]] = {}
        for number in waiting:
            by_gear.setdefault(run.asked.gear(number), deque()).append(number)
        # What waits for a gear that nobody offers holds up no other.
        await asyncio.gather(*(self._rest_of(run, gear, numbers) for gear, numbers in by_gear.items()))

    async def _rest_of(self, run: Run, gear: str, waiting: deque[int]) -> None:
        """As much at a time as racks will soon have taken."""
        window, subject, each = Window(), work(run.pool, gear).of(run.run), 1.0
        try:
            while waiting:
                there = int(each * await self.transport.waiting(WORK_STREAM, subject))
                room = whole(window.room(there, self.slots(run.pool), seconds()))
                part = [waiting.popleft() for _ in range(min(room, len(waiting)))]
                for several in _parts([number for number in part if number not in run.published]):
                    if run.state != "running" or not await self._hand_out(run, list(map(run.asked.at, several))):
                        return
                each = run.in_each(part) or each
                await asyncio.sleep(window.pause)
                if run.state != "running":
                    return
        except FluxError as error:
            # The run gets no further then, which is looked after.
            _LOG.warning("run %s could not be handed out, and it is tried again: %s", run.run, shown(error, 500))
        except Exception:  # noqa: BLE001 - whatever it is, the Mixer goes on
            _LOG.exception("run %s could not be handed out, and it is tried again", run.run)

    async def _hand_out(self, run: Run, several: Sequence[Asked]) -> bool:
        """Whether there was room for all of them; for the rest there is when racks have taken some."""
        room = await self._publish(run, several, 0)
        kept = [asked.number for asked in several if asked.number in run.published]
        if kept:
            await self.history.handed_out(run.run, kept)
        if not room:
            _LOG.warning("the queue is full: run %s is handed out further when racks have taken from it", run.run)
        return room

    async def _publish(self, run: Run, several: Sequence[Asked], issue: int, taken: int = 0) -> bool:
        # Who may be taken but once cannot be lost with others.
        alone = issue > 0 or self.tries == 1
        handfuls = await asyncio.to_thread(self.handfuls.of, run, several, alone=alone)
        publishing = (self._publish_one(run, handful, issue, taken) for handful in handfuls)
        stored = await asyncio.gather(*publishing, return_exceptions=True)
        for handful, one in zip(handfuls, stored, strict=True):
            if isinstance(one, int):
                for asked, _ in handful:
                    run.published[asked.number] = one
        for one in stored:
            if isinstance(one, BaseException) and not _is_full(one):
                raise one
        return all(isinstance(one, int) for one in stored)

    async def _publish_one(self, run: Run, handful: Sequence[Single], issue: int, taken: int, need: str = "") -> int:
        works = [
            Work(
                case=asked.case,
                settings=run.settings,
                attempt=asked.attempt,
                issue=issue,
                tries=self.tries,
                taken=taken,
                document=document,
                ticket=self.tickets.make(run.run, asked.case.item, asked.attempt),
            )
            for asked, document in handful
        ]
        data = self.writer.encoded(together(works), run=run.run, trace=run.trace)
        queue = work_needing(run.pool, need) if need else work(run.pool, works[0].case.gear)
        return (await self.transport.publish(queue.of(run.run), data, once_key_of(run.run, works))).sequence


def _is_full(error: BaseException) -> bool:
    """Whether a queue has no more room: what was not handed out stays in the history, and is handed out later."""
    return isinstance(error, SnakeError) and error.problems[0].code == "snake.full"


def _parts(several: Sequence[_T]) -> Iterable[Sequence[_T]]:
    return (several[start : start + _AT_A_TIME] for start in range(0, len(several), _AT_A_TIME))
