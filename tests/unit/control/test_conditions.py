"""The operators of conditions (control.md, "Conditions")."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.control.conditions import OPERATORS, compile_condition, missing
from pytest_fluxscenario.packs import conditions as core


def holds(condition: dict[str, Any], payload: dict[str, Any]) -> bool:
    return compile_condition(condition).payload_holds(payload)


def facts_hold(condition: dict[str, Any], facts: dict[str, Any]) -> bool:
    return compile_condition(condition).facts_hold(facts)


def test_the_operators_are_those_that_packs_are_read_with() -> None:
    assert set(OPERATORS) == set(core.OPERATORS)


@pytest.mark.parametrize("condition", [{}, {"always": True}])
@pytest.mark.parametrize("payload", [{}, {"a": None}])
def test_always_holds_always(condition: dict[str, Any], payload: dict[str, Any]) -> None:
    assert holds(condition, payload)


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_a_value_that_is_missing(value: object) -> None:
    assert holds({"payload_missing": "a"}, {"a": value})
    assert holds({"payload_missing": "a.b"}, {"a": {"b": value}})
    assert missing({"a": value}, "a")


@pytest.mark.parametrize("value", [0, 0.0, False, " ", [None], {"b": None}, "null"])
def test_a_value_that_is_not_missing(value: object) -> None:
    assert not holds({"payload_missing": "a"}, {"a": value})
    assert not holds({"payload_missing": "b.a"}, {"b": {"a": value}})


@pytest.mark.parametrize("payload", [{}, {"b": 1}, {"change": {}}, {"change": "files"}, {"change": [{"files": 1}]}])
def test_what_is_not_there_is_missing(payload: dict[str, Any]) -> None:
    assert holds({"payload_missing": "change.files"}, payload)


def test_one_missing_name_of_many_is_enough() -> None:
    condition = {"payload_missing": ["a", "b"]}
    assert holds(condition, {"a": 1})
    assert holds(condition, {"b": 1})
    assert not holds(condition, {"a": 1, "b": 1})


#: Values that are all different as JSON, though Python holds some of them for equal.
DIFFERENT: list[Any] = [
    *(None, True, False, 1, 0, "1", "true", ""),
    *([], {}, [1], [True], {"a": 1}, {"a": True}, {"a": None}),
]


@pytest.mark.parametrize("one", range(len(DIFFERENT)))
@pytest.mark.parametrize("other", range(len(DIFFERENT)))
def test_equality_is_that_of_json_types(one: int, other: int) -> None:
    assert holds({"payload_equals": {"a": DIFFERENT[one]}}, {"a": DIFFERENT[other]}) is (one == other)
    assert facts_hold({"fact_equals": {"a": DIFFERENT[one]}}, {"a": DIFFERENT[other]}) is (one == other)


def test_json_has_one_type_of_number() -> None:
    assert holds({"payload_equals": {"a": 1}}, {"a": 1.0})
    assert holds({"payload_equals": {"a": [1.0]}}, {"a": [1]})
    assert not holds({"payload_equals": {"a": 1}}, {"a": 1.5})


def test_what_is_absent_equals_nothing() -> None:
    for value in DIFFERENT:
        assert not holds({"payload_equals": {"a": value}}, {})
        assert not holds({"payload_equals": {"a.b": value}}, {"a": 1})


def test_every_name_must_be_equal() -> None:
    condition = {"payload_equals": {"a": 1, "b.c": "x"}}
    assert holds(condition, {"a": 1, "b": {"c": "x"}})
    assert not holds(condition, {"a": 1, "b": {"c": "y"}})
    assert not holds(condition, {"a": 2, "b": {"c": "x"}})


@pytest.mark.parametrize(
    "payload",
    [{"secret": None}, {"a": {"secret": 1}}, {"a": [1, [{"b": {"secret": ""}}]]}, {"other": 0}],
)
def test_a_key_anywhere_is_contained(payload: dict[str, Any]) -> None:
    assert holds({"payload_contains_any": ["secret", "other"]}, payload)


@pytest.mark.parametrize("payload", [{}, {"a": "secret"}, {"a": ["secret"]}, {"secrets": 1}, {"a": {"Secret": 1}}])
def test_only_keys_are_contained(payload: dict[str, Any]) -> None:
    assert not holds({"payload_contains_any": "secret"}, payload)


@pytest.mark.parametrize(
    "payload",
    [
        {"change": {"secret": None}},
        {"a": [{"change": {"secret": 1}}]},
        {"change.secret": 1},
        {"a": {"change.secret": 1}},
        {"b": [{"plain": 1}]},
    ],
)
def test_a_dotted_name_is_contained_as_a_path_and_as_a_key(payload: dict[str, Any]) -> None:
    assert holds({"payload_contains_any": ["change.secret", "plain"]}, payload)


@pytest.mark.parametrize("payload", [{}, {"secret": 1}, {"change": "secret"}, {"change": {"a": {"secret": 1}}}])
def test_a_dotted_name_is_a_whole_path(payload: dict[str, Any]) -> None:
    assert not holds({"payload_contains_any": "change.secret"}, payload)


@pytest.mark.parametrize(("value", "true"), [(True, True), (1, False), ("true", False), (False, False), (None, False)])
def test_a_fact_is_true_only_when_it_is_true(value: object, true: bool) -> None:
    assert facts_hold({"fact_true": "a"}, {"a": value}) is true
    assert facts_hold({"fact_true": "a.b"}, {"a": {"b": value}}) is true
    assert not facts_hold({"fact_true": "a"}, {})


def test_every_fact_must_hold() -> None:
    condition = {"fact_true": "a", "fact_equals": {"b": 1, "c": "x"}}
    good = {"a": True, "b": 1, "c": "x"}
    assert facts_hold(condition, good)
    for name in good:
        assert not facts_hold(condition, {**good, name: None})


def test_several_operators_must_all_hold() -> None:
    condition = {
        "always": True,
        "payload_missing": ["a"],
        "payload_equals": {"b": 1},
        "payload_contains_any": ["c"],
    }
    good = {"b": 1, "x": {"c": 1}}
    assert holds(condition, good)
    assert not holds(condition, {**good, "a": 1})
    assert not holds(condition, {**good, "b": 2})
    assert not holds(condition, {"b": 1})


def test_facts_say_nothing_of_the_payload() -> None:
    condition = compile_condition({"fact_true": ["a", "b"]})
    assert condition.payload_holds({})
    assert condition.facts == (("a", True), ("b", True))
    assert compile_condition({"payload_missing": "a"}).facts == ()


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ({"always": False}, "'always' can only be true"),
        ({"always": 1}, "'always' can only be true"),
        ({"payload_mising": "a"}, "unknown operator 'payload_mising'"),
        ({"payload_missing": []}, "'payload_missing' asks for a name or a list of names"),
        ({"payload_missing": ""}, "'payload_missing' asks for a name or a list of names"),
        ({"payload_missing": ["a", 1]}, "'payload_missing' asks for a name or a list of names"),
        ({"payload_contains_any": {"a": 1}}, "'payload_contains_any' asks for a name or a list of names"),
        ({"payload_contains_any": None}, "'payload_contains_any' asks for a name or a list of names"),
        ({"fact_true": True}, "'fact_true' asks for a name or a list of names"),
        ({"payload_equals": {}}, "'payload_equals' asks for a mapping of names to values"),
        ({"fact_equals": ["a"]}, "'fact_equals' asks for a mapping of names to values"),
    ],
)
def test_a_condition_that_cannot_be_read_is_refused(condition: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match="^" + says + "$"):
        compile_condition(condition)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_equality_is_that_of_the_json_texts(one: object, other: object) -> None:
    def written(value: object) -> str:
        return json.dumps(value, sort_keys=True)

    assert holds({"payload_equals": {"a": one}}, {"a": other}) is (written(one) == written(other))
