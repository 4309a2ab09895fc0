"""What is said to a gear elsewhere, and what it answers: ``fst.gear.v1``, one JSON object each way (docs/gears.md)."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.gears.port import FEATURES, About, GearError, GearSaysError, GearStepError
from pytest_fluxscenario.model.request import Approval, Environment, Given, Request
from pytest_fluxscenario.model.shapes import make_ready

PROTOCOL: Final = "fst.gear.v1"
#: Bytes of one message, either way.
MOST_BYTES: Final = 8 << 20
_LIMITS: Final = Limits(file_bytes=MOST_BYTES, scalar_bytes=MOST_BYTES)
#: What a trace is called in headers, and in the ``_meta`` of MCP.
TRACEPARENT: Final = "traceparent"
Operation = Literal["hello", "begin", "decide", "approve", "end"]


class ProfileName(Struct, frozen=True, forbid_unknown_fields=True):
    """The profile that must decide."""

    id: str
    version: str
    #: ``sha256:`` of its canonical core form.
    hash: str


class Ask(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One message to a gear; which fields are there depends on ``op``."""

    op: Operation
    protocol: str = PROTOCOL
    #: Counts the messages of a channel; the answer repeats it, so that no answer is taken for that of another.
    id: int = 0
    #: ``begin``, ``approve``, ``end``: the run; in ``decide`` the request names it.
    run_id: str | UnsetType = UNSET
    #: ``begin``: the profile that must decide, and the pack's folder on this machine, where it lies in one.
    profile: ProfileName | UnsetType = UNSET
    pack: str | UnsetType = UNSET
    #: ``begin``: what the run starts with, what the world offers, and the time (RFC 3339), which stands still.
    given: Given | UnsetType = UNSET
    environment: Environment | UnsetType = UNSET
    now: str | UnsetType = UNSET
    #: ``decide``.
    request: Request | UnsetType = UNSET
    #: ``decide``: hook id to the fault that it must have in this step.
    faults: dict[str, str] | UnsetType = UNSET
    #: ``approve``.
    approval: Approval | UnsetType = UNSET
    #: The ``traceparent`` of what the message belongs to, where that is traced; HTTP and MCP say it in their own way.
    trace: str | UnsetType = UNSET


class Hello(Struct, frozen=True):
    """The answer to ``hello``."""

    name: str
    version: str = ""
    protocol: str = PROTOCOL
    features: tuple[str, ...] = ()


class Reply(Struct, frozen=True, omit_defaults=True):
    """The answer to a message: ``ok``, or why there is none."""

    id: int | UnsetType = UNSET
    ok: dict[str, Any] | UnsetType = UNSET
    error: str | UnsetType = UNSET


def apart(message: Ask) -> tuple[Ask, str]:
    """A message without its trace, and that; empty where there is none."""
    if message.trace is UNSET:
        return message, ""
    return msgspec.structs.replace(message, trace=UNSET), message.trace


def encode(message: Ask | Reply) -> bytes:
    """A message as one line of JSON, without the line feed."""
    return msgspec.json.encode(message)


def read_reply(data: bytes, gear: str, number: int) -> dict[str, Any]:
    """What a gear answered to the message ``number``.

    Raises GearError for an answer that cannot be read, is that of another message, or is an error.
    """
    return result_of(read_shape(read_plain(data, gear), gear), gear, number)


def read_plain(data: bytes, gear: str) -> Any:
    """What ``data`` is as strict JSON: of two equal keys another reader takes the other one. Raises GearError."""
    if len(data) > MOST_BYTES:
        raise failed(gear, f"answered with more than {MOST_BYTES >> 20} MiB")
    try:
        return read_elements(Source("answer.json", data, ""), _LIMITS, split=False)[0].data
    except DocumentError as error:
        raise failed(gear, f"answered with what is no strict JSON: {shown(error.problems[0].message, 300)}") from None


def read_shape(plain: Any, gear: str) -> Reply:
    """The reply that plain data is. Raises GearError."""
    make_ready(Reply)
    try:
        return msgspec.convert(plain, Reply)
    except (msgspec.ValidationError, RecursionError) as error:
        raise failed(gear, f"answered with what is no message of {PROTOCOL}: {shown(error, 300)}") from None


def result_of(reply: Reply, gear: str, number: int) -> dict[str, Any]:
    """The ``ok`` of the reply to the message ``number``. Raises GearError as ``read_reply`` does."""
    if reply.id is UNSET or reply.id != number:
        said = "no message" if reply.id is UNSET else f"message {reply.id}"
        message = f"the gear {shown(gear, 200)} answers {said}, and was asked message {number}"
        raise GearStepError.of("gear.step", Place(""), message, "repeat the id of the message")
    if reply.error is not UNSET and reply.ok is UNSET:
        raise GearSaysError(failed(gear, f"says: {shown(reply.error, 1000)}").problems)
    if reply.ok is UNSET or reply.error is not UNSET:
        raise failed(gear, "answered with neither 'ok' nor 'error', or with both")
    return reply.ok


def read_hello(data: dict[str, Any], gear: str) -> About:
    """What a gear says of itself. Raises GearError for another protocol."""
    make_ready(Hello)
    try:
        hello = msgspec.convert(data, Hello)
    except msgspec.ValidationError as error:
        raise failed(gear, f"greets in another shape: {shown(error, 300)}") from error
    if hello.protocol != PROTOCOL:
        raise failed(gear, f"speaks '{shown(hello.protocol, 80)}', and {PROTOCOL} is spoken here")
    features = frozenset(hello.features)
    return About(shown(hello.name, 80), shown(hello.version, 80), features & frozenset(FEATURES))


def failed(gear: str, message: str, hint: str = "") -> GearError:
    """The error of a gear."""
    return GearError.of("gear.failed", Place(""), f"the gear {shown(gear, 200)} {message}", hint)
