"""Equality by JSON type, and look-up by dotted path."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.base.values import ABSENT, containers, keys, lookup, said_twice, same, type_name

#: Each is the same as itself and as no other.
APART: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.5,
    "",
    "0",
    "1",
    "true",
    "null",
    [],
    {},
    [0],
    [False],
    [[]],
    {"a": 0},
]
APART += [{"a": False}, {"b": 0}, {"a": 0, "b": 0}, [0, 1], [1, 0]]


@pytest.mark.parametrize("one", range(len(APART)))
def test_values_of_different_json_types_are_different(one: int) -> None:
    for other, value in enumerate(APART):
        assert same(APART[one], value) is (one == other)
        assert same([APART[one]], [value]) is (one == other)
        assert same({"k": APART[one]}, {"k": value}) is (one == other)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (0, -0.0),
        ([1], (1,)),
        ((), []),
        ({"a": (1, [2])}, {"a": [1.0, (2,)]}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_values_that_are_written_alike_are_the_same(left: object, right: object) -> None:
    assert same(left, right)
    assert same(right, left)


def test_absent_is_the_same_as_nothing_else() -> None:
    assert not any(same(ABSENT, value) or same(value, ABSENT) for value in APART)
    assert not ABSENT
    assert repr(ABSENT) == "absent"


DATA: dict[str, Any] = {"a": {"b": [{"c": 1}, None], "": 2}, "x.y": 3, "x": {"y": 4}, "n": None, "0": "zero"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("n", None),
        ("a.b.0.c", 1),
        ("a.b.1", None),
        ("a.", 2),
        ("x.y", 3),
        ("0", "zero"),
        *(
            (path, ABSENT)
            for path in ("", "z", "a.z", "a.b.2", "a.b.-1", "a.b.x", "a.b.0.c.d", "n.a", "a..b", ".a", "a.b.\u0660")
        ),
    ],
)
def test_a_path_leads_to_its_value_or_to_none(path: str, value: object) -> None:
    found = lookup(DATA, path)
    assert found is value if value is None or value is ABSENT else found == value


@pytest.mark.parametrize(
    ("path", "value"), [("0", "a"), ("1", "b"), ("2", ABSENT), ("-1", ABSENT), ("1.0", "c"), ("x", ABSENT)]
)
def test_a_path_into_a_list(path: str, value: object) -> None:
    data = ["a", ["c"]] if "." in path else ["a", "b"]
    assert lookup(data, path) == value


@pytest.mark.parametrize("data", ["text", 1, None, True])
def test_there_is_nothing_inside_a_plain_value(data: object) -> None:
    assert lookup(data, "0") is ABSENT
    assert lookup(data, "a.b") is ABSENT


def test_a_position_of_many_digits_is_not_read() -> None:
    assert lookup(["a"], "9" * 100_000) is ABSENT


def test_keys_are_found_everywhere() -> None:
    assert sorted(keys(DATA)) == sorted(["a", "b", "", "c", "x.y", "x", "y", "n", "0"])
    assert list(keys([[{"a": 1}], ({"b": 2},)])) != []
    assert set(keys([[{"a": 1}], ({"b": 2},)])) == {"a", "b"}
    assert list(keys("abc")) == []


def test_containers_are_found_everywhere() -> None:
    assert list(containers({"a": [1, {"b": 2}]})) == [{"a": [1, {"b": 2}]}, [1, {"b": 2}], {"b": 2}]
    assert list(containers("abc")) == []


def test_deep_data_is_walked_without_recursion() -> None:
    deep: dict[str, Any] = {}
    for _ in range(20_000):
        deep = {"a": [deep]}
    assert sum(1 for _ in keys(deep)) == 20_000


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "a number"),
        (1.5, "a number"),
        ("", "a string"),
        ({}, "an object"),
        ([], "a list"),
    ],
)
def test_the_name_of_a_type(value: object, named: str) -> None:
    assert type_name(value) == named


@given(st.dictionaries(st.text(), st.integers(), max_size=5))
def test_every_key_without_a_dot_is_found(data: dict[str, int]) -> None:
    for key, value in data.items():
        assert lookup(data, key) == value


@pytest.mark.parametrize(
    ("data", "twice"),
    [
        ({"a.b": 1, "a": {"b": 2}}, "a.b"),
        ({"a": {"b": None}, "x": 0, "a.b": 1}, "a.b"),
        ({"a.0": 1, "a": ["x"]}, "a.0"),
        ({"a.b": 1, "a": {"c": 2}}, None),
        ({"a.b": 1, "a": 2}, None),
        ({"a.b": {"c": 1}, "a": {}}, None),
        ({"ab": 1}, None),
        ({}, None),
    ],
)
def test_a_name_that_leads_to_two_values(data: dict[str, Any], twice: str | None) -> None:
    assert said_twice(data) == twice
