from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.documents.yaml_scalars import RefusedError, resolve
from tests.unit.documents.reading import data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
        ("0", 0), ("-0", 0), ("+12", 12), ("-7", -7), ("9007199254740991", 2**53 - 1),
        ("0o17", 15), ("0x1f", 31), ("0xFF", 255), ("0x" + "0" * 50 + "1", 1),
        ("1.10", 1.1), ("1.", 1.0), (".5", 0.5), ("-0.0", -0.0), ("1e3", 1000.0), ("1E-2", 0.01), ("+1.5e+2", 150.0),
    ],
)  # fmt: skip
def test_the_core_schema_of_yaml_1_2(text: str, value: Any) -> None:
    assert repr(resolve(text)) == repr(value)


@pytest.mark.parametrize(
    "text",
    [
        "no", "No", "NO", "yes", "on", "Off", "y", "n", "nULL", "tRUE", "none", "None", "2020-01-01",
        "2020-01-01T00:00:00Z", "1:30", "1_000", "010", "-010", "00", "01.5", "0o18", "0b11", "0x", "1.2.3",
        "1.4.0", "-",
        "+", ".", "..", "e3", "1e", "0x1g", "-0x1f", "inf", "nan", "infinity", "\u0661", "=", "<<", "1 2", ".e5",
        "+.nan",
    ],
)  # fmt: skip
def test_everything_else_is_a_string(text: str) -> None:
    assert resolve(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9007199254740992", "integer-range"), ("-9007199254740992", "integer-range"), ("1" * 5000, "integer-range"),
        ("0x20000000000000", "integer-range"), ("0x" + "f" * 5000, "integer-range"), ("0o" + "7" * 30, "integer-range"),
        ("1e400", "number-range"), ("-1e400", "number-range"), ("1" * 400 + ".", "number-range"),
        (".inf", "not-a-number"), ("-.INF", "not-a-number"), ("+.Inf", "not-a-number"), (".nan", "not-a-number"),
        (".NaN", "not-a-number"), (".NAN", "not-a-number"),
    ],
)  # fmt: skip
def test_numbers_that_readers_disagree_on_are_refused(text: str, why: str) -> None:
    with pytest.raises(RefusedError) as caught:
        resolve(text)
    assert caught.value.why == why


def test_only_plain_scalars_have_a_meaning() -> None:
    text = "[\"1\", '1', \"null\", 'true', \"\", '']"
    assert data("a.yaml", text) == ["1", "1", "null", "true", "", ""]
    assert data("a.yaml", "a: |\n  1\nb: >-\n  null\n") == {"a": "1\n", "b": "null"}
