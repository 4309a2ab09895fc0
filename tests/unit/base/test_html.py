from __future__ import annotations

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.base.html import code, document, lines, style_of, table, text
from pytest_fluxscenario.base.text import shown
from tests.fakes.page import Page

_HOSTILE = "<script>alert(1)</script>\" onload='x' & \x1b[31m \u202e\u200b"


@pytest.mark.parametrize("make", [text, lines, code])
def test_what_is_foreign_stays_text_and_moves_no_cursor(make: object) -> None:
    assert callable(make)
    seen = Page(make(_HOSTILE))
    assert {tag for tag, _ in seen.tags} <= {"code"}
    assert seen.said == "<script>alert(1)</script>\" onload='x' & \\x1b[31m \\u202e\\u200b"


@given(st.text(st.characters(), max_size=200))
def test_any_text_stays_one_piece_of_text_and_inside_its_quotes(value: str) -> None:
    seen = Page(f'<p title="{text(value)}">{text(value)}</p>')
    assert [tag for tag, _ in seen.tags] == ["p"]
    assert seen.tags[0][1] == {"title": seen.said}
    assert seen.said == shown(value)
    seen.said.encode()


def test_text_is_cut_where_it_is_too_long_and_says_how_long_it_was() -> None:
    assert text("x" * 30, 10) == "xxxxxxxxxx… (30 characters)"
    assert lines("x\ny" * 10, 4) == "x\nyx… (30 characters)"


def test_lines_stay_lines() -> None:
    assert lines("a\n\tb <c>\r") == "a\n    b &lt;c&gt;\\x0d"


def test_a_table_names_its_columns_and_rows() -> None:
    page = table(("A", "B"), [("<i>1</i>", "2")])
    assert '<th scope="col">B</th>' in page
    assert '<tr><th scope="row"><i>1</i></th><td>2</td></tr>' in page


def test_a_page_is_whole_and_its_policy_allows_its_own_style_alone() -> None:
    page = "".join(document(_HOSTILE, ["<p>one</p>", "<p>two</p>"], ".mine { color: red; }\n"))
    assert page.startswith("<!doctype html>\n")
    assert page.endswith("<p>one</p>\n<p>two</p>\n</main></body></html>\n")
    css = page.partition("<style>")[2].partition("</style>")[0]
    assert css.endswith(".mine { color: red; }\n")
    policy = next(a["content"] for tag, a in Page(page).tags if tag == "meta" and "http-equiv" in a)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_a_page_asks_for_nothing_from_anywhere() -> None:
    page = "".join(document("a", []))
    assert not re.search(r"https?:|url\(|@import|src=|href=|<script", page)
    tags = ["html", "head", "meta", "meta", "meta", "meta", "title", "style", "body", "main"]
    assert [tag for tag, _ in Page(page).tags] == tags


def test_the_style_fits_both_schemes_of_colour() -> None:
    style = style_of("pytest_fluxscenario.base", "page.css")
    names = re.findall(r"(--[a-z]+):", style.partition("@media")[0])
    dark = re.findall(r"(--[a-z]+):", style.partition("@media")[2].partition("\n}")[0])
    assert names == dark
    assert set(re.findall(r"var\((--[a-z]+)\)", style)) == set(names)
