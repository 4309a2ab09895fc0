"""What was expected against what came back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_fluxscenario.base import patience
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.values import ABSENT, same
from pytest_fluxscenario.model.response import HookCallRecord, Materialization, RequiredApproval, Response
from pytest_fluxscenario.model.scenario import Expectation
from pytest_fluxscenario.runner.compare import mismatches
from pytest_fluxscenario.runner.matchers import fits, fits_as_set, matcher_name
from tests.unit.runner.values import json_values, relaxed

_LISTS = {"missing_artifacts": "missing_artifacts", "created_artifacts": "created_artifact_types"}
_NAMES_OF_LISTS = ("missing_artifacts", "created_artifacts", "next_allowed_actions")
_FLAGS = ("completion_report_exists", "idempotent_replay", "idempotency_conflict")
_NAMES = st.lists(st.sampled_from("abcde"), max_size=5)


def response(**more: Any) -> Response:
    base: dict[str, Any] = {
        "status": "ok",
        "run_id": "r",
        "profile_id": "p",
        "profile_version": "1",
        "profile_hash": "h",
    }
    return Response(**{**base, **more})


def wrong(expected: dict[str, Any], answer: Response) -> list[str]:
    """The fields that came back otherwise."""
    return [found.field for found in mismatches(Expectation(**{"status": answer.status, **expected}), answer, {})]


def plain(value: Any) -> bool:
    """Whether no matcher stands in ``value``."""
    if isinstance(value, dict):
        return matcher_name(value) is None and all(map(plain, value.values()))
    return all(map(plain, value)) if isinstance(value, list) else True


@relaxed
@given(left=json_values, right=json_values)
def test_without_matchers_fitting_is_json_equality(left: Any, right: Any) -> None:
    assume(plain(left))
    assert fits(left, left, {})
    assert fits(left, right, {}) == same(left, right)
    assert same(left, right) == same(right, left)
    assert not fits(left, ABSENT, {}) or left is None


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (True, 1, False),
        (0, False, False),
        (1, 1.0, True),
        (0.0, -0.0, True),
        ("1", 1, False),
        (None, False, False),
        (None, 0, False),
        ([], {}, False),
        ([1], (1,), True),
        ([True], [1], False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        ("", None, False),
        ("é", "e\u0301", False),
    ],
)
def test_values_are_compared_as_json(left: Any, right: Any, equal: bool) -> None:
    assert fits(left, right, {}) is equal
    assert fits({"x": [left]}, {"x": [right]}, {}) is equal


@pytest.mark.parametrize("field", _LISTS)
@relaxed
@given(expected=_NAMES, actual=_NAMES, data=st.data())
def test_lists_of_names_are_sets(field: str, expected: list[str], actual: list[str], data: st.DataObject) -> None:
    answer = response(**{_LISTS[field]: tuple(actual)})
    assert wrong({field: tuple(expected)}, answer) == ([] if set(expected) == set(actual) else [field])
    shuffled = data.draw(st.permutations(actual))
    assert wrong({field: tuple(shuffled)}, answer) == []
    assert wrong({field: {"in_order": list(shuffled)}}, answer) == ([] if shuffled == actual else [field])
    assert wrong({field: (*actual, "further")}, answer) == [field]
    assert wrong({field: None}, answer) == ([] if not actual else [field])


def test_matchers_may_stand_in_a_list_of_names() -> None:
    assert fits_as_set(({"matches": "^a"}, "b"), ("b", "ab", "ac"), {})
    assert not fits_as_set(({"matches": "^a"}, "b"), ("b", "ab", "c"), {})
    assert not fits_as_set(({"matches": "^x"}, "b"), ("b",), {})


@pytest.mark.parametrize(
    ("matcher", "actual", "fitting"),
    [
        ({"matches": "b+"}, "abbc", True),
        ({"matches": "^b"}, "abbc", False),
        ({"matches": "1"}, 1, False),
        ({"matches": "a"}, "a" * 65_537, False),
        ({"contains": "bb"}, "abbc", True),
        ({"contains": "x"}, "abbc", False),
        ({"contains": "a"}, ["a", "b"], True),
        ({"contains": {"matches": "^b"}}, ["a", "bc"], True),
        ({"contains": "bc"}, ["a", "b"], False),
        ({"contains": "k"}, {"k": 1}, True),
        ({"contains": {"k": 1}}, {"k": 1, "l": 2}, True),
        ({"contains": {"k": True}}, {"k": 1}, False),
        ({"contains": {"k": None}}, {}, False),
        ({"contains": 1}, 1, False),
        ({"any_of": ["a", "b"]}, "b", True),
        ({"any_of": ["a", {"matches": "^c"}]}, "cd", True),
        ({"any_of": ["a"]}, "b", False),
        ({"any_of": [None]}, "b", False),
        ({"present": True}, "", True),
        ({"present": True}, None, False),
        ({"present": False}, None, True),
        ({"present": False}, 0, False),
        ({"present": True}, ABSENT, False),
        ({"present": False}, ABSENT, True),
        ({"matches": ""}, ABSENT, False),
        ({"contains": ""}, ABSENT, False),
        ({"any_of": [1]}, ABSENT, False),
        ({"any_of": [1, None]}, ABSENT, True),
        ({"any_of": [{"present": False}]}, ABSENT, True),
        ({"in_order": [1, 2]}, (1, 2), True),
        ({"in_order": [1, 2]}, [2, 1], False),
        ({"in_order": []}, ABSENT, False),
        ({"in_order": ["a"]}, "a", False),
    ],
)
def test_matchers(matcher: dict[str, Any], actual: Any, fitting: bool) -> None:
    assert fits(matcher, actual, {}) is fitting
    if actual is not ABSENT:
        assert fits({"deep": [matcher]}, {"deep": [actual]}, {}) is fitting


@pytest.mark.parametrize("said", [True, 1, "yes", None, False])
def test_only_true_of_a_plugins_matcher_fits(said: Any) -> None:
    assert fits({"x-own": 7}, "a", {"x-own": lambda *_: said}) is (said is True)


def test_an_object_of_two_keys_is_no_matcher() -> None:
    both = {"matches": "a", "contains": "b"}
    assert fits(both, dict(both), {})
    assert not fits(both, "ab", {})


def test_null_expects_the_absence_and_nothing_is_not_compared() -> None:
    bare = response()
    every = dict.fromkeys(Expectation.__struct_fields__[1:])
    assert wrong(every, bare) == []
    assert wrong({}, response(route="Blocked", gate_id="g", reason="r")) == []
    full = response(
        route="Blocked",
        gate_id="g",
        gate_type="decision",
        reason="r",
        instruction="i",
        missing_artifacts=("m",),
        required_approval=RequiredApproval("approver", "s"),
        created_artifact_types=("c",),
        next_allowed_actions=("n",),
        completion_report_exists=True,
        idempotent_replay=True,
        idempotency_conflict=True,
        materialization=Materialization("mock", "a", {}),
        hook_calls=(HookCallRecord("h", "ok"),),
    )
    assert wrong(every, full) == list(every)


def test_hook_calls_are_ids_or_statuses() -> None:
    answer = response(hook_calls=(HookCallRecord("a", "ok"), HookCallRecord("b", "timeout")))
    assert wrong({"hook_calls": ("b", "a")}, answer) == []
    assert wrong({"hook_calls": ("a",)}, answer) == ["hook_calls"]
    assert wrong({"hook_calls": {"a": "ok", "b": "timeout"}}, answer) == []
    assert wrong({"hook_calls": {"a": "ok", "b": {"any_of": ["crash", "timeout"]}}}, answer) == []
    assert wrong({"hook_calls": {"a": "ok", "b": "ok"}}, answer) == ["hook_calls"]
    assert wrong({"hook_calls": {"a": "ok"}}, answer) == ["hook_calls"]
    assert wrong({"hook_calls": {"contains": "a"}}, answer) == []


@pytest.mark.parametrize("field", [*_NAMES_OF_LISTS, "hook_calls", *_FLAGS])
def test_a_list_of_nothing_and_a_false_flag_are_absent_for_every_matcher(field: str) -> None:
    there = {"hook_calls": (HookCallRecord("a", "ok"),), **dict.fromkeys(_FLAGS, True)}.get(field, ("a",))
    empty, full = response(), response(**{_LISTS.get(field, field): there})
    other = {"hook_calls": {"a": "ok"}, **dict.fromkeys(_FLAGS, True)}.get(field, ["a"])
    for answer, absent in ((empty, True), (full, False)):
        held = [] if absent else [field]
        unheld = [field] if absent else []
        assert wrong({field: None}, answer) == held
        assert wrong({field: {"present": False}}, answer) == held
        assert wrong({field: {"present": True}}, answer) == unheld
        assert wrong({field: {"any_of": [other]}}, answer) == unheld
        assert wrong({field: {"any_of": [{"present": True}]}}, answer) == unheld
        assert wrong({field: {"any_of": [None, other]}}, answer) == []


def test_the_choices_of_any_of_are_sets_of_names_too() -> None:
    answer = response(next_allowed_actions=("a", "b"))
    assert wrong({"next_allowed_actions": {"any_of": [["c"], ["b", "a"]]}}, answer) == []
    assert wrong({"next_allowed_actions": {"any_of": [["c"], {"in_order": ["b", "a"]}]}}, answer) != []


def test_a_failed_call_is_not_hidden_by_another_of_the_same_hook() -> None:
    failed, good = HookCallRecord("a", "error"), HookCallRecord("a", "ok")
    for calls in ((failed, good), (good, failed)):
        assert wrong({"hook_calls": {"a": "ok"}}, response(hook_calls=calls)) == ["hook_calls"]
    assert wrong({"hook_calls": {"a": "ok"}}, response(hook_calls=(good, good))) == []
    assert wrong({"hook_calls": ["a"]}, response(hook_calls=(failed, good))) == []


def test_objects_are_compared_whole_unless_a_matcher_says_otherwise() -> None:
    answer = response(materialization=Materialization("mock", "a", {"path": "p", "n": 1}))
    whole = {"mode": "mock", "action": "a", "scope": {"path": "p", "n": 1}, "preflight": "passed"}
    assert wrong({"materialization": whole}, answer) == []
    assert wrong({"materialization": {**whole, "scope": {"path": "p"}}}, answer) == ["materialization"]
    assert wrong({"materialization": {"mode": "mock"}}, answer) == ["materialization"]
    assert wrong({"materialization": {"contains": {"mode": "mock"}}}, answer) == []
    assert wrong({"materialization": {**whole, "scope": {"path": {"matches": "p"}, "n": 1}}}, answer) == []
    assert wrong({"materialization": {**whole, "scope": {"path": "p", "n": True}}}, answer) == ["materialization"]


def test_mismatches_come_in_the_order_of_the_specification() -> None:
    answer = response(status="nok", route="Blocked")
    found = mismatches(Expectation(status="ok", route="Continue", gate_id="g", hook_calls=("h",)), answer, {})
    assert [one.field for one in found] == ["status", "route", "gate_id", "hook_calls"]
    assert [one.expected for one in found] == ["ok", "Continue", "g", ("h",)]


def test_a_pattern_without_end_is_no_match_and_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.1)
    with pytest.raises(DocumentError, match=r"the pattern '\(a\+\)\+\$' takes more than 0.1 s of processor time"):
        fits({"matches": "(a+)+$"}, "a" * 40 + "!", {})
