"""The work of a rack: scenarios are taken, run, recorded, and then acknowledged (fleet.md, "When something fails")."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from msgspec import structs

from pytest_fluxscenario.fleet.messages.errors import MessageError, SnakeError
from pytest_fluxscenario.fleet.messages.handful import once_key_of, works_in
from pytest_fluxscenario.fleet.messages.message import Command, Evidence, Heartbeat, Message, Work
from pytest_fluxscenario.fleet.messages.wire import Writer
from pytest_fluxscenario.fleet.rack.config import RackConfig
from pytest_fluxscenario.fleet.rack.fetching import Fetcher, SlotFetcher
from pytest_fluxscenario.fleet.rack.hands import Hands, Held
from pytest_fluxscenario.fleet.rack.link import RackLink
from pytest_fluxscenario.fleet.rack.measures import about_work, count_done, count_taken
from pytest_fluxscenario.fleet.rack.pace import Pace
from pytest_fluxscenario.fleet.rack.room import RackRoom
from pytest_fluxscenario.fleet.rack.slot import Slot
from pytest_fluxscenario.fleet.rack.telling import Telling
from pytest_fluxscenario.fleet.rack.turns import Turns
from pytest_fluxscenario.fleet.snake.transport import Delivery
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.spans import Span, Value, span

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry

_PAUSE: Final = 0.25
#: Cancelled runs that are remembered, and scenarios that a heartbeat names.
_MOST_CANCELLED: Final = 256
_MOST_NAMED: Final = 64


@dataclass(slots=True)
class RackWork:
    """Takes as many scenarios as there are free slots."""

    config: RackConfig
    writer: Writer
    new_slot: Callable[[], Slot]
    #: Of the content that the rack was given.
    room: RackRoom
    say: Callable[[str], None]
    telling: Telling
    #: What the rack exports; None for nothing.
    telemetry: Telemetry | None = None
    #: Seconds that one look into the queues takes, where they are empty.
    look: float = 1.0
    #: No more is taken; what is under way comes to its end.
    draining: bool = False
    #: Scenarios that were recorded since the start.
    done: int = 0
    hands: Hands = field(init=False)
    _pace: Pace = field(default_factory=Pace)
    #: The link that is there now: it may be another one than what came by it.
    _link: RackLink | None = None
    _free: list[Slot] = field(default_factory=list)
    _under_way: dict[asyncio.Task[None], Held] = field(default_factory=dict)
    _cancelled: dict[str, None] = field(default_factory=dict)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    #: What the rack takes from.
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self.turns = Turns(self.config.pools, self.config.offers)
        self.hands = Hands(self._acknowledge)
        self._free = [self.new_slot() for _ in range(self.config.slots)]

    def beat(self) -> Heartbeat:
        """What there is to say now."""
        busy = tuple(islice((item for held in self._under_way.values() for item in held.items), _MOST_NAMED))
        return Heartbeat(
            rack=self.config.name, slots=self.config.slots, busy=busy, done=self.done, draining=self.draining
        )

    def slots(self) -> tuple[int, int]:
        """How many slots are busy, and how many are free."""
        free = len(self._free)
        return self.config.slots - free, free

    def told(self, command: Command) -> None:
        """The Mixer says what to do."""
        if command.do == "drain":
            self.draining = True
        elif command.do == "cancel":
            self._cancelled[command.run] = None
            while len(self._cancelled) > _MOST_CANCELLED:
                del self._cancelled[next(iter(self._cancelled))]

    async def run(self, link: RackLink) -> None:
        """Take and run, until it is draining and nothing is under way."""
        self._link = link
        while not self.draining:
            if link.standing != "active":
                link.changed.clear()
                await _wait(link.changed, self.look)
            elif not self._free:
                self._ended.clear()
                await _wait(self._ended, self.look)
            else:
                if not self._under_way and self.room.is_due and await self.room.tidy(self.say):
                    # Slots remember what they have brought.
                    free, self._free = self._free, [self.new_slot() for _ in self._free]
                    for slot in free:
                        slot.close()
                await self._pace.settle()
                await self._take(link)
        while self._under_way:
            await asyncio.wait(self._under_way)
        await self.hands.told()

    async def give_back(self) -> None:
        """What is under way goes to other racks at once."""
        for task, held in list(self._under_way.items()):
            task.cancel()
            with contextlib.suppress(SnakeError):
                await held.delivery.nak()

    def close(self) -> None:
        """End the slots that are free; one that is not ends with this process."""
        for slot in self._free:
            slot.close()
        for slot in self._free:
            slot.join(5)

    async def _take(self, link: RackLink) -> None:
        try:
            for look in self.turns.looks(self.look):
                taken = await link.transport.take(look.queue, len(self._free), look.wait)
                for delivery in taken:
                    self._begin(link, delivery, look.gear)
                if taken:
                    self.turns.found(look)
                    return
        except SnakeError:
            # The link says it, once.
            await asyncio.sleep(_PAUSE)

    def _begin(self, link: RackLink, delivery: Delivery, gear: str) -> None:
        try:
            message, works = works_in(delivery.data)
            key = once_key_of(message.run, works)
        except (MessageError, SnakeError) as error:
            self.say(f"dropped work that it did not understand: {error}")
            self.hands.drop(delivery)
            return
        if message.run in self._cancelled:
            self.hands.drop(delivery)
            return
        held = self.hands.take(key, delivery, tuple((message.run, asked.case.item) for asked in works))
        if held is None:
            return
        slot = self._free.pop()
        task = asyncio.create_task(self._work(link, held, message, works, slot, gear))
        self._under_way[task] = held
        task.add_done_callback(lambda ended: self._end(ended, slot))

    def _end(self, task: asyncio.Task[None], slot: Slot) -> None:
        held = self._under_way.pop(task)
        recorded = not task.cancelled() and task.exception() is None
        self.hands.ended(held, recorded=recorded)
        if not task.cancelled():
            if slot.stuck:
                slot.close()
                slot = self.new_slot()
            self._free.append(slot)
        self._ended.set()

    async def _work(
        self, link: RackLink, held: Held, message: Message, works: Sequence[Work], slot: Slot, gear: str
    ) -> None:
        delivery = held.delivery
        if self.telemetry is not None:
            count_taken(self.telemetry, delivery.deliveries, len(works))
        with self._span(message, works, delivery) as opened:
            try:
                said = await self._done(link, held, message, works, slot, gear, opened.trace)
            except Exception as error:
                # Not acknowledged: it comes again, here or elsewhere. Said here, so that it belongs to the span.
                self.say(f"lost a scenario to {type(error).__name__}: {error}")
                raise
            about_work(opened, said)
        if self.telemetry is not None:
            for one in said:
                count_done(self.telemetry, one.outcome)

    def _span(self, message: Message, works: Sequence[Work], delivery: Delivery) -> AbstractContextManager[Span]:
        if self.telemetry is None:
            return span(None, "", message.trace)
        about: dict[str, Value] = {
            words.RUN: message.run,
            words.RACK: self.config.name,
            words.ATTEMPT: works[0].attempt,
            words.DELIVERY: delivery.deliveries,
            words.SYSTEM: "nats",
            words.BATCH: len(works),
        }
        return span(self.telemetry, "work", message.trace, "consumer", about)

    async def _done(
        self, link: RackLink, held: Held, message: Message, works: Sequence[Work], slot: Slot, gear: str, trace: str
    ) -> list[Evidence]:
        """Run and record; what was said of each."""
        first, taken = works[0], held.delivery.deliveries
        with held.kept(link.welcome.ack_wait / 3):
            if len(works) > 1 and taken > 1:
                # One of them may have ended who had them: which one, shows when each is alone.
                said = [self._without(asked, "again", "") for asked in works]
            elif first.taken + taken > first.tries:
                reason = f"racks took it {first.tries} times, and none came back with a record"
                said = [self._without(asked, "given-up", reason) for asked in works]
            elif first.case.gear != gear:
                # It stood in the queue of another one: what is asked for counts, and not where it was found.
                reason = f"it asks for the gear '{first.case.gear}', and stood in the queue of '{gear}'"
                said = [self._without(asked, "refused", reason) for asked in works]
            else:
                with self._pace.running():
                    said = await self._run(link, message, works, slot, trace)
            said = [structs.replace(one, ticket=asked.ticket) for one, asked in zip(said, works, strict=True)]
            async with self._pace.recording():
                await self.telling.tell(link, message, held.key, said, trace)
            self.done += len(said)
            return said

    async def _run(
        self, link: RackLink, message: Message, works: Sequence[Work], slot: Slot, trace: str
    ) -> list[Evidence]:
        loop = asyncio.get_running_loop()

        def fetching(asked: Work) -> Callable[[str], bytes]:
            return SlotFetcher(Fetcher(lambda: link.transport, self.writer, asked, message.run), slot, loop).from_thread

        most, said = self.config.scenario_seconds, list[Evidence]()
        running = asyncio.ensure_future(slot.run(works, fetching, message.run, trace, said))
        try:
            before = -1
            # Each of them has its time.
            while not running.done() and len(said) > before:
                before = len(said)
                await asyncio.wait((running,), timeout=most)
        finally:
            running.cancel()
        if running.done():
            return await running
        slot.stuck = True
        # Its thread may add to the other one yet.
        come = said[: len(works) - 1]
        reason = f"it did not come to an end within {most:g} seconds"
        come.append(self._without(works[len(come)], "refused", reason))
        return come + [self._without(asked, "again", "") for asked in works[len(come) :]]

    async def _acknowledge(self, several: Sequence[Delivery]) -> None:
        if self._link is not None:
            await self._link.transport.done(several)

    def _without(self, asked: Work, outcome: Literal["refused", "given-up", "again"], reason: str) -> Evidence:
        """What there is to say of a scenario that has no record."""
        item, attempt = asked.case.item, asked.attempt
        gear = asked.case.gear
        return Evidence(rack=self.config.name, item=item, attempt=attempt, outcome=outcome, reason=reason, gear=gear)


async def _wait(event: asyncio.Event, most: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(most):
            await event.wait()
