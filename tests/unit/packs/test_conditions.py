from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.control.conditions import compile_condition
from pytest_fluxscenario.packs.conditions import asks_facts, core_condition


@pytest.mark.parametrize(
    ("written", "core"),
    [
        (None, {}),
        ({}, {}),
        ({"always": True}, {}),
        ({"always": True, "payload_missing": "a"}, {"payload_missing": ["a"]}),
        ({"payload_missing": ["a", "b.c"]}, {"payload_missing": ["a", "b.c"]}),
        ({"payload_equals": {"a": 1, "b": None}}, {"payload_equals": {"a": 1, "b": None}}),
        ({"payload_contains_any": "secret"}, {"payload_contains_any": ["secret"]}),
        ({"fact_true": "risky"}, {"fact_true": "risky"}),
        ({"fact_equals": {"level": 3}}, {"fact_equals": {"level": 3}}),
        ({"op": "always"}, {}),
        ({"field": "a", "op": "missing"}, {"payload_missing": ["a"]}),
        ({"field": ["a", "b"], "op": "missing"}, {"payload_missing": ["a", "b"]}),
        ({"field": "a", "op": "equals", "value": None}, {"payload_equals": {"a": None}}),
        ({"op": "contains_any", "value": "a"}, {"payload_contains_any": ["a"]}),
        ({"field": "payload", "op": "contains_any", "value": ["a"]}, {"payload_contains_any": ["a"]}),
        ({"field": ["a", "b"], "op": "contains_any"}, {"payload_contains_any": ["a", "b"]}),
    ],
)
def test_two_spellings_one_form_that_the_control_reads(written: dict[str, Any] | None, core: dict[str, Any]) -> None:
    assert core_condition(written) == (core, [])
    compile_condition(core)


@pytest.mark.parametrize(
    ("written", "pointer", "fragment"),
    [
        ({"payload_mising": "a"}, ("payload_mising",), "is no operator"),
        ({"always": False}, ("always",), "can only be true"),
        ({"payload_missing": []}, ("payload_missing",), "with nothing in it"),
        ({"payload_missing": ["a", ""]}, ("payload_missing",), "a name or a list of names"),
        ({"payload_missing": [1]}, ("payload_missing",), "a name or a list of names"),
        ({"payload_equals": {}}, ("payload_equals",), "names with their values"),
        ({"payload_equals": ["a"]}, ("payload_equals",), "names with their values"),
        ({"fact_true": ["a"]}, ("fact_true",), "asks for a name"),
        ({"field": "a"}, (), "no op"),
        ({"field": "a", "op": "mising"}, ("op",), "is no op"),
        ({"field": "a", "op": None}, ("op",), "is no op"),
        ({"field": "a", "op": "missing", "value": 1}, ("value",), "has no value"),
        ({"op": "missing"}, ("field",), "a name or a list of names"),
        ({"field": "a", "op": "equals"}, (), "needs a value"),
        ({"field": ["a"], "op": "equals", "value": 1}, ("field",), "asks for a name"),
        ({"field": "a", "op": "contains_any", "value": ["b"]}, ("field",), "looks in the whole payload"),
        ({"field": "a", "op": "always"}, ("field",), "says nothing"),
        ({"field": "a", "op": "missing", "valeu": 1}, ("valeu",), "does not belong"),
    ],
)
def test_what_is_wrong_with_a_condition(written: dict[str, Any], pointer: tuple[str, ...], fragment: str) -> None:
    _, faults = core_condition(written)
    ((where, message, _),) = faults
    assert where == pointer
    assert fragment in message


def test_which_conditions_ask_a_hook() -> None:
    assert asks_facts({"fact_true": "a"})
    assert asks_facts({"fact_equals": {"a": 1}})
    assert not asks_facts({"payload_missing": ["a"]})
