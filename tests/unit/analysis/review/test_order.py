"""The order of a process: layers of its actions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.review.order import layers


def test_an_action_lies_behind_the_last_that_leads_to_it() -> None:
    following = {"a": ["b", "d"], "b": ["c"], "c": ["d"], "d": []}
    assert layers(following) == {"a": 0, "b": 1, "c": 2, "d": 3}


def test_what_leads_back_counts_for_nothing() -> None:
    following = {"begin": ["judge"], "judge": ["end", "waive"], "waive": ["judge"], "end": []}
    assert layers(following) == {"begin": 0, "judge": 1, "waive": 2, "end": 2}


def test_a_circle_begins_with_the_first_and_several_beginnings_stand_together() -> None:
    assert layers({"a": ["b"], "b": ["a"]}) == {"a": 0, "b": 1}
    assert layers({"a": [], "b": ["b"], "c": []}) == {"a": 0, "b": 0, "c": 0}


def test_names_that_are_not_there_are_passed_over() -> None:
    assert layers({"a": ["nowhere", "b"], "b": ["a", "gone"]}) == {"a": 0, "b": 1}


def test_a_long_way_is_no_matter_of_depth() -> None:
    following = {f"a{number}": [f"a{number + 1}"] for number in range(5_000)}
    assert layers(following)["a4999"] == 4_999


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=4), max_size=8))
def test_every_name_has_a_layer_and_each_but_the_first_ones_is_led_to_from_the_layer_before(
    following: dict[str, list[str]],
) -> None:
    found = layers(following)
    assert found.keys() == following.keys()
    for name, layer in found.items():
        assert layer == 0 or any(name in following[other] and found[other] == layer - 1 for other in following)
