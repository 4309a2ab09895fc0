"""Secrets are found in every spelling, and nothing else is touched."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.redact import MASK, Redactor

_SECRET = 'p4ss "wörd"/\nline+2'
_values = st.text(st.characters(codec="utf-8", exclude_characters="…."), min_size=8, max_size=30)
_around = st.binary(max_size=7)
relaxed = settings(deadline=None)


def hides(value: str) -> Redactor:
    return Redactor((), ["S"], {"S": value})


@relaxed
@given(value=_values, before=st.text("ab ", max_size=5), behind=st.text("ab ", max_size=5))
def test_a_value_is_masked_wherever_it_stands(value: str, before: str, behind: str) -> None:
    assume(value not in MASK)
    assume(value not in MASK)
    text = f"{before}{value}{behind}"
    assert value not in hides(value).text(text)


@relaxed
@given(value=_values, before=_around, behind=_around, urlsafe=st.booleans())
def test_base64_is_masked_at_every_alignment(value: str, before: bytes, behind: bytes, urlsafe: bool) -> None:
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    whole = encode(before + value.encode() + behind).decode()
    masked = hides(value).text(whole)
    assert MASK in masked
    # What is left of the value is at most the bits that it shares with its neighbours.
    left = masked.replace(MASK, "")
    assert len(left) <= len(encode(before + behind)) + 6


@pytest.mark.parametrize(
    "write",
    [
        str,
        lambda value: quote(value, safe=""),
        json.dumps,
        lambda value: json.dumps(value, ensure_ascii=False),
        repr,
        shown,
        lambda value: f"https://user:{quote(value, safe='')}@host/",
        lambda value: f"['{value}']",
    ],
)
def test_every_way_to_write_a_value_is_known(write: Any) -> None:
    written = write(_SECRET)
    masked = hides(_SECRET).text(f"see {written} there")
    assert MASK in masked
    for part in ("p4ss", "rd", "line"):
        assert part not in masked
    assert masked.startswith("see ")
    assert masked.endswith(" there")


@relaxed
@given(value=_values, length=st.integers(4, 30), mark=st.sampled_from(["…", "..."]))
def test_half_a_value_at_a_cut_is_masked(value: str, length: int, mark: str) -> None:
    length = min(length, len(value) - 1)
    redactor = hides(value)
    assume(MASK not in value)
    assert redactor.text(f"{value[:length]}{mark} (30 characters)") == f"{MASK}{mark} (30 characters)"
    assert redactor.text(f"x{mark}{value[-length:]}").startswith(f"x{mark}{MASK}")
    assert redactor.text(f"{value[:length]}{mark}{value[-length:]}") == f"{MASK}{mark}{MASK}"


def test_text_beside_cuts_that_is_no_secret_stays() -> None:
    redactor = hides("correct horse")
    for text in ("co…", "correct horsf", "… and so on ...", "horse… or …correct"):
        assert redactor.text(text) == text
    assert redactor.counts == {}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_data_without_secrets_is_the_same_data(data: Any) -> None:
    redactor = hides("correct horse battery staple")
    assert redactor.data(data) == data
    assert redactor.counts == {}


def test_data_is_masked_in_keys_values_and_numbers() -> None:
    redactor = Redactor(["tok-[0-9]+", "4711"])
    data = {"tok-1": [{"deep": ("a tok-22 b", 4711, 47.115, True, None)}]}
    assert redactor.data(data) == {MASK: [{"deep": [f"a {MASK} b", MASK, 47.115, True, None]}]}
    assert redactor.counts == {"tok-[0-9]+": 2, "4711": 1}


def test_a_redactor_of_nothing_is_not_active() -> None:
    assert not Redactor().active
    assert not Redactor((), ["UNSET", "EMPTY"], {"EMPTY": ""}).active
    assert Redactor(["a"]).active
    assert hides("four").active


@pytest.mark.parametrize(
    ("patterns", "variables", "words"),
    [
        (["("], [], "is no regular expression"),
        (["x*"], [], "matches the empty text"),
        ([], ["SHORT"], "the value of SHORT is too short"),
    ],
)
def test_what_cannot_be_redacted_is_refused(patterns: list[str], variables: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        Redactor(patterns, variables, {"SHORT": "abc"})
    assert "abc" not in str(refused.value)
