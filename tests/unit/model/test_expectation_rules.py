"""The rules of an expectation: its words, its matchers, and the parts of its objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Rules = Callable[..., list[str]]
AT = "/steps/0/expectation"


def expecting(**fields: Any) -> Callable[[dict[str, Any]], None]:
    """An edit of the first step's expectation; an ellipsis removes a field."""

    def edit(data: dict[str, Any]) -> None:
        expectation = data["steps"][0]["expectation"]
        for name, value in fields.items():
            if value is ...:
                del expectation[name]
            else:
                expectation[name] = value

    return edit


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"status": "okay"}, f"scenario.unknown-status {AT}/status unknown status 'okay' (did you mean 'ok'?)"),
        ({"route": "Block"}, f"scenario.unknown-route {AT}/route unknown route 'Block' (did you mean 'Blocked'?)"),
        (
            {"gate_type": "aproval"},
            f"scenario.unknown-gate-type {AT}/gate_type unknown gate type 'aproval' (did you mean 'approval'?)",
        ),
        (
            {"route": ...},
            f"scenario.no-route {AT} the expectation has no 'route' (only the status 'error' has none)",
        ),
        (
            {"route": ..., "status": {"any_of": ["error"]}},
            f"scenario.no-route {AT} the expectation has no 'route' (only the status 'error' has none)",
        ),
        (
            {"gate_id": "g\u200b"},
            f"scenario.invisible-character {AT}/gate_id 'g\\u200b' holds the invisible character \\u200b (remove it)",
        ),
        (
            {"missing_artifacts": ["a", "g\u200b"]},
            (
                f"scenario.invisible-character {AT}/missing_artifacts/1 'g\\u200b' holds the "
                "invisible character \\u200b "
                "(remove it)"
            ),
        ),
        (
            {"reason": {"match": "x"}},
            f"scenario.unknown-matcher ~{AT}/reason/match unknown matcher 'match' (did you mean 'matches'?)",
        ),
        (
            {"missing_artifacts": [{"match": "x"}]},
            (
                f"scenario.unknown-matcher ~{AT}/missing_artifacts/0/match unknown matcher 'match' (did "
                "you mean 'matches'?)"
            ),
        ),
        (
            {"reason": {"matches": "a("}},
            (
                f"scenario.regex {AT}/reason/matches 'a(' is no regular expression: "
                "missing ), unterminated subpattern at position 1"
            ),
        ),
        (
            {"reason": {"matches": "a" * 1001}},
            (
                f"scenario.regex {AT}/reason/matches a regular expression of 1001 characters is too long "
                "(the limit is 1000)"
            ),
        ),
        (
            {"reason": {"matches": ["a"]}},
            f"scenario.regex {AT}/reason/matches 'matches' must be a regular expression in a string, not a list",
        ),
        (
            {"status": {"any_of": []}},
            f"scenario.any-of {AT}/status/any_of 'any_of' must be a list of values, not an empty one",
        ),
        (
            {"status": {"any_of": "ok"}},
            f"scenario.any-of {AT}/status/any_of 'any_of' must be a list of values, not a string",
        ),
        (
            {"reason": {"any_of": ["a", {"matches": "("}]}},
            (
                f"scenario.regex {AT}/reason/any_of/1/matches '(' is no regular expression: "
                "missing ), unterminated subpattern at position 0"
            ),
        ),
        (
            {"gate_id": {"present": "yes"}},
            f"scenario.present {AT}/gate_id/present 'present' must be true or false, not a string",
        ),
        (
            {"reason": {"in_order": ["a"]}},
            f"scenario.in-order ~{AT}/reason/in_order 'in_order' fits a list only, and 'reason' is none",
        ),
        (
            {"missing_artifacts": [{"in_order": ["a"]}]},
            (
                f"scenario.in-order ~{AT}/missing_artifacts/0/in_order "
                "'in_order' fits a list only, and 'missing_artifacts' is none"
            ),
        ),
        (
            {"created_artifacts": {"in_order": "a"}},
            f"scenario.in-order {AT}/created_artifacts/in_order 'in_order' must be a list, not a string",
        ),
        (
            {"required_approval": {"role": "r", "scop": "s"}},
            (
                f"scenario.unknown-field ~{AT}/required_approval/scop unknown field 'scop' in 'required_approval' "
                "(did you mean 'scope'?)"
            ),
        ),
        (
            {"required_approval": {"role": 5}},
            f"scenario.type {AT}/required_approval/role 'role' must be a string or a matcher, not a number",
        ),
        (
            {"required_approval": {"role": {"matches": "("}}},
            (
                f"scenario.regex {AT}/required_approval/role/matches '(' is no regular expression: "
                "missing ), unterminated subpattern at position 0"
            ),
        ),
        (
            {"materialization": {"mode": "mok"}},
            f"scenario.unknown-mode {AT}/materialization/mode unknown mode 'mok' (did you mean 'mock'?)",
        ),
        (
            {"materialization": {"modus": "mock"}},
            (
                f"scenario.unknown-field ~{AT}/materialization/modus unknown field 'modus' in 'materialization' "
                "(did you mean 'mode'?)"
            ),
        ),
        (
            {"materialization": {"scope": {"path": [{"any_of": []}]}}},
            (
                f"scenario.any-of {AT}/materialization/scope/path/0/any_of "
                "'any_of' must be a list of values, not an empty one"
            ),
        ),
        (
            {"hook_calls": {"h": "timout"}},
            f"scenario.unknown-hook-status {AT}/hook_calls/h unknown hook status 'timout' (did you mean 'timeout'?)",
        ),
        (
            {"hook_calls": {"h": 5, "i": "ok"}},
            f"scenario.type {AT}/hook_calls/h the status of a hook's call must be a string or a matcher, not a number",
        ),
        (
            {"hook_calls": {"h\u200b": "ok"}},
            (
                f"scenario.invisible-character ~{AT}/hook_calls/h\u200b 'h\\u200b' holds the "
                "invisible character \\u200b "
                "(remove it)"
            ),
        ),
        (
            {"idempotent_replay": "no"},
            (
                f"scenario.type {AT}/idempotent_replay 'idempotent_replay' must be true, false, null, a matcher "
                "or one reference like ${name}, not the string 'no' (write false, without quotes)"
            ),
        ),
        (
            {"next_allowed_actions": "a.b"},
            (
                f"scenario.type {AT}/next_allowed_actions 'next_allowed_actions' must be a list, null, a matcher "
                "or one reference like ${name}, not the string 'a.b' (write a list: [a.b])"
            ),
        ),
        (
            {"materialization": "mock"},
            (
                f"scenario.type {AT}/materialization 'materialization' must be an object, null, a matcher "
                "or one reference like ${name}, not the string 'mock'"
            ),
        ),
    ],
)
def test_one_fault_is_one_line_at_its_place(rules: Rules, fields: dict[str, Any], line: str) -> None:
    assert rules(expecting(**fields)) == [line]


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "error", "route": ...},
        {"status": {"any_of": ["ok", "nok"]}, "route": None},
        {"route": {"matches": "^Materialize"}},
        {"reason": {"contains": "a"}, "instruction": {"matches": "[[a]"}, "gate_type": None},
        {"gate_id": {"present": False}, "completion_report_exists": {"present": True}},
        {"missing_artifacts": ["a", {"matches": "b"}], "created_artifacts": {"in_order": ["a", {"contains": "b"}]}},
        {"next_allowed_actions": {"any_of": [["a"], {"in_order": ["b"]}]}},
        {"missing_artifacts": {"contains": {"matches": "a"}}},
        {"required_approval": {"role": {"any_of": ["a"]}, "scope": None}},
        {"required_approval": {"present": True}, "materialization": {"present": False}},
        {"materialization": {"mode": "mock", "action": "a", "scope": {"p": {"in_order": [1]}}, "preflight": "passed"}},
        {"materialization": {"scope": {"p": {"match": "is a value here"}}}},
        {"hook_calls": {"h": "ok", "i": {"any_of": ["timeout", "crash"]}, "j": None}},
        {"hook_calls": {"in_order": ["h", "i"]}},
        {"hook_calls": ["h"]},
        {"missing_artifacts": None, "hook_calls": None, "materialization": None},
    ],
)
def test_a_good_expectation_is_good(rules: Rules, fields: dict[str, Any]) -> None:
    assert rules(expecting(**fields)) == []


def test_references_may_stand_for_words_flags_lists_and_arguments(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["parameters"] = [{"p": 1}]
        data["steps"][0]["expectation"] = {
            "status": "${p}",
            "route": "Materialize${p}",
            "gate_type": "${p}",
            "reason": {"matches": "a(${p}"},
            "gate_id": {"any_of": "${p}"},
            "instruction": {"present": "${p}"},
            "created_artifacts": {"in_order": "${p}"},
            "missing_artifacts": "${p}",
            "idempotent_replay": "${p}",
            "required_approval": "${p}",
            "materialization": {"mode": "${p}"},
            "hook_calls": {"h": "${p}"},
        }

    assert rules(edit) == []


@pytest.mark.parametrize("pattern", ["a{99999999999999}", "(" * 480 + "a" + ")" * 480 + "("])
def test_a_regex_that_exhausts_the_compiler_is_a_fault_and_not_a_crash(rules: Rules, pattern: str) -> None:
    (line,) = rules(expecting(reason={"matches": pattern}))
    assert line.startswith(f"scenario.regex {AT}/reason/matches ")
