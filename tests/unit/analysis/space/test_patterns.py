"""Texts for the patterns of schemas."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.space.construct import construct
from pytest_fluxscenario.analysis.space.patterns import matching


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^CC-[0-9]{4}$", "CC-0000"),
        (r"^(0|[1-9][0-9]{0,8})\.[0-9]{2}$", "0.00"),
        (r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$", "a@a.aa"),
        (r"^orders/[a-z0-9-]+\.md$", "orders/a.md"),
        (r"^sha256:[0-9a-f]{64}$", "sha256:" + "0" * 64),
        (r"\d\w\s\D\W\S", "0a a-a"),
        (r"[^a]", "x"),
        (r"(?:ab)?c*", ""),
        ("", ""),
    ],
)
def test_a_short_text_is_found(pattern: str, text: str) -> None:
    assert matching(pattern) == text
    assert re.search(pattern, text)


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "(((a{999}){999}){999}){999}", "a" * 2_000, "[^\\s\\S]", "a{2000}"])
def test_there_is_not_always_one(pattern: str) -> None:
    begun = time.perf_counter()
    assert matching(pattern) is None
    assert time.perf_counter() - begun < 60


@given(st.text("ab(|)[]{1,2}*+?^$\\d.-", max_size=20))
def test_a_stranger_may_write_any_pattern(pattern: str) -> None:
    found = matching(pattern)
    assert found is None or len(found) <= 1_000


def test_a_payload_is_made_with_it() -> None:
    schema = {"required": ["centre"], "properties": {"centre": {"type": "string", "pattern": "^CC-[0-9]{4}$"}}}
    assert construct([{"type": "object", **schema}]) == {"centre": "CC-0000"}
