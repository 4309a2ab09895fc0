"""What is said to a gear elsewhere, and what it answers: ``fst.gear.v1``, one JSON object each way (docs/gears.md)."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.gears.port import FEATURES, About, GearError, GearStepError
from pytest_fluxscenario.model.request import Approval, Environment, Given, Request

PROTOCOL: Final = "fst.gear.v1"
#: Bytes of one message, either way.
MOST_BYTES: Final = 8 << 20
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


def encode(message: Ask | Reply) -> bytes:
    """A message as one line of JSON, without the line feed."""
    return msgspec.json.encode(message)


def read_reply(data: bytes, gear: str, number: int) -> dict[str, Any]:
    """What a gear answered to the message ``number``.

    Raises GearError for an answer that cannot be read, is that of another message, or is an error.
    """
    if len(data) > MOST_BYTES:
        raise failed(gear, f"answered with more than {MOST_BYTES >> 20} MiB")
    try:
        reply = msgspec.json.decode(data, type=Reply)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise failed(gear, f"answered with what is no message of {PROTOCOL}: {shown(error, 300)}") from error
    return result_of(reply, gear, number)


def result_of(reply: Reply, gear: str, number: int) -> dict[str, Any]:
    """The ``ok`` of the reply to the message ``number``. Raises GearError as ``read_reply`` does."""
    if reply.id is UNSET or reply.id != number:
        said = "no message" if reply.id is UNSET else f"message {reply.id}"
        message = f"the gear {shown(gear, 200)} answers {said}, and was asked message {number}"
        raise GearStepError.of("gear.step", Place(""), message, "repeat the id of the message")
    if reply.error is not UNSET and reply.ok is UNSET:
        raise failed(gear, f"says: {shown(reply.error, 1000)}")
    if reply.ok is UNSET or reply.error is not UNSET:
        raise failed(gear, "answered with neither 'ok' nor 'error', or with both")
    return reply.ok


def read_hello(data: dict[str, Any], gear: str) -> About:
    """What a gear says of itself. Raises GearError for another protocol."""
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
