"""For everything that rules can tell apart there is a payload, and for what they cannot there is one only."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from pytest_fluxscenario.analysis.space.payloads import ActionPayloads
from pytest_fluxscenario.analysis.space.places import put
from pytest_fluxscenario.analysis.space.questions import questions_of
from pytest_fluxscenario.base.values import keys, lookup
from pytest_fluxscenario.control.conditions import compile_condition
from tests.fakes.processes import BUNDLED, ROOT, made_space, rules_of, space_in


def _profile(*conditions: dict[str, Any], **action: Any) -> dict[str, Any]:
    gate = {"type": "decision", "before_action": "do.it", "route": "Blocked"}
    return {
        "artifact_types": [{"id": "made", "required_fields": ["field"]}],
        "actions": [{"id": "do.it", "produces_artifacts": ["made"], **action}],
        "gates": [{**gate, "id": f"g{number}", "condition": one} for number, one in enumerate(conditions)],
    }


def _payloads(*conditions: dict[str, Any], examples: tuple[dict[str, Any], ...] = (), **action: Any) -> ActionPayloads:
    return made_space(_profile(*conditions, **action), do_it=examples).payloads["do.it"]


_CONDITIONS: tuple[dict[str, Any], ...] = (
    {"payload_missing": ["a", "b.c"]},
    {"payload_equals": {"kind": "x", "sure": True}},
    {"payload_equals": {"kind": "y"}, "payload_missing": ["why"]},
    {"payload_equals": {"kind": "z"}, "payload_contains_any": ["password", "pin"]},
)


def test_every_combination_of_conditions_that_can_be_is_there() -> None:
    payloads = _payloads(*_CONDITIONS)
    tests = [compile_condition(one) for one in _CONDITIONS]
    seen = {tuple(test.payload_holds(payload) for test in tests) for payload in payloads.payloads}
    # A kind is one thing only, so no two of the last three hold at once.
    assert seen == {one for one in product((True, False), repeat=4) if sum(one[1:]) <= 1}
    assert payloads.complete


def test_no_two_payloads_are_of_one_class() -> None:
    payloads = _payloads(*_CONDITIONS)
    rules = rules_of(_profile(*_CONDITIONS))
    questions = questions_of(rules.profile, rules.profile.actions[0])
    classes = [(questions.class_of(one), lookup(one, "field") is not None) for one in payloads.payloads]
    assert len(set(classes)) == len(classes)


def test_each_forbidden_key_is_sent_at_the_top_and_inside() -> None:
    payloads = _payloads({"payload_contains_any": ["password", "pin"]}).payloads
    for name in ("password", "pin"):
        assert any(name in keys(one) and name not in one for one in payloads)


def test_the_most_ordinary_is_first_and_has_everything() -> None:
    payloads = _payloads({"payload_missing": ["a"]}, materialization_mode="mock", materialization_scope_fields=["p.q"])
    assert payloads.admissible
    assert lookup(payloads.payloads[0], "field") is not None
    assert lookup(payloads.payloads[0], "p.q") is not None
    assert any(lookup(one, "p.q") in (None, "") or "p" not in one for one in payloads.payloads)


def test_examples_are_taken_and_left_as_they_are() -> None:
    example = {"field": "from the suite", "kind": "x", "n": {"m": 1}}
    before = repr(example)
    payloads = _payloads(*_CONDITIONS, examples=(example,))
    assert payloads.payloads[0] == example
    assert repr(example) == before
    assert put(example, "kind", "y") in payloads.payloads


def test_more_combinations_than_are_sent_are_said() -> None:
    many: tuple[dict[str, Any], ...] = tuple({"payload_missing": [f"m{number}"]} for number in range(10))
    assert not _payloads(*many).complete
    assert _payloads(*many[:6]).complete


@pytest.mark.parametrize("pack", BUNDLED)
def test_of_every_action_of_a_pack_something_is_admissible(pack: str) -> None:
    space = space_in(ROOT / pack)
    assert all(one.admissible and one.complete for one in space.payloads.values())
