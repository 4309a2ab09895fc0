"""Conditions that imply one another, held against the conditions themselves: a warning that is wrong helps nobody."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_fluxscenario.control.conditions import compile_condition
from pytest_fluxscenario.packs.reading.implied import contradiction, implies

_NAMES = st.sampled_from(["a", "b", "a.b", "c"])
_VALUES: st.SearchStrategy[Any] = st.sampled_from([None, "", 0, 1, True, False, [], {}, "x", {"b": 1}, {"b": ""}])
_LISTS = st.lists(_NAMES, min_size=1, max_size=3)
_CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "payload_missing": _LISTS,
        "payload_contains_any": _LISTS,
        "payload_equals": st.dictionaries(_NAMES, _VALUES, min_size=1, max_size=2),
        "fact_true": st.sampled_from(["f", "g"]),
        "fact_equals": st.dictionaries(st.sampled_from(["f", "g"]), st.booleans(), min_size=1, max_size=2),
    },
)
_PAYLOADS = st.dictionaries(st.sampled_from(["a", "b", "c"]), _VALUES, max_size=3)
_FACTS = st.dictionaries(st.sampled_from(["f", "g"]), st.booleans(), max_size=2)


def _holds(condition: dict[str, Any], payload: dict[str, Any], facts: dict[str, Any]) -> bool:
    compiled = compile_condition(condition)
    return compiled.payload_holds(payload) and compiled.facts_hold(facts)


@settings(max_examples=400, deadline=None)
@given(_CONDITIONS, _CONDITIONS, _PAYLOADS, _FACTS)
def test_what_is_implied_holds(
    one: dict[str, Any], other: dict[str, Any], payload: dict[str, Any], facts: dict[str, Any]
) -> None:
    if implies(one, other, same_hook=True) and _holds(one, payload, facts):
        assert _holds(other, payload, facts)


@settings(max_examples=400, deadline=None)
@given(_CONDITIONS, _PAYLOADS, _FACTS)
def test_what_contradicts_itself_never_holds(
    condition: dict[str, Any], payload: dict[str, Any], facts: dict[str, Any]
) -> None:
    if contradiction(condition) is not None:
        assert not _holds(condition, payload, facts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"payload_missing": ["a"]}, {}),
        ({"payload_missing": ["a"]}, {"payload_missing": ["a", "b"]}),
        ({"payload_equals": {"a": ""}}, {"payload_missing": ["a"]}),
        ({"payload_equals": {"a": 1, "b": 2}}, {"payload_equals": {"b": 2}}),
        ({"payload_equals": {"a": 1}}, {"payload_contains_any": ["a", "b"]}),
        ({"payload_contains_any": ["a"]}, {"payload_contains_any": ["b", "a"]}),
        ({"fact_true": "f"}, {"fact_equals": {"f": True}}),
        ({"fact_equals": {"f": True, "g": 1}}, {"fact_true": "f"}),
    ],
)
def test_what_certainly_follows_is_seen(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert implies(one, other, same_hook=True)
    assert not implies(other, one, same_hook=True) or one == other or "fact_true" in one


def test_facts_of_another_hook_imply_nothing() -> None:
    assert not implies({"fact_true": "f"}, {"fact_true": "f"}, same_hook=False)


@pytest.mark.parametrize(
    "condition",
    [
        {"payload_equals": {"a": 1}, "payload_missing": ["a"]},
        {"payload_equals": {"a.b": 1}, "payload_missing": ["a"]},
        {"payload_equals": {"a": 1, "a.b": 1}},
        {"fact_true": "f", "fact_equals": {"f": False}},
    ],
)
def test_what_can_never_hold_is_seen(condition: dict[str, Any]) -> None:
    assert contradiction(condition)
