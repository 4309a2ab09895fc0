"""fluxMsg: what goes in comes out, in one spelling; everything else is refused with a MessageError."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.fleet.messages import cbor
from pytest_fluxscenario.fleet.messages.errors import MessageError
from pytest_fluxscenario.fleet.messages.ids import Ids
from pytest_fluxscenario.fleet.messages.message import KINDS, Heartbeat, Hello, Message, Piece, Work
from pytest_fluxscenario.fleet.messages.wire import Writer, decode, decode_as, encode

_HELLO = Hello(rack="one", key="U", version="0.1.0", gears=("engine",), labels={"os": "linux"}, passport=b"\x00p")
_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _plain(**changes: Any) -> dict[str, Any]:
    """A good message as plain data, changed."""
    made: dict[str, Any] = cbor2.loads(encode(Message(7, _HELLO, run="r1", ts=1, trace=_TRACE, meta={"a": "b"})))
    return {**made, **changes}


def _refused(value: Any) -> str:
    with pytest.raises(MessageError) as caught:
        decode(value if isinstance(value, bytes) else cbor2.dumps(value, canonical=True))
    return str(caught.value)


def test_what_goes_in_comes_out() -> None:
    message = Message(7, _HELLO, ref=3, run="r1", ts=5, trace=_TRACE, meta={"a": "b"})
    data = encode(message)
    assert decode(data) == message
    assert encode(decode(data)) == data
    assert decode(data).kind == "hello"


def test_the_map_has_the_nine_keys_of_the_specification() -> None:
    keys = {"v", "id", "ref", "kind", "run", "ts", "trace", "meta", "data"}
    assert set(_plain()) == keys
    for key in sorted(keys):
        left_out = _plain()
        del left_out[key]
        assert "message" in _refused(left_out)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"v": 3}, "is of version 3, and this program knows 2 (run the same version on all machines)"),
        ({"v": True}, "is of version True"),
        ({"v": "1"}, "is of version 1"),
        ({"kind": "shell"}, "is of the kind 'shell', which is not known here"),
        ({"kind": "\x1b[2J"}, r"is of the kind '\x1b[2J'"),
        ({"id": -1}, "has a number that is no id or no time"),
        ({"id": 1.0}, "has not the shape of one"),
        ({"id": True}, "has not the shape of one"),
        ({"ref": "7"}, "has not the shape of one"),
        ({"trace": "00-" + "0" * 32 + "-b7ad6b7169203331-01"}, "which is no W3C traceparent"),
        ({"trace": "x"}, "which is no W3C traceparent"),
        ({"meta": {"a": 1}}, "has not the shape of one"),
        ({"meta": {str(n): "" for n in range(40)}}, "has too much in 'meta'"),
        ({"meta": {"a": "x" * 2000}}, "has too much in 'meta'"),
        ({"more": 1}, "has not the shape of one"),
        ({"data": {}}, "(hello) has not the shape of one"),
        ({"data": []}, "has not the shape of one"),
    ],
)
def test_what_is_not_listed_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in _refused(_plain(**changes))


def test_an_unknown_field_of_the_data_is_refused() -> None:
    plain = _plain()
    plain["data"]["__class__"] = "os.system"
    assert "unknown field `__class__`" in _refused(plain)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "ends too early"),
        (b"\xa0", "has no 'v'"),
        (b"\x80", "is no map"),
        (b"\xa1", "ends too early"),
        (b"\xa0\x00", "goes on after its end"),
        # Tags: a date, a big number, a regular expression, a shared value.
        (b"\xc0\x74" + b"2013-03-21T20:04:00Z", "has a tag"),
        (b"\xc2\x49\x01" + b"\x00" * 8, "has a tag"),
        (b"\xd8\x23\x62.*", "has a tag"),
        (b"\xd8\x1c\x81\xd8\x1d\x00", "has a tag"),
        # undefined, a simple value.
        (b"\xf7", "has a tag"),
        (b"\xf8\xff", "has a tag"),
        # Lengths left open.
        (b"\x9f\xff", "left open"),
        (b"\x5f\x41a\xff", "left open"),
        # Sizes that lie.
        (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "ends too early"),
        (b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff", "ends too early"),
        (b"\x7b\xff\xff\xff\xff\xff\xff\xff\xffx", "ends too early"),
        (b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "more than 63 bits"),
        # Another spelling of the same.
        (b"\x18\x01", "not in canonical form"),
        (b"\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00", "not in canonical form"),
        (b"\xa2\x61b\x01\x61a\x01", "not in canonical form"),
        # A key twice, a key that is no text, text that is no UTF-8.
        (b"\xa2\x61a\x01\x61a\x02", ""),
        (b"\xa1\x80\x01", ""),
        (b"\x62\xc3\x28", "is no CBOR"),
        (b"\x81" * 5000 + b"\x00", "inside one another"),
        (b"\xa1\x00" * 3000 + b"\x00", "inside one another"),
    ],
)
def test_bytes_that_are_no_message(data: bytes, said: str) -> None:
    assert said in _refused(data)


def test_a_message_that_is_too_large_is_neither_read_nor_sent() -> None:
    assert "the limit is 8388608" in _refused(b"\x00" * (cbor.MOST_BYTES + 1))
    with pytest.raises(MessageError, match="the limit is 8388608"):
        encode(Message(1, Piece(hash="", offset=0, size=0, data=b"x" * cbor.MOST_BYTES)))


def test_a_message_of_too_many_values_is_refused() -> None:
    assert "has more than 200000 values" in _refused(b"\x9a\x00\x03\x0d\x41" + b"\x00" * 200_001)


def test_what_has_no_place_in_a_message_is_not_sent() -> None:
    with pytest.raises(MessageError, match="cannot be sent"):
        cbor.dump(object())
    with pytest.raises(MessageError, match="cannot be sent"):
        cbor.dump("\ud800")


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(max_size=40),
)
_DATA = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(_DATA)
@settings(max_examples=150, deadline=None)
def test_plain_data_has_one_spelling(value: Any) -> None:
    data = cbor.dump(value)
    assert cbor.load(data) == value
    assert cbor.dump(cbor.load(data)) == data


def _mutated(chance: random.Random, whole: bytes) -> bytes:
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        kind = chance.randrange(5)
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at] = chance.choice(b"\x00\x18\x1b\x5f\x7f\x81\x9f\xa1\xbf\xc0\xd8\xf6\xf7\xf9\xfb\xff")
        elif kind == 2:
            data[at:at] = chance.randbytes(chance.randint(1, 9))
        elif kind == 3:
            del data[at + 1 :]
        elif len(data) > 1:
            del data[at]
    return bytes(data)


_SAMPLES = [_HELLO, Heartbeat(rack="one", slots=2, busy=(("r", "a::b"),)), Piece(hash="h", offset=0, size=1, data=b"x")]


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_no_bytes_raise_anything_but_a_message_error(count: int) -> None:
    chance = random.Random(count)  # noqa: S311 - the same mutants in every run
    wholes = [encode(Message(7, body, meta={"a": "b"})) for body in _SAMPLES]
    taken = 0
    for _ in range(count):
        data = _mutated(chance, chance.choice(wholes))
        try:
            message = decode(data)
        except MessageError:
            continue
        # What is taken is one of the values listed, and what is sent of it is taken again.
        taken += 1
        assert type(message.data) in KINDS.values()
        assert decode(encode(message)) == message
    assert 0 < taken < count / 4


@given(st.binary(max_size=200))
@example(b"\xa1" + b"\xf9\x7e\x00" + b"\x00")
@settings(max_examples=300, deadline=None)
def test_no_noise_is_a_message(noise: bytes) -> None:
    with pytest.raises(MessageError):
        decode(noise)


def test_one_kind_where_another_is_taken() -> None:
    data = encode(Message(7, _HELLO))
    assert decode_as(Hello, data)[1] == _HELLO
    with pytest.raises(MessageError, match="is of the kind 'hello', where 'work' is taken"):
        decode_as(Work, data)


def test_a_writer_says_when_and_answers_what() -> None:
    writer = Writer(Ids(5), StandingClock(datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC)))
    asked = Message(9, _HELLO, trace=_TRACE)
    answer = writer.message(Heartbeat(rack="one", slots=1), answers=asked, run="r1")
    assert (answer.ref, answer.trace, answer.run) == (9, _TRACE, "r1")
    assert answer.ts == 1_772_600_767_000_089_000
    assert decode(writer.encoded(_HELLO)).data == _HELLO


def test_every_kind_says_its_name() -> None:
    assert all(kind == body.kind and body.__doc__ for kind, body in KINDS.items())
