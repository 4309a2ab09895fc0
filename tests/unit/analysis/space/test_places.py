"""Payloads changed in one place leave what they were made of alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.space.places import put, without
from pytest_fluxscenario.base.values import ABSENT, lookup, said_twice

_KEYS = st.sampled_from(["a", "b", "0", "1", "a.b"])
_LEAVES = st.sampled_from([1, "x", None])
_INNER = st.dictionaries(_KEYS, _LEAVES, max_size=2) | st.lists(_LEAVES, max_size=2)
_VALUES = _LEAVES | _INNER | st.dictionaries(_KEYS, _INNER, max_size=2) | st.lists(_INNER, max_size=2)
_PATHS = st.lists(st.sampled_from(["a", "b", "0", "1"]), min_size=1, max_size=3).map(".".join)


@pytest.mark.parametrize(
    ("payload", "path", "after"),
    [
        ({}, "a.b", {"a": {"b": 7}}),
        ({"a": 1}, "a.b", {"a": {"b": 7}}),
        ({"a": {"c": 1}}, "a.b", {"a": {"c": 1, "b": 7}}),
        ({"a.b": 1}, "a.b", {"a.b": 7}),
        ({"a": [1, {"b": 2}]}, "a.1.b", {"a": [1, {"b": 7}]}),
        ({"a": [1]}, "a.1", {"a": [1, 7]}),
        ({"a": [1]}, "a.4", {"a": {"4": 7}}),
        ({"a": [1]}, "a.b", {"a": {"b": 7}}),
    ],
)
def test_a_value_is_put(payload: dict[str, Any], path: str, after: dict[str, Any]) -> None:
    assert put(payload, path, 7) == after


@pytest.mark.parametrize(
    ("payload", "path", "after"),
    [
        ({"a": {"b": 1, "c": 2}}, "a.b", {"a": {"c": 2}}),
        ({"a.b": 1, "c": 2}, "a.b", {"c": 2}),
        ({"a": 1}, "a.b", {"a": 1}),
        ({"a": 1}, "b", {"a": 1}),
        ({"a": [1, 2, 3]}, "a.1", {"a": [1]}),
        ({"a": [1]}, "a.1", {"a": [1]}),
    ],
)
def test_a_value_is_taken_away(payload: dict[str, Any], path: str, after: dict[str, Any]) -> None:
    assert without(payload, path) == after


@given(st.dictionaries(_KEYS, _VALUES, max_size=3), _PATHS)
def test_what_is_put_is_found_and_what_is_taken_away_is_not(payload: dict[str, Any], path: str) -> None:
    assume(said_twice(payload) is None)
    before = repr(payload)
    gone = without(payload, path)
    assert lookup(gone, path) is ABSENT
    assert lookup(put(payload, path, "it"), path) == "it"
    assert repr(payload) == before
