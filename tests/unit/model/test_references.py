"""The grammar of references: what is one, what is a literal, what is neither."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.model.references import (
    WHOLE_PATTERN,
    Slot,
    escaped,
    is_reference,
    parts,
    path_fault,
    references,
)

TEXTS = st.text(alphabet="${}abs.steps \n\U0001f600", max_size=30) | st.text(max_size=20)


def test_a_text_without_a_reference_has_none() -> None:
    assert references("costs $5 {x} $x }") == []
    assert parts("costs $5 {x}") == ["costs $5 {x}"]
    assert parts("") == []


def test_references_are_found_with_their_offsets() -> None:
    text = "a ${first} b ${steps.one two.reason}"
    found = references(text)
    assert [text[slot.start : slot.end] for slot in found] == ["${first}", "${steps.one two.reason}"]
    assert [slot.name for slot in found] == ["first", None]
    assert [slot.fault for slot in found] == ["", ""]


def test_an_escape_is_a_literal_and_not_a_reference() -> None:
    assert references("$${name}") == []
    assert parts("a $${name} b") == ["a ${name} b"]
    assert parts("$$${name}") == ["$${name}"]
    found = parts("$${a}${b}")
    assert found[0] == "${a}"
    assert isinstance(found[1], Slot)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("${name", "'${' is not closed by '}'"),
        ("${a${b}", "'${' is not closed by '}'"),
        ("${}", "this is no reference"),
        ("${a b}", "this is no reference"),
        ("${1a}", "this is no reference"),
        ("${Abc}", "this is no reference"),
        ("${steps}", "this is no reference"),
        ("${a\n}", "this is no reference"),
        ("${steps.one}", "a reference to a step names a field of its response"),
        ("${" + "a" * 501 + "}", "a reference of 501 characters is too long: the limit is 500"),
    ],
)
def test_a_malformed_reference_says_why(text: str, fault: str) -> None:
    assert references(text)[0].fault == fault


def test_a_step_name_may_hold_dots_and_the_longest_one_is_meant() -> None:
    (slot,) = references("${steps.a.b.reason}")
    assert slot.step_field({"a", "a.b"}) == ("a.b", "reason")
    assert slot.step_field({"a"}) == ("a", "b.reason")
    assert slot.step_field({"c"}) is None
    (deep,) = references("${steps.a.required_approval.role}")
    assert deep.step_field({"a"}) == ("a", "required_approval.role")


@pytest.mark.parametrize("text", ["x${a}", "${a}x", "${a}${b}", "${a}\n", "$${a}", "${}", "", "${a"])
def test_only_a_lone_reference_keeps_its_type(text: str) -> None:
    assert not is_reference(text)
    assert re.search(WHOLE_PATTERN, text) is None


def test_a_lone_reference_is_one() -> None:
    assert is_reference("${a}")
    assert is_reference("${steps.one two.reason}")


@pytest.mark.parametrize(
    ("path", "good"), [("reason", True), ("a.0.b", True), ("a..b", False), ("", False), ("a.", False)]
)
def test_a_path_has_no_empty_part(path: str, good: bool) -> None:
    assert (path_fault(path) == "") is good


@given(TEXTS)
def test_an_escaped_text_reads_back_as_it_was(text: str) -> None:
    assert references(escaped(text)) == []
    assert "".join(str(part) for part in parts(escaped(text))) == text


@given(TEXTS)
def test_parts_and_references_agree(text: str) -> None:
    assert [part for part in parts(text) if isinstance(part, Slot)] == references(text)


@given(TEXTS)
def test_a_lone_reference_is_the_published_pattern(text: str) -> None:
    assert is_reference(text) == (re.search(WHOLE_PATTERN, text) is not None)
