"""Every kind of fault in the shape of a document, in words and at its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_fluxscenario.model.pack import Hooks, Manifest

Shape = Callable[..., list[str]]

STEP = "{name: a, action: b, actor: {id: c, role: d}, payload: {}, expectation: {status: ok, route: Continue}}"
HEAD = "id: a\nprofile_id: b\n"
GOOD = f'{HEAD}profile_version: "1.0.0"\nsteps:\n'
EXPECT = GOOD + "- name: a\n  action: b\n  actor: {id: c, role: d}\n  payload: {}\n  expectation:\n    status: ok\n    "


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[]", "shape.type s.yaml:1:1: the document must be an object, not a list"),
        ("5", "shape.type s.yaml:1:1: the document must be an object, not a number"),
        (
            f"{HEAD}profile_version: 1.10\nsteps: [{STEP}]",
            "shape.type s.yaml:3:18: 'profile_version' must be a string, not a number (quote it: \"1.10\")",
        ),
        (f"{HEAD}steps: [{STEP}]", "shape.missing-field s.yaml:1:1: the scenario has no 'profile_version'"),
        (f'{HEAD}profile_version: ""\nsteps: [{STEP}]', "shape.empty s.yaml:3:18: 'profile_version' must not be empty"),
        (f'{HEAD}profile_version: "1"\nsteps: []', "shape.empty s.yaml:4:8: 'steps' must not be an empty list"),
        (
            f"{GOOD}- {STEP}\ntagz: [x]",
            "shape.unknown-field s.yaml:6:1: unknown field 'tagz' in the scenario (did you mean 'tags'?)",
        ),
        (
            f"{GOOD}- {STEP}\ntags: x",
            "shape.type s.yaml:6:7: 'tags' must be a list, not the string 'x' (write a list: [x])",
        ),
        (
            f"{GOOD}- {STEP}\ntags: {{x: y}}",
            (
                "shape.type s.yaml:6:7: 'tags' must be a list, not an object "
                "(write a list, also of one: - in YAML, [ ] in JSON)"
            ),
        ),
        (
            f"{GOOD}- {STEP}\ntags: [x, [y]]",
            "shape.type s.yaml:6:11: 'tags[1]' must be a string, not a list",
        ),
        (
            f"{GOOD}- {STEP}\nname: [x]",
            "shape.type s.yaml:6:7: 'name' must be a string or null, not a list",
        ),
        (
            f"{GOOD}- name: a\n  gate_id: x",
            "shape.unknown-field s.yaml:6:3: unknown field 'gate_id' in the step (it belongs in 'expectation')",
        ),
        (
            f"{GOOD}- name: a\n  role: x",
            "shape.unknown-field s.yaml:6:3: unknown field 'role' in the step (it belongs in 'actor' or in 'approve')",
        ),
        (
            f"{GOOD}- name: a\n  tags: [x]",
            "shape.unknown-field s.yaml:6:3: unknown field 'tags' in the step (it belongs at the top of the document)",
        ),
        (
            f"{GOOD}- {STEP}\nexpectation: {{}}",
            "shape.unknown-field s.yaml:6:1: unknown field 'expectation' in the scenario (it belongs in 'steps[]')",
        ),
        (
            f"{EXPECT}payload: {{}}",
            "shape.unknown-field s.yaml:11:5: unknown field 'payload' in the expectation (it belongs in 'steps[]')",
        ),
        (
            f"{EXPECT}gate_id: {{matches: x, contains: y}}",
            (
                "shape.matcher-keys s.yaml:11:14: 'gate_id': a matcher has exactly one key, not 2 "
                "(choose one, or write any_of)"
            ),
        ),
        (
            f"{EXPECT}route: [Continue]",
            "shape.type s.yaml:11:12: 'route' must be a string, null or a matcher like {present: true}, not a list",
        ),
        (
            f"{EXPECT}idempotent_replay: [x]",
            (
                "shape.type s.yaml:11:24: 'idempotent_replay' must be true, false, null, "
                "a matcher like {present: true} or a reference like ${name}, not a list"
            ),
        ),
        (
            f"{EXPECT}missing_artifacts: [a, 5]",
            (
                "shape.type s.yaml:11:28: 'missing_artifacts[1]' must be a string or a matcher like {present: true}, "
                'not a number (quote it: "5")'
            ),
        ),
        (
            f"{EXPECT}hook_calls: [true]",
            "shape.type s.yaml:11:18: 'hook_calls[0]' must be a string, not true (quote it: \"true\")",
        ),
        (
            f"{GOOD}- name: a\n  approve: {{role: x, scope: y, decision: aproved}}",
            (
                "shape.value s.yaml:6:42: 'decision' must be 'approved' or 'denied', not the string 'aproved' "
                "(did you mean 'approved'?)"
            ),
        ),
        (
            f"{GOOD}- name: a\n  faults: {{x: 5}}",
            "shape.type s.yaml:6:15: 'x' must be a string, not a number (quote it: \"5\")",
        ),
    ],
)
def test_one_fault_is_one_line(shape: Shape, text: str, line: str) -> None:
    assert shape(text) == [line]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ("timeout_ms: 0", "shape.value s.yaml:1:40: 'timeout_ms' must be greater than 0, not 0"),
        ("timeout_ms: soon", "shape.type s.yaml:1:40: 'timeout_ms' must be a whole number, not the string 'soon'"),
        ("timeout_ms: 5.0", "shape.refused s.yaml:1:40: 'timeout_ms': expected 'int', got 'float'"),
    ],
)
def test_numbers_of_other_documents(shape: Shape, fields: str, line: str) -> None:
    assert shape(f"{{runtime: {{id: a, kind: b, {fields}}}, hooks: []}}", Hooks) == [line]


def test_an_enumeration_in_a_list(shape: Shape) -> None:
    text = '{process: {id: a, version: "1"}, requires: {materialization_modes: [mok]}}'
    assert shape(text, Manifest) == [
        (
            "shape.value s.yaml:1:69: 'materialization_modes[0]' must be 'mock', 'real' or 'shadow', "
            "not the string 'mok' (did you mean 'mock'?)"
        )
    ]


def test_all_faults_come_at_once_and_in_the_order_of_the_file(shape: Shape) -> None:
    lines = shape("profile_id: ''\nid: 7\nsteps:\n- nam: x\n  expectation: {status: 1, rout: x}\n- 5\n")
    assert [line.split(":", 1)[1].split(": ")[0] for line in lines] == [
        "1:1",
        "1:13",
        "2:5",
        "4:3",
        "4:3",
        "5:25",
        "5:28",
        "6:3",
    ]
    assert [line.split(" ")[0] for line in lines] == [
        "shape.missing-field",
        "shape.empty",
        "shape.type",
        "shape.missing-field",
        "shape.unknown-field",
        "shape.type",
        "shape.unknown-field",
        "shape.type",
    ]


def test_each_missing_field_is_told_once(shape: Shape) -> None:
    assert shape("profile_version: '1'\nsteps: [{name: a}]") == [
        "shape.missing-field s.yaml:1:1: the scenario has no 'id'",
        "shape.missing-field s.yaml:1:1: the scenario has no 'profile_id'",
    ]


def test_patterns_of_the_published_schema_are_told_beside_other_faults(shape: Shape) -> None:
    lines = shape(f"{EXPECT}gate_id: {{match: x}}\n    idempotent_replay: no\n    reason: 5")
    assert lines == [
        "shape.unknown-key s.yaml:11:15: unknown matcher 'match' (did you mean 'matches'?)",
        (
            "shape.type s.yaml:12:24: 'idempotent_replay' must be true, false, null, "
            "a matcher like {present: true} or a reference like ${name}, not the string 'no' (write "
            "false, without quotes)"
        ),
        (
            "shape.type s.yaml:13:13: 'reason' must be a string, null or a matcher like {present: true}, not a number "
            '(quote it: "5")'
        ),
    ]


def test_foreign_text_is_escaped_and_cut(shape: Shape) -> None:
    (line,) = shape(f'{GOOD}- {STEP}\n"a\\e[31m{"x" * 900}": 1')
    assert "\\x1b[31m" in line
    assert "\x1b" not in line
    assert len(line.encode()) < 2048
