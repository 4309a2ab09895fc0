"""Markdown: foreign text is nothing but text, as GitHub and others read it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.review.markdown import code, plain


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("rule_waiver of patch.apply", "rule_waiver of patch.apply"),
        ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
        ("*a* _b_ `c` [d](e) | f", "\\*a\\* \\_b\\_ \\`c\\` \\[d\\](e) \\| f"),
        ("see https://evil.example and www.evil.example", "see https:\\//evil.example and www\\.evil.example"),
        ("a\nb", "a\\\\x0ab"),
        ("$x$ ~~y~~ &lt; me@here #1", "\\$x\\$ \\~\\~y\\~\\~ \\&lt; me\\@here \\#1"),
    ],
)
def test_text_is_escaped_where_it_has_to_be(text: str, written: str) -> None:
    assert plain(text) == written


@given(st.text(alphabet="`| a\\<>\n", max_size=40))
def test_a_span_of_code_is_ended_by_nothing_in_it(text: str) -> None:
    span = code(text, cell=True)
    if not span:
        return
    fence = re.match(r"`+", span)
    assert fence is not None
    inside = span[fence.end() : -fence.end()]
    assert fence.group() not in re.findall(r"`+", inside)
    # A pipe ends the cell around the span, unless it is escaped.
    assert not re.search(r"(?<!\\)\|", span)
    assert "\n" not in span


def test_long_text_is_cut_and_it_is_said() -> None:
    assert len(plain("x" * 1_000_000)) < 2_100
    assert plain("x" * 1_000_000).endswith("… (1000000 characters)")
