"""The rules of a scenario's own fields, of what a run is given, and of its steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Rules = Callable[..., list[str]]
IDS = "an id is 1 to 128 of A-Z, a-z, 0-9, '.', '_' and '-', and begins with a letter or a digit"


def put(value: Any, *at: str | int) -> Callable[[dict[str, Any]], None]:
    """An edit that writes ``value`` at a path."""

    def edit(data: Any) -> None:
        for part in at[:-1]:
            data = data[part]
        data[at[-1]] = value

    return edit


def drop(*at: str | int) -> Callable[[dict[str, Any]], None]:
    """An edit that removes what stands at a path."""

    def edit(data: Any) -> None:
        for part in at[:-1]:
            data = data[part]
        del data[at[-1]]

    return edit


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (put("a/b", "id"), f"scenario.id /id 'a/b' is no id ({IDS})"),
        (put("a\u202eb", "id"), f"scenario.id /id 'a\\u202eb' is no id ({IDS})"),
        (
            put("a\u200b", "profile_id"),
            "scenario.invisible-character /profile_id 'a\\u200b' holds the invisible character \\u200b (remove it)",
        ),
        (
            put("v1.0.0", "profile_version"),
            (
                "scenario.profile-version /profile_version 'v1.0.0' is no version of a profile (write it "
                "without the v: 1.0.0)"
            ),
        ),
        (
            put("1.0", "profile_version"),
            (
                "scenario.profile-version /profile_version '1.0' is no version of a profile (SemVer, "
                "like 1.0.0 or 2.1.0-rc.1)"
            ),
        ),
        (
            put(["ok", "a b"], "tags"),
            (
                "scenario.tag /tags/1 'a b' cannot be a tag "
                "(a tag is letters, digits, '_' and '-', and begins with a letter or '_')"
            ),
        ),
        (
            put(["happy_pat"], "classes"),
            "scenario.unknown-class? /classes/0 unknown class 'happy_pat' (did you mean 'happy_path'?)",
        ),
        (
            put(" ", "skip"),
            "scenario.no-reason /skip 'skip' must say why (write the reason, or leave 'skip' out)",
        ),
        (
            put("", "xfail"),
            "scenario.no-reason /xfail 'xfail' must say why (write the reason, or leave 'xfail' out)",
        ),
        (
            put({"hook": "timout"}, "faults"),
            "scenario.unknown-fault /faults/hook unknown fault 'timout' (did you mean 'timeout'?)",
        ),
        (
            put({"hook": "${p}"}, "faults"),
            (
                "scenario.unknown-fault /faults/hook unknown fault '${p}' "
                "(known: crash, error, forbidden_field, invalid_json, timeout)"
            ),
        ),
        (
            put({"h\u200b": "crash"}, "steps", 0, "faults"),
            (
                "scenario.invisible-character ~/steps/0/faults/h\u200b 'h\\u200b' holds the invisible "
                "character \\u200b (remove it)"
            ),
        ),
        (
            put({"artifacts": [{"type": "t", "payload": {}, "source": "controler"}]}, "given"),
            "scenario.unknown-source /given/artifacts/0/source unknown source 'controler' (did you mean 'controller'?)",
        ),
        (
            put({"artifacts": [{"type": "t\u200b", "payload": {}}]}, "given"),
            (
                "scenario.invisible-character /given/artifacts/0/type 't\\u200b' holds the invisible "
                "character \\u200b (remove it)"
            ),
        ),
        (
            put({"approvals": [{"role": "aprover", "scope": "s"}]}, "given"),
            ("scenario.unknown-role? /given/approvals/0/role unknown role 'aprover' (did you mean 'approver'?)"),
        ),
        (
            put({"role": "lead", "scope": "s"}, "steps", 1, "approve"),
            (
                "scenario.unknown-role? /steps/1/approve/role unknown role 'lead' "
                "(known: agent, approver, system, task_user)"
            ),
        ),
        (drop("steps", 0, "actor"), "scenario.step-field /steps/0 a step with an action needs 'actor'"),
        (drop("steps", 0, "payload"), "scenario.step-field /steps/0 a step with an action needs 'payload'"),
        (drop("steps", 0, "expectation"), "scenario.step-field /steps/0 a step with an action needs 'expectation'"),
        (drop("steps", 1, "approve"), "scenario.step-field /steps/1 a step needs 'action' or 'approve'"),
        (
            put({"role": "approver", "scope": "s"}, "steps", 0, "approve"),
            (
                "scenario.action-and-approve ~/steps/0/approve a step has either 'action' or 'approve', not both "
                "(make the approval a step of its own)"
            ),
        ),
        (
            put("x", "steps", 0, "payload"),
            (
                "scenario.type /steps/0/payload 'payload' must be an object or one reference like "
                "${name}, not the string 'x'"
            ),
        ),
        (
            put("x", "steps", 0, "actor"),
            "scenario.type /steps/0/actor 'actor' must be an object or one reference like ${name}, not the string 'x'",
        ),
        (
            put("a\u2066", "steps", 0, "actor", "id"),
            (
                "scenario.invisible-character /steps/0/actor/id 'a\\u2066' holds the invisible character "
                "\\u2066 (remove it)"
            ),
        ),
        (
            put("a\u2066", "steps", 0, "actor", "role"),
            (
                "scenario.invisible-character /steps/0/actor/role 'a\\u2066' holds the invisible "
                "character \\u2066 (remove it)"
            ),
        ),
        (
            put("a\u2066", "steps", 0, "action"),
            "scenario.invisible-character /steps/0/action 'a\\u2066' holds the invisible character \\u2066 (remove it)",
        ),
    ],
)
def test_one_fault_is_one_line_at_its_place(rules: Rules, edit: object, line: str) -> None:
    assert rules(edit) == [line]


@pytest.mark.parametrize("field", ["actor", "payload", "idempotency_key", "expectation", "capture"])
def test_an_approve_step_has_nothing_of_a_request(rules: Rules, field: str) -> None:
    values: dict[str, Any] = {
        "actor": {"id": "i", "role": "r"},
        "payload": {},
        "idempotency_key": "k",
        "expectation": {"status": "ok", "route": "Continue"},
        "capture": {"c": "reason"},
    }
    assert rules(put(values[field], "steps", 1, field)) == [
        (
            f"scenario.approve-field ~/steps/1/{field} an approve step has no '{field}' "
            "(an approval is no control request, so nothing answers it)"
        )
    ]


@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-01T00:00:00Z",
        "2026-02-01T00:00:00.123456+05:30",
        "2026-02-28T23:59:59-11:00",
    ],
)
def test_a_moment_with_its_offset_is_one(rules: Rules, moment: str) -> None:
    assert rules(put(moment, "steps", 1, "approve", "expires_at")) == []


@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-01",
        "2026-02-01T00:00:00",
        "2026-02-30T00:00:00Z",
        "2026-02-01 00:00:00Z",
        "2026-02-01T24:30:00Z",
        "20260201T000000Z",
        "2026-W05-7T00:00:00Z",
        "٢026-02-01T00:00:00Z",
        "2026-02-01T00:00:00Z\n",
        "tomorrow",
        "",
    ],
)
def test_anything_else_is_no_moment(rules: Rules, moment: str) -> None:
    (line,) = rules(put(moment, "steps", 1, "approve", "expires_at"))
    assert line.startswith("scenario.expires-at /steps/1/approve/expires_at ")
    assert line.endswith("(write date, time and offset: 2026-01-31T12:00:00Z)")


def test_a_moment_may_be_a_parameter_in_a_step_and_not_in_what_is_given(rules: Rules) -> None:
    def in_step(data: dict[str, Any]) -> None:
        data["parameters"] = [{"until": "2026-02-01T00:00:00Z"}]
        data["steps"][1]["approve"]["expires_at"] = "${until}"

    def in_given(data: dict[str, Any]) -> None:
        in_step(data)
        data["given"] = {"approvals": [{"role": "approver", "scope": "s", "expires_at": "${until}"}]}

    assert rules(in_step) == []
    assert [line.split(" ")[0] for line in rules(in_given)] == [
        "scenario.expires-at",
        "scenario.reference-outside-steps?",
    ]


def test_what_is_given_may_come_from_any_role_or_the_controller(rules: Rules) -> None:
    for source in ("agent", "task_user", "approver", "system", "controller"):
        assert rules(put({"artifacts": [{"type": "t", "payload": {}, "source": source}]}, "given")) == []


def test_a_step_may_take_its_actor_and_payload_from_parameters(rules: Rules) -> None:
    def edit(data: dict[str, Any]) -> None:
        data["parameters"] = [{"who": {"id": "i", "role": "r"}, "what": {}}]
        data["steps"][0]["actor"] = "${who}"
        data["steps"][0]["payload"] = "${what}"

    assert rules(edit) == []


_VALUES = (
    "scenario.type /steps/1/approve/values 'values' must be an object or one reference like ${name}, not the string "
)


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({"path": "a"}, []),
        (None, []),
        ("${v}", []),
        ("${v}x", [f"{_VALUES}'${{v}}x'"]),
        ("text", [f"{_VALUES}'text'"]),
    ],
)
def test_values_of_an_approval_are_an_object_or_one_reference(rules: Rules, values: Any, lines: list[str]) -> None:
    found = rules(put(values, "steps", 1, "approve", "values"))
    assert [line for line in found if "/approve/values" in line and "nothing is called" not in line] == lines
