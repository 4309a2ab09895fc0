"""Rules in words."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.analysis.review.words import counted, duration, either, every_one, stops
from pytest_fluxscenario.model.profile import Gate
from pytest_fluxscenario.model.response import RequiredApproval

_APPROVAL = RequiredApproval("approver", "orders")


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("decision", {}, "always"),
        ("decision", {"condition": {"payload_missing": ["a", "b.c"]}}, "when a or b.c is missing"),
        ("decision", {"condition": {"payload_equals": {"a": False, "b": "x"}}}, "when a is false and b is x"),
        ("decision", {"condition": {"payload_equals": {"a": ""}}}, 'when a is ""'),
        (
            "decision",
            {"condition": {"payload_contains_any": ["pin", "key", "code"]}},
            "when pin, key or code stands anywhere in the payload",
        ),
        ("decision", {"condition": {"fact_true": "risky"}, "hook": "h"}, "when the hook h says risky"),
        (
            "decision",
            {"condition": {"payload_missing": ["a"], "fact_equals": {"v": 1}}, "hook": "h"},
            "when a is missing and the hook h says that v is 1",
        ),
        ("decision", {"required_artifacts": ("x",)}, "while the run lacks x"),
        (
            "process_conformance",
            {"required_artifacts": ("x", "y"), "condition": {"payload_equals": {"a": 1}}},
            "when a is 1, while the run lacks x or y",
        ),
        ("approval", {"required_approval": _APPROVAL}, "until approver has approved orders"),
        (
            "approval",
            {"required_approval": _APPROVAL, "condition": {"payload_equals": {"a": None}}},
            "when a is null, until approver has approved orders",
        ),
    ],
)
def test_when_a_gate_stops_a_request(kind: Any, more: dict[str, Any], said: str) -> None:
    assert stops(Gate("g", kind, "act", "Blocked", **more)) == said


def test_lists_and_numbers() -> None:
    assert (either([]), either(["a"]), either("abc")) == ("", "a", "a, b or c")
    assert (every_one(["a"]), every_one("ab")) == ("a", "a and b")
    assert (counted(1, "class", "classes"), counted(2, "class", "classes"), counted(0, "file")) == (
        "1 class",
        "2 classes",
        "0 files",
    )
    assert [duration(seconds) for seconds in (1, 90, 3600, 86_400 * 365)] == [
        "1 second",
        "90 seconds",
        "1 hour",
        "365 days",
    ]
