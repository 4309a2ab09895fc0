"""Canonical JSON against RFC 8785, and against an implementation of it that shares no line with this one."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from pytest_fluxscenario.base.canonical import canonical, canonical_ref, canonical_without_floats, plain

LARGEST = 2**53 - 1

texts = st.text(st.characters(exclude_categories=["Cs"]))
#: Keys whose order by UTF-16 units is another than by code points.
keys = texts | st.text(st.sampled_from("a\ue000\uffff\U00010000\U0001f600\u20ac"), max_size=3)
exact = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | texts
numbers = st.floats(allow_nan=False, allow_infinity=False)


def documents(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )


@settings(max_examples=300, deadline=None)
@given(documents(exact | numbers))
def test_the_bytes_are_those_of_another_implementation(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@settings(max_examples=200, deadline=None)
@given(documents(exact))
def test_without_floats_the_bytes_are_the_same(value: Any) -> None:
    assert canonical_without_floats(value) == rfc8785.dumps(value)


@settings(max_examples=1000, deadline=None)
@given(numbers)
def test_every_double_is_written_as_ecmascript_writes_it(value: float) -> None:
    written = canonical(value)
    assert written == rfc8785.dumps(value)
    assert float(written) == value


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        # RFC 8785, appendix B.
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_the_numbers_of_the_rfc(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(value) == text.encode()
    assert canonical({"a": [value]}) == b'{"a":[' + text.encode() + b"]}"


def test_the_sorting_example_of_the_rfc() -> None:
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\x80": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    written = canonical(value)
    assert list(json.loads(written)) == ["\r", "1", "\x80", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert canonical_without_floats(value) == written == rfc8785.dumps(value)


def test_the_string_example_of_the_rfc() -> None:
    value = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/", "literals": [None, True, False]}
    expected = '{"literals":[null,true,false],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert canonical(value) == expected.encode()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_does_not_have_is_refused_wherever_it_stands(value: float) -> None:
    for holder in (value, [value], {"a": {"b": [1, value]}}, {"a": None, "b": value}):
        with pytest.raises(ValueError, match="no NaN"):
            canonical(holder)


@pytest.mark.parametrize("value", [LARGEST + 1, -LARGEST - 1, 2**63, -(2**63)])
def test_an_integer_that_json_does_not_keep_is_refused(value: int) -> None:
    assert canonical([LARGEST, -LARGEST]) == f"[{LARGEST},-{LARGEST}]".encode()
    for holder in (value, [value], {"a": value}):
        with pytest.raises(ValueError, match=r"beyond ±9007199254740991"):
            canonical(holder)


def test_lone_surrogates_and_what_is_no_json_are_refused() -> None:
    for text in ("\ud800", "a\udfffb"):
        with pytest.raises(ValueError, match="surrogates"):
            canonical({"a": text})
    with pytest.raises(TypeError):
        canonical({"a": object()})
    with pytest.raises(TypeError):
        canonical({1: "a"})


def test_text_that_looks_like_a_number_stays_as_it_is() -> None:
    for value in ('{"a":1.5}', "[1e5", ":1.0", "[null", ",12345678901234567890"):
        assert canonical([value]) == rfc8785.dumps([value])


class _Pair(Struct, omit_defaults=True):
    b: float
    a: tuple[str, ...] = ()


def test_structs_are_written_as_their_objects() -> None:
    assert canonical(_Pair(1.0, ("x",))) == b'{"a":["x"],"b":1}'
    assert canonical({"\U0001f600": _Pair(2.0)}) == '{"\U0001f600":{"b":2}}'.encode()


def test_plain_data_is_a_copy_with_its_numbers_as_they_were() -> None:
    value = {"a": (1, 2e16), "b": _Pair(1.0)}
    copy = plain(value)
    assert copy == {"a": [1, 2e16], "b": {"b": 1.0}}
    assert isinstance(copy["a"][1], float)
    assert canonical(copy) == canonical(value)


def test_the_ref_is_the_hash_of_the_bytes() -> None:
    assert canonical_ref({"a": 1.0}) == "sha256:" + hashlib.sha256(b'{"a":1}').hexdigest()
