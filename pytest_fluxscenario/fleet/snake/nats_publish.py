"""Publishing to streams of JetStream, over one connection: what is said at the same moment is written at once.

The library makes a question of each message, with a task and a random name of its own; that takes as long again as the
message. Here one task writes all that waits, and the answers come to one listener.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

import nats.errors
import nats.js.errors

from pytest_fluxscenario.fleet.snake.nats_session import LostError, Session
from pytest_fluxscenario.fleet.snake.transport import Stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nats.aio.msg import Msg

#: Seconds that the connection may take to be given what waits.
_WRITE: Final = 10.0
#: The status of a message that no stream keeps.
_NOBODY: Final = "503"


class _Waiting(NamedTuple):
    """A message that was not written yet."""

    subject: str
    data: bytes
    reply: str
    key: str
    answer: asyncio.Future[Msg]


@dataclass(slots=True, eq=False)
class Publishing:
    """Publishes over one connection; ``begin`` first."""

    session: Session
    _inbox: str = ""
    _numbers: Iterator[int] = field(default_factory=count)
    _waiting: list[_Waiting] = field(default_factory=list)
    #: By where it comes to: the answer to each message that was written.
    _answers: dict[str, asyncio.Future[Msg]] = field(default_factory=dict)
    _writing: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Listen for answers."""
        client = self.session.client
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._heard)
        self.session.lost.add_done_callback(lambda _: self._fail(list(self._answers.values()), _lost()))

    async def publish(self, subject: str, data: bytes, key: str, most: float) -> Stored:
        """Keep a message. Raises TimeoutError after ``most`` seconds, LostError, what the library raises."""
        loop = asyncio.get_running_loop()
        reply, answer = f"{self._inbox}.{next(self._numbers)}", loop.create_future()
        self._answers[reply] = answer
        self._waiting.append(_Waiting(subject, data, reply, key, answer))
        if self._writing is None:
            self._writing = loop.create_task(self._write_all())
        timer = loop.call_later(most, self._fail, (answer,), TimeoutError())
        try:
            return _stored(await answer)
        finally:
            timer.cancel()
            del self._answers[reply]

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                several, self._waiting = self._waiting, []
                try:
                    await self.session.bounded(self._write(several), _WRITE)
                except (TimeoutError, OSError, LostError, nats.errors.Error) as error:
                    self._fail([one.answer for one in several], error)
        finally:
            self._writing = None

    async def _write(self, several: Sequence[_Waiting]) -> None:
        for one in several:
            # Nobody waits any more for what was given up meanwhile.
            if not one.answer.done():
                await self.session.client.publish(one.subject, one.data, one.reply, headers={"Nats-Msg-Id": one.key})

    async def _heard(self, message: Msg) -> None:
        answer = self._answers.get(message.subject)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _fail(self, answers: Sequence[asyncio.Future[Msg]], error: Exception) -> None:
        for answer in answers:
            if not answer.done():
                answer.set_exception(error)


def _lost() -> LostError:
    return LostError("the connection was lost")


def _stored(message: Msg) -> Stored:
    """What the stream says of a message that it keeps."""
    if (message.headers or {}).get("Status") == _NOBODY:
        raise nats.js.errors.NoStreamResponseError
    said = json.loads(message.data)
    if "error" in said:
        raise nats.js.errors.APIError.from_error(said["error"])
    return Stored(int(said["seq"]), bool(said.get("duplicate", False)))
