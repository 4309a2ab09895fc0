"""Payloads changed in one value."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.drafts.leaves import named, other_values, put
from pytest_fluxscenario.base.values import same

_DATA: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "1.50"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def values_of(payload: dict[str, Any]) -> list[Any]:
    return [put(payload, path, value) for path, value in other_values(payload)]


def test_what_people_try_is_tried() -> None:
    found = values_of({"amount": "736.50", "sound": True, "hits": [{"score": 75}]})
    assert {"amount": "30000.00", "sound": True, "hits": [{"score": 75}]} in found
    assert {"amount": "736.50", "sound": False, "hits": [{"score": 75}]} in found
    assert {"amount": "736.50", "sound": True, "hits": []} in found
    assert {"amount": "736.50", "sound": True, "hits": [{"score": 100}]} in found


@given(st.dictionaries(st.sampled_from("abc"), _DATA, max_size=3))
def test_each_change_is_one_and_the_payload_stays_as_it_is(payload: dict[str, Any]) -> None:
    before = repr(payload)
    every = values_of(payload)
    assert not any(same(one, payload) for one in every)
    assert repr(payload) == before


def test_a_large_payload_is_not_tried_out_whole() -> None:
    assert len(values_of({f"name-{at}": at for at in range(10_000)})) < 1_000


def test_a_place_that_is_not_there_is_left_alone() -> None:
    payload = {"a": [1]}
    assert put(payload, ("a", 5), 2) is payload
    assert put(payload, ("b",), 2) is payload
    assert put(payload, ("a", "b"), 2) is payload


def test_names_lead_to_scalars() -> None:
    assert list(named({"a": {"b": 1, "c.d": 2}, "e": [3], "f": "x"})) == [("f", "x"), ("a.b", 1)]
