"""Text that strangers wrote, made safe to show."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.base.text import SHOWN, did_you_mean, invisible, nearest, shown, shown_lines

#: What moves a cursor, ends a line, turns the direction of the text, or has no width.
UNSAFE = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u2028\u2029\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff",
    *"\u00ad\u034f\u115f\u1160\u180e\u3164\uffa0\ufff9\ud800\udfff\U000e0001\U000e007f\U000e0100",
]


@pytest.mark.parametrize("character", UNSAFE)
def test_a_character_that_is_not_seen_is_written_out(character: str) -> None:
    said = shown(f"a{character}b")
    assert said.isascii()
    assert said.startswith("a\\")
    assert f"{ord(character):x}b" in said
    assert said.encode().decode("unicode_escape") == f"a{character}b"


@pytest.mark.parametrize("text", ["", "plain", "ä ö €", "日本語", "😀", "a'b\"c\\d", "עברית"])
def test_text_that_is_seen_stays_as_it_is(text: str) -> None:
    assert shown(text) == text
    assert invisible(text) is None


@given(st.text(max_size=300))
def test_what_is_shown_is_one_line_of_seen_characters(text: str) -> None:
    said = shown(text)
    assert len(said.splitlines()) <= 1
    assert all(unicodedata.category(one) not in ("Cc", "Cs", "Zl", "Zp") for one in said)
    assert invisible(said) is None
    said.encode()
    assert shown(said, 10_000) == said


def test_what_is_long_is_cut_and_its_length_told() -> None:
    assert shown("x" * SHOWN) == "x" * SHOWN
    assert shown("x" * (SHOWN + 1)) == "x" * SHOWN + f"… ({SHOWN + 1} characters)"
    assert shown("abcdef", 3) == "abc… (6 characters)"
    assert shown("\n" * 5, 3) == "\\x0a" * 3 + "… (5 characters)"


def test_other_values_are_shown_as_python_writes_them() -> None:
    assert shown(1) == "1"
    assert shown(ValueError("a\nb")) == "a\\x0ab"


def test_lines_stay_lines() -> None:
    assert shown_lines("a\tb\nc\x1b[2J\r\n\u202e") == "a    b\nc\\x1b[2J\\x0d\n\\u202e"
    assert shown_lines("x" * 1000) == "x" * 1000


@pytest.mark.parametrize(
    "character", ["\u00ad", "\u061c", "\u180e", "\u200b", "\u202e", "\u2060", "\ufeff", "\U000e0041"]
)
def test_an_invisible_character_is_named(character: str) -> None:
    named = invisible(f"ab{character}")
    assert named is not None
    assert named.encode().decode("unicode_escape") == character


def test_the_nearest_names_come_first() -> None:
    assert nearest("chang", ["charge", "change", "zzz"]) == ["change", "charge"]
    assert nearest("chang", ["charge", "change"], most=1) == ["change"]
    assert nearest("chang", []) == []


def test_what_was_probably_meant() -> None:
    assert did_you_mean("rote", ["route", "role", "status"]) == "did you mean 'route' or 'role'?"
    assert did_you_mean("xyz", ["b", "a", "b"]) == "known: a, b"
    assert did_you_mean("xyz", []) == ""
    many = [f"name{number:02}" for number in range(15)]
    assert did_you_mean("zzz", many[:12]) == "known: " + ", ".join(many[:12])
    assert did_you_mean("zzz", many) == "known: " + ", ".join(many[:12]) + " and 3 more"
    assert did_you_mean("ab\x1b", ["ab\x1b[", "ab"]) == "did you mean 'ab\\x1b[' or 'ab'?"


def test_strangers_cannot_make_the_search_slow() -> None:
    start = time.process_time()
    nearest("a" * 1_000_000, ["b" * 1_000_000, "ab" * 300])
    assert time.process_time() - start < 10
