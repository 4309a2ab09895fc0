"""Numbers in options: what a person means, and none of what only Python takes for one."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.base.number import read_number, read_seconds


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("30", 30), ("0.5", 0.5), (".5", 0.5), ("7.", 7), (" 1 ", 1), (99.5, 99.5)]
)
def test_numbers(text: object, number: float) -> None:
    assert read_number(text, 0, 100) == number


@pytest.mark.parametrize(
    "text", ["", ".", "-1", "+1", "1_0", "1e1", "nan", "inf", "0x1", "٣", "101", "1 0", True, None, "9" * 999]
)
def test_what_is_none(text: object) -> None:
    assert read_number(text, 0, 100) is None


def test_seconds_are_some_and_no_more_than_a_day() -> None:
    assert [read_seconds(text) for text in ("0", "0.0", "0.1", "86400", "86400.1")] == [None, None, 0.1, 86_400, None]
    assert read_seconds("0.05", 0.1) is None
