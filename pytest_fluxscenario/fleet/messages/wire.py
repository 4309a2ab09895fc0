"""fluxMsg as bytes. Unknown kinds, versions and fields are refused; nothing becomes an object but the values listed.

The map has nine keys, always: ``v``, ``id``, ``ref``, ``kind``, ``run``, ``ts``, ``trace``, ``meta``, ``data``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from pytest_fluxscenario.base.clock import Clock, SystemClock
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages import cbor
from pytest_fluxscenario.fleet.messages.cbor import refused
from pytest_fluxscenario.fleet.messages.ids import MOST_ID, Ids
from pytest_fluxscenario.fleet.messages.message import KINDS, VERSION, Body, Message
from pytest_fluxscenario.model.shapes import make_ready
from pytest_fluxscenario.telemetry.trace import is_traceparent

_B = TypeVar("_B", bound=Body)
_MOST_META: Final = 32
_LONGEST_META: Final = 1_024


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    v: int
    id: int
    ref: int | None
    kind: str
    run: str
    ts: int
    trace: str
    meta: dict[str, str]
    data: dict[str, Any]


def encode(message: Message) -> bytes:
    """The bytes of ``message``. Raises MessageError where it is larger than what is taken."""
    body = msgspec.to_builtins(message.data, builtin_types=(bytes,))
    return cbor.dump(
        {
            "v": message.v,
            "id": message.id,
            "ref": message.ref,
            "kind": message.kind,
            "run": message.run,
            "ts": message.ts,
            "trace": message.trace,
            "meta": message.meta,
            "data": body,
        }
    )


def decode(data: bytes) -> Message:
    """The message that ``data`` is. Raises MessageError, whatever ``data`` is."""
    plain = cbor.load(data)
    if not isinstance(plain, dict):
        raise refused("message.shape", "is no map")
    version = plain.get("v")
    if version != VERSION or isinstance(version, bool):
        said = f"is of version {shown(version, 40)}, and this program knows {VERSION}" if "v" in plain else "has no 'v'"
        raise refused("message.version", said, "run the same version on all machines")
    make_ready(_Envelope)
    try:
        envelope = msgspec.convert(plain, _Envelope, builtin_types=(bytes,))
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise refused("message.shape", f"has not the shape of one: {shown(error)}") from None
    _check(envelope)
    kind = KINDS.get(envelope.kind)
    if kind is None:
        raise refused("message.kind", f"is of the kind '{shown(envelope.kind, 80)}', which is not known here")
    make_ready(kind)
    try:
        body = msgspec.convert(envelope.data, kind, builtin_types=(bytes,))
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise refused("message.data", f"({envelope.kind}) has not the shape of one: {shown(error)}") from None
    return Message(
        envelope.id, body, envelope.ref, envelope.run, envelope.ts, envelope.trace, envelope.meta, envelope.v
    )


def _check(envelope: _Envelope) -> None:
    numbers = (envelope.id, envelope.ts, 0 if envelope.ref is None else envelope.ref)
    if not all(0 <= number <= MOST_ID for number in numbers):
        raise refused("message.number", "has a number that is no id or no time")
    if envelope.trace and not is_traceparent(envelope.trace):
        raise refused("message.trace", f"has '{shown(envelope.trace, 80)}', which is no W3C traceparent")
    texts = [*envelope.meta, *envelope.meta.values()]
    if len(envelope.meta) > _MOST_META or any(len(text) > _LONGEST_META for text in texts):
        raise refused("message.meta", "has too much in 'meta'", f"{_MOST_META} texts of {_LONGEST_META} characters")


def decode_as(kind: type[_B], data: bytes) -> tuple[Message, _B]:
    """The message that ``data`` is, and what it says, which is of that kind. Raises MessageError, whatever it is."""
    message = decode(data)
    if not isinstance(message.data, kind):
        raise refused("message.kind", f"is of the kind '{message.kind}', where '{kind.kind}' is taken")
    return message, message.data


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes the messages of one machine."""

    ids: Ids
    clock: Clock = field(default_factory=SystemClock)

    def message(self, body: Body, *, run: str = "", answers: Message | None = None, trace: str = "") -> Message:
        """A message that says ``body`` now; an answer keeps the trace of what it answers."""
        moment = self.clock.now()
        # Whole microseconds: a float of seconds has not enough digits.
        at = (int(moment.timestamp()) * 1_000_000 + moment.microsecond) * 1_000
        ref = None if answers is None else answers.id
        return Message(self.ids.next(), body, ref, run, at, trace or (answers.trace if answers else ""))

    def encoded(self, body: Body, *, run: str = "", answers: Message | None = None, trace: str = "") -> bytes:
        """The same as bytes. Raises MessageError where it is too large."""
        return encode(self.message(body, run=run, answers=answers, trace=trace))
