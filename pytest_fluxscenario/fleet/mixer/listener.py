"""What the Mixer hears on the Snake: racks that say hello and beat, content that they lack, and evidence."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.errors import MessageError, SnakeError
from pytest_fluxscenario.fleet.messages.handful import all_of, findings_in
from pytest_fluxscenario.fleet.messages.message import (
    Body,
    Command,
    Evidence,
    Fetch,
    Findings,
    Heartbeat,
    Hello,
    Message,
    Piece,
    Refusal,
    Welcome,
)
from pytest_fluxscenario.fleet.messages.passport import read_passport
from pytest_fluxscenario.fleet.messages.subjects import CONTENT, EVIDENCE, HEARTBEATS, HELLO, commands, heartbeat
from pytest_fluxscenario.fleet.messages.wire import Writer, decode_as
from pytest_fluxscenario.fleet.mixer.content import Content
from pytest_fluxscenario.fleet.mixer.measures import count_stored
from pytest_fluxscenario.fleet.mixer.registry import Rack, Registry
from pytest_fluxscenario.fleet.mixer.runs.runs import Runs
from pytest_fluxscenario.fleet.snake.transport import Delivery, Subscription, Transport
from pytest_fluxscenario.telemetry import words
from pytest_fluxscenario.telemetry.spans import Value, span

if TYPE_CHECKING:
    from pytest_fluxscenario.telemetry.provider import Telemetry

_LOG: Final = logging.getLogger("fluxrig.mixer")
#: Messages of evidence that are stored with one commit, and seconds to wait for the first of them.
_BATCH: Final = 64
_WAIT: Final = 5.0
#: Seconds between two commits: less than pytest is told in at a time.
_GATHER: Final = 0.02
#: Messages of which more are not waited for.
_SEVERAL: Final = 16
#: Seconds after a failure before it is tried again.
_PAUSE: Final = 0.5
#: Seconds that the last acknowledgements may take when the Mixer ends.
_LAST: Final = 2.0
#: Bytes of content in one message.
_PIECE: Final = 1 << 20
#: Bytes of what a rack says of itself, or asks; only evidence is larger.
_MOST_SAID: Final = 256 << 10
_B = TypeVar("_B", bound=Body)
#: Makes the passport of a rack that was let in.
Issue = Callable[[Rack], bytes]


class _NotStoredError(Exception):
    """Evidence could not be stored, and that was said; it comes again."""


@dataclass(slots=True)
class Listener:
    """Answers racks, and takes what they have found."""

    transport: Transport
    writer: Writer
    registry: Registry
    runs: Runs
    content: Content
    issue: Issue
    #: Called after each hello: whoever was let in, perhaps at an earlier one that failed, is so on the Snake, too.
    let_in: Callable[[], Awaitable[None]]
    #: Seconds between heartbeats.
    beat: float
    #: Public key that signs passports.
    key: str = ""
    #: Seconds until work of which nothing is heard goes to another rack: a rack that works says so more often.
    ack_wait: float = 30.0
    #: What the Mixer exports; None for nothing.
    telemetry: Telemetry | None = None
    _subscriptions: list[Subscription] = field(default_factory=list)
    _taking: asyncio.Task[None] | None = None
    #: Acknowledgements that are under way.
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Begin. Raises SnakeError."""
        for subject, handler in ((HELLO, self._hello), (HEARTBEATS, self._beat), (CONTENT, self._content)):
            self._subscriptions.append(await self.transport.subscribe(subject, handler))
        self._taking = asyncio.create_task(self._take(), name="evidence")

    async def stop(self) -> None:
        """End; what was taken and not stored comes again."""
        for subscription in self._subscriptions:
            await subscription.end()
        self._subscriptions.clear()
        taking, self._taking = self._taking, None
        if taking is not None:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await taking
        if self._telling:
            await asyncio.wait(self._telling, timeout=_LAST)

    async def command(self, rack: str, command: Command) -> None:
        """Tell a rack what to do; one that is not there hears it when it says hello."""
        with contextlib.suppress(SnakeError):
            await self.transport.send(commands(rack), self.writer.encoded(command))

    async def _hello(self, _: str, data: bytes) -> bytes | None:
        try:
            message, said = _short(Hello, data)
        except MessageError as error:
            _LOG.warning("a hello was not understood: %s", shown(error))
            return None
        try:
            if said.passport:
                # Of a rack that works for another Mixer, or of one that was called otherwise.
                read_passport(said.passport, said.rack, said.key, self.key)
            before = self.registry.accounts()
            rack = await self.registry.hello(said)
            await self._admit(changed=self.registry.accounts() != before)
            passport = self.issue(rack) if rack.standing != "pending" else b""
        except FluxError as error:
            problem = error.problems[0]
            _LOG.warning("a rack was refused: %s", problem)
            return self._answer(message, Refusal(code=problem.code, message=problem.message, hint=problem.hint))
        except Exception:  # noqa: BLE001 - whatever it is, it concerns this message and not the next
            _LOG.exception("a hello failed")
            return None
        welcome = Welcome(
            state=rack.standing, passport=passport, mixer=self.key, beat=self.beat, ack_wait=self.ack_wait
        )
        return self._answer(message, welcome)

    async def _admit(self, *, changed: bool) -> None:
        """Let in; whoever changed nothing is not refused because others cannot be. Raises FluxError."""
        try:
            await self.let_in()
        except FluxError as error:
            if changed:
                raise
            _LOG.warning("the Snake does not know yet who may connect, and it is tried again: %s", shown(error, 500))

    async def _beat(self, subject: str, data: bytes) -> None:
        try:
            _, said = _short(Heartbeat, data)
            # The server lets a rack beat under its own name only; what it says must be of the same.
            if subject == heartbeat(said.rack):
                self.registry.beat(said)
        except FluxError as error:
            _LOG.warning("a heartbeat was not understood: %s", shown(error))

    async def _content(self, _: str, data: bytes) -> bytes | None:
        try:
            message, asked = _short(Fetch, data)
        except MessageError as error:
            _LOG.warning("a request for content was not understood: %s", shown(error))
            return None
        try:
            if not await self.runs.needs(message.run, asked):
                said = "a rack is given what its own work needs, and nothing else"
                return self._answer(message, Refusal(code="content.foreign", message=said))
            whole = await asyncio.to_thread(self.content.read, asked.hash)
        except FluxError as error:
            problem = error.problems[0]
            return self._answer(message, Refusal(code=problem.code, message=problem.message, hint=problem.hint))
        offset = max(0, min(asked.offset, len(whole)))
        piece = whole[offset : offset + _PIECE]
        return self._answer(message, Piece(hash=asked.hash, offset=offset, size=len(whole), data=piece))

    def _answer(self, message: Message, body: Refusal | Welcome | Piece) -> bytes:
        return self.writer.encoded(body, answers=message)

    async def _take(self) -> None:
        while True:
            try:
                deliveries = await self.transport.take(EVIDENCE, _BATCH, _WAIT)
                if deliveries:
                    await self._store(deliveries)
                    if len(deliveries) < _SEVERAL:
                        # The first is stored at once; what follows is gathered: a commit costs as much as some records.
                        await asyncio.sleep(_GATHER)
            except _NotStoredError:
                await asyncio.sleep(_PAUSE)
            except FluxError as error:
                # What was not acknowledged comes again.
                _LOG.warning("evidence could not be stored, and is tried again: %s", shown(error, 500))
                await asyncio.sleep(_PAUSE)
            except Exception:  # noqa: BLE001 - whatever it is, the Mixer goes on
                _LOG.exception("evidence could not be stored, and is tried again")
                await asyncio.sleep(_PAUSE)

    async def _store(self, deliveries: list[Delivery]) -> None:
        done: list[Delivery] = []
        understood: dict[str, list[tuple[Delivery, str, Evidence | Findings]]] = {}
        for delivery in deliveries:
            try:
                message, evidence = findings_in(delivery.data)
            except MessageError as error:
                _LOG.warning("evidence was not understood, and is dropped: %s", shown(error))
                done.append(delivery)
                continue
            understood.setdefault(message.run, []).append((delivery, message.trace, evidence))
        failed: Exception | None = None
        for run, several in understood.items():
            try:
                await self._store_of(run, [(trace, evidence) for _, trace, evidence in several])
            except Exception as error:  # noqa: BLE001 - raised below: what is wrong with one run holds up no other
                failed = error
            else:
                done += [delivery for delivery, _, _ in several]
        # Stored, durably: only now may the Snake forget them. Nobody waits for it: a server that was killed may have
        # forgotten that it gave them out, and says nothing then.
        task = asyncio.create_task(self._acknowledge(done))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        if failed is not None:
            raise failed

    async def _store_of(self, run: str, several: list[tuple[str, Evidence | Findings]]) -> None:
        traces = [trace for trace, _ in several if trace]
        # Of a run that was begun before this Mixer the racks still know.
        parent = self.runs.table.trace_of(run) or next(iter(traces), "")
        records = sum(len(all_of(said)) for _, said in several)
        about: dict[str, Value] = {words.RUN: shown(run, 80), words.BATCH: records}
        with span(self.telemetry, "store records", parent, "consumer", about, traces) as opened:
            try:
                new = await self.runs.take([(run, evidence) for _, evidence in several])
            except FluxError as error:
                # Said here, so that what is exported of it belongs to the span.
                _LOG.warning("evidence could not be stored, and is tried again: %s", shown(error, 500))
                raise _NotStoredError from None
            opened.set({words.NEW: len(new)})
        if self.telemetry is not None:
            for done in new:
                count_stored(self.telemetry, done)

    async def _acknowledge(self, deliveries: list[Delivery]) -> None:
        """What cannot be acknowledged comes again, and is known by then."""
        with contextlib.suppress(SnakeError):
            await self.transport.done(deliveries)


def _short(kind: type[_B], data: bytes) -> tuple[Message, _B]:
    """A message of that kind, before which much is not even looked at. Raises MessageError."""
    if len(data) > _MOST_SAID:
        message = f"the message is {len(data)} bytes long, and is no {kind.kind}"
        raise MessageError.of("message.size", Place("message"), message, f"the limit is {_MOST_SAID}")
    return decode_as(kind, data)
