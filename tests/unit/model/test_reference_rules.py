"""The rules of parameters, captured values, and references to earlier steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

Rules = Callable[..., list[str]]
HOW = "(write ${name} or ${steps.<name>.<field>}, and $${ for a literal ${)"


def payload(text: Any, step: int = 2) -> Callable[[dict[str, Any]], None]:
    """An edit that puts ``text`` into the payload of a step, below a list."""

    def edit(data: dict[str, Any]) -> None:
        data["steps"][step]["payload"] = {"list": [text]}

    return edit


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("${open", f"scenario.reference /steps/2/payload/list/0 '${{' is not closed by '}}' {HOW}"),
        ("${}", f"scenario.reference /steps/2/payload/list/0 this is no reference {HOW}"),
        ("${a b}", f"scenario.reference /steps/2/payload/list/0 '${{a b}}': this is no reference {HOW}"),
        (
            "${steps.submit}",
            (
                "scenario.reference /steps/2/payload/list/0 '${steps.submit}': a reference to a step "
                "names a field of its "
                f"response {HOW}"
            ),
        ),
        (
            "${name}",
            (
                "scenario.unknown-reference /steps/2/payload/list/0 nothing is called '${name}' here "
                "(the scenario has no parameters, and no earlier step captures anything)"
            ),
        ),
        (
            "${steps.submitt.reason}",
            "scenario.unknown-step /steps/2/payload/list/0 no step is called 'submitt' (did you mean 'submit'?)",
        ),
        (
            "${steps.submit.raeson}",
            (
                "scenario.unknown-response-field /steps/2/payload/list/0 'raeson' is no field of a response "
                "(did you mean 'reason'?)"
            ),
        ),
        (
            "${steps.submit.reason..x}",
            (
                "scenario.response-path /steps/2/payload/list/0 'reason..x' is no path "
                "(a path is names and list positions joined by dots, like created_artifacts.0)"
            ),
        ),
        (
            "${steps.deploy.reason}",
            (
                "scenario.later-step /steps/2/payload/list/0 step 'deploy' has no response here "
                "(only an earlier step with an action has one)"
            ),
        ),
        (
            "${steps.approve.reason}",
            (
                "scenario.later-step /steps/2/payload/list/0 step 'approve' has no response here "
                "(only an earlier step with an action has one)"
            ),
        ),
    ],
)
def test_one_fault_is_one_line_at_the_string(rules: Rules, text: str, line: str) -> None:
    assert rules(payload(text)) == [line]


@pytest.mark.parametrize(
    "text", ["$${literal}", "a $${", "$", "{}", "${steps.submit.created_artifacts.0}", "x ${steps.submit.run_id} y"]
)
def test_a_literal_or_an_earlier_step_is_good(rules: Rules, text: str) -> None:
    assert rules(payload(text)) == []


def test_a_step_is_found_by_a_name_with_spaces_and_dots(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["steps"][0]["name"] = "step 1: change.submit"
        data["steps"][2]["payload"] = {"x": "${steps.step 1: change.submit.required_approval.role}"}

    assert rules(edit) == []


def test_equal_names_are_good_until_one_is_referred_to(rules: Rules) -> None:
    def equal(data: dict[str, Any]) -> None:
        data["steps"][2]["name"] = data["steps"][1]["name"] = "submit"

    def referred(data: dict[str, Any]) -> None:
        equal(data)
        data["steps"][2]["payload"] = {"x": "${steps.submit.reason}"}

    assert rules(equal) == []
    assert rules(referred) == [
        (
            "scenario.ambiguous-step /steps/2/payload/x 3 steps are called 'submit' "
            "(a step that is referred to needs a name of its own)"
        )
    ]


def test_a_captured_value_is_for_later_steps_only(rules: Rules) -> None:
    def edit(at: int, by: int) -> Callable[[dict[str, Any]], None]:
        def change(data: dict[str, Any]) -> None:
            data["steps"][by]["capture"] = {"first_id": "created_artifacts.0"}
            data["steps"][at]["payload"] = {"x": "${first_id}"}

        return change

    assert rules(edit(2, 0)) == []
    line = "scenario.unknown-reference /steps/0/payload/x nothing is called '${first_id}' here "
    assert rules(edit(0, 0)) == [line + "(this step captures it itself)"]
    assert rules(edit(0, 2)) == [line + "(step 3 captures it, which comes later)"]


def test_the_nearest_known_name_is_offered(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["parameters"] = [{"reviewer": 1}]
        data["steps"][0]["payload"] = {"x": "${reviwer}"}

    assert rules(edit) == [
        "scenario.unknown-reference /steps/0/payload/x nothing is called '${reviwer}' here (did you mean 'reviewer'?)"
    ]


@pytest.mark.parametrize(
    ("capture", "line"),
    [
        (
            {"Name": "reason"},
            (
                "scenario.capture-name ~/steps/0/capture/Name 'Name' cannot be the name of a captured value "
                "(lowercase letters, digits and '_', not begun by a digit, and not 'steps')"
            ),
        ),
        (
            {"steps": "reason"},
            (
                "scenario.capture-name ~/steps/0/capture/steps 'steps' cannot be the name of a captured value "
                "(lowercase letters, digits and '_', not begun by a digit, and not 'steps')"
            ),
        ),
        (
            {"p": "reason"},
            "scenario.capture-name ~/steps/0/capture/p 'p' is the name of a parameter already (choose another name)",
        ),
        (
            {"c": "raeson"},
            (
                "scenario.unknown-response-field /steps/0/capture/c 'raeson' is no field of a response "
                "(did you mean 'reason'?)"
            ),
        ),
        (
            {"c": "reason."},
            (
                "scenario.response-path /steps/0/capture/c 'reason.' is no path "
                "(a path is names and list positions joined by dots, like created_artifacts.0)"
            ),
        ),
    ],
)
def test_a_capture_has_a_name_and_a_path(rules: Rules, capture: dict[str, str], line: str) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["parameters"] = [{"p": 1}]
        data["steps"][0]["capture"] = capture

    assert rules(edit) == [line]


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([{"a": 1}, {"a": 2}], []),
        ([{}, {}], []),
        ([{"aB_1": 1}], []),
        (
            [{"a": 1, "b": 2}, {"a": 1}],
            [
                (
                    "scenario.parameter-missing /parameters/1 row 1 has no 'b', which row 0 has (all "
                    "rows have the same names)"
                )
            ],
        ),
        (
            [{"a": 1}, {"b": 1}],
            [
                (
                    "scenario.parameter-missing /parameters/0 row 0 has no 'b', which row 1 has (all "
                    "rows have the same names)"
                ),
                (
                    "scenario.parameter-missing /parameters/1 row 1 has no 'a', which row 0 has (all "
                    "rows have the same names)"
                ),
            ],
        ),
        (
            [{"a": 1, "b": 2, "c": 3}, {}],
            [
                (
                    "scenario.parameter-missing /parameters/1 row 1 has no 'a', which row 0 has, nor 2 more "
                    "(all rows have the same names)"
                )
            ],
        ),
        (
            [{"A": 1}],
            [
                (
                    "scenario.parameter-name ~/parameters/0/A 'A' cannot be the name of a parameter "
                    "(letters, digits and '_', begun by a lowercase letter or '_', and not 'steps')"
                )
            ],
        ),
        (
            [{"steps": 1}],
            [
                (
                    "scenario.parameter-name ~/parameters/0/steps 'steps' cannot be the name of a parameter "
                    "(letters, digits and '_', begun by a lowercase letter or '_', and not 'steps')"
                )
            ],
        ),
    ],
)
def test_rows_have_the_same_good_names(rules: Rules, rows: list[dict[str, Any]], lines: list[str]) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["parameters"] = rows

    assert rules(edit) == lines


def test_the_name_of_a_step_refers_to_parameters_only(rules: Rules) -> None:
    def edit(name: str) -> Callable[[dict[str, Any]], None]:
        def change(data: dict[str, Any]) -> None:
            data["parameters"] = [{"row": 1}]
            data["steps"][0]["capture"] = {"c": "reason"}
            data["steps"][2]["name"] = name

        return change

    assert rules(edit("deploy ${row}")) == []
    line = "scenario.unknown-reference /steps/2/name '${%s}' is no parameter, and a step's name refers to nothing else "
    assert rules(edit("deploy ${c}")) == [line % "c" + "(known: row)"]
    assert rules(edit("${steps.submit.reason}")) == [line % "steps.submit.reason" + "(known: row)"]


def test_references_are_found_in_every_string_of_a_step(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        first, approval, last = data["steps"]
        first["actor"]["role"] = first["idempotency_key"] = "${x}"
        first["expectation"]["created_artifacts"] = ["${x}"]
        approval["approve"]["values"] = {"f": "${x}"}
        last["faults"] = {"h": "${x}"}
        last["action"] = "${x}"

    assert [line.split(" ")[1] for line in rules(edit)] == [
        "/steps/0/expectation/created_artifacts/0",
        "/steps/0/idempotency_key",
        "/steps/0/actor/role",
        "/steps/1/approve/values/f",
        "/steps/2/faults/h",
        "/steps/2/action",
    ]


def test_a_reference_in_what_is_given_stays_as_it_is_and_is_warned_of(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["given"] = {"artifacts": [{"type": "t", "payload": {"x": "${a}", "y": "$${a}"}}]}

    assert rules(edit) == [
        (
            "scenario.reference-outside-steps? /given/artifacts/0/payload/x references are replaced "
            "in the strings of steps "
            "only, so this stays as it is written"
        )
    ]


def test_references_where_nothing_replaces_them_are_told(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["environment"] = {"capabilities": ["${nothing}"]}
        data["steps"][0]["payload"] = {"deep": [{"${nothing}": 1, "$${literal}": 2}]}

    assert sorted(rules(edit)) == [
        (
            "scenario.reference-in-key? ~/steps/0/payload/deep/0/${nothing} '${nothing}' is a key, and references are "
            "replaced in values only"
        ),
        (
            "scenario.reference-outside-steps? /environment/capabilities/0 references are replaced in the strings of "
            "steps only, so this stays as it is written"
        ),
    ]


def test_thousands_of_rows_and_references_stay_cheap(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["parameters"] = [{f"p{number}": 1} for number in range(10_000)]
        data["steps"][2]["payload"] = {"x": ["${nothing}"] * 10_000, "y": "${" + "a." * 200 + "}" * 200}

    begun = time.process_time()
    lines = rules(edit)
    assert len(lines) == 51
    assert time.process_time() - begun < 10
