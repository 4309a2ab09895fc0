"""Strict CBOR: plain data in one spelling, and nothing that becomes an object of a class (fleet.md, "fluxMsg").

What a stranger sent is looked through before it is decoded, without recursion: sizes that lie, depth, tags, lengths
left open and simple values other than false, true and null are refused there. What is decoded is encoded again and
compared, so that every value has one spelling: shortest numbers, sorted keys, no key twice.
"""

from __future__ import annotations

from typing import Any, Final

import cbor2

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.fleet.messages.errors import MessageError

#: Bytes of one message; the server of the Mixer accepts a little more, for what is around it.
MOST_BYTES: Final = 8 << 20
MOST_DEPTH: Final = 32
MOST_VALUES: Final = 200_000
#: JSON's whole numbers, and those of ids, have one range here.
_MOST_INT: Final = (1 << 63) - 1
_PLACE: Final = Place("message")
_UINT, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
#: First bytes of a text whose length stands in them, from the first of these; the other says that the next byte is it.
_SHORT_TEXT, _LONG_TEXT = _TEXT << 5, (_TEXT << 5) + 24
_FOLLOWING: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_SHORT: Final = "ends too early"
#: false, true, null; floats of 2, 4 and 8 bytes.
_PLAIN: Final = (20, 21, 22, 25, 26, 27)


def dump(value: Any) -> bytes:
    """``value`` (None, bool, int, float, str, bytes, list and dict with text keys) as canonical CBOR.

    Raises MessageError for more than ``MOST_BYTES``, and for what has no place in CBOR.
    """
    try:
        data = cbor2.dumps(value, canonical=True)
    except (cbor2.CBOREncodeError, ValueError, UnicodeError) as error:
        raise refused("message.value", f"cannot be sent: {type(error).__name__}") from error
    if len(data) > MOST_BYTES:
        raise refused("message.size", f"is {len(data)} bytes long", f"the limit is {MOST_BYTES}")
    return data


def load(data: bytes) -> Any:
    """The plain data in ``data``. Raises MessageError for everything but the one spelling of it."""
    if len(data) > MOST_BYTES:
        raise refused("message.size", f"is {len(data)} bytes long", f"the limit is {MOST_BYTES}")
    _look_through(data)
    try:
        value = cbor2.loads(data, max_depth=MOST_DEPTH + 8, allow_indefinite=False, allow_duplicate_keys=False)
        again = cbor2.dumps(value, canonical=True)
    except (cbor2.CBORError, ValueError, UnicodeError, TypeError, OverflowError) as error:
        raise refused("message.cbor", f"is no CBOR: {type(error).__name__}") from error
    if again != data:
        raise refused("message.spelling", "is not in canonical form")
    return value


def refused(code: str, message: str, hint: str = "") -> MessageError:
    """The error of a message that is not taken."""
    error: MessageError = MessageError.of(code, _PLACE, f"the message {message}", hint)
    return error


def _look_through(data: bytes) -> None:
    """Raise MessageError where ``data`` is not one value of plain data within the limits."""
    at, values, size = 0, 0, len(data)
    #: What the list or map that is looked at still wants, and what those around it do.
    wanted, around = 1, list[int]()
    while True:
        while not wanted:
            if not around:
                if at > size:
                    raise refused("message.short", _SHORT)
                if at < size:
                    raise refused("message.long", "goes on after its end")
                return
            wanted = around.pop()
        wanted -= 1
        values += 1
        if values > MOST_VALUES:
            raise refused("message.values", f"has more than {MOST_VALUES} values")
        # Nearly all values are texts of less than 256 bytes, in maps: those are looked at here.
        first = data[at] if at + 1 < size else 0
        if _SHORT_TEXT <= first <= _LONG_TEXT:
            at += 1 + first - _SHORT_TEXT if first < _LONG_TEXT else 2 + data[at + 1]
            continue
        major, argument, at = _head(data, at)
        if major in (_BYTES, _TEXT):
            at += argument
        elif major in (_ARRAY, _MAP):
            several = argument * 2 if major == _MAP else argument
            if several > size - at:
                raise refused("message.short", _SHORT)
            if len(around) >= MOST_DEPTH:
                raise refused("message.depth", f"has more than {MOST_DEPTH} lists and maps inside one another")
            around.append(wanted)
            wanted = several


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Kind and argument of the value that begins at ``at``, and where it goes on."""
    if at >= len(data):
        raise refused("message.short", _SHORT)
    major, info = data[at] >> 5, data[at] & 0x1F
    at += 1
    argument = info
    if info in _FOLLOWING:
        count = _FOLLOWING[info]
        if at + count > len(data):
            raise refused("message.short", _SHORT)
        argument = int.from_bytes(data[at : at + count])
        at += count
    elif info > 23:
        raise refused("message.cbor", "has a length that is left open, or reserved")
    if major == _TAG or (major == _SIMPLE and info not in _PLAIN):
        raise refused("message.tag", "has a tag or a value that is no plain data")
    if major in (_UINT, _NEGATIVE) and argument > _MOST_INT:
        raise refused("message.number", "has a number of more than 63 bits")
    return major, argument, at
