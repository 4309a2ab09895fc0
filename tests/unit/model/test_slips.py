"""Hints for likely slips."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.documents.json import Json
from pytest_fluxscenario.model.slips import either, slip_hint


@pytest.mark.parametrize(
    ("value", "asked", "written", "hint"),
    [
        (1.1, ("a string",), "1.10", 'quote it: "1.10"'),
        (7, ("a string", "null"), None, 'quote it: "7"'),
        (True, ("a string",), None, 'quote it: "true"'),
        ("No", ("true", "false"), None, "write false, without quotes"),
        ("on", ("true", "false"), None, "write true, without quotes"),
        ("x", ("a list",), None, "write a list: [x]"),
        ("maybe", ("true", "false"), None, ""),
        (7, ("a list",), None, ""),
        (None, ("a string",), None, ""),
        ([], ("a string",), None, ""),
    ],
)
def test_the_hint_is_what_was_probably_meant(
    value: Json, asked: tuple[str, ...], written: str | None, hint: str
) -> None:
    assert slip_hint(value, asked, written) == hint


def test_choices_are_listed_as_a_sentence_does() -> None:
    assert either([]) == ""
    assert either(["a"]) == "a"
    assert either(["a", "b", "c"]) == "a, b or c"
