"""The rules of ``benchmarks/pack`` as a few lines of Python: the engine under test for every other tool.

It decides what the pack decides (a test compares both) with the least work that Python can do it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Test = Literal["missing", "equals", "lacks"]


class Gate(NamedTuple):
    """A rule that can stop an action."""

    gate_id: str
    #: ``missing``: a payload field is absent or empty. ``equals``: it has the value. ``lacks``: a record is not there.
    test: Test
    subject: tuple[str, ...]
    route: str


#: Action to its gates, in the order in which they are asked.
GATES: Mapping[str, tuple[Gate, ...]] = {
    "change.submit": (
        Gate("change_ref_missing", "missing", ("change_ref",), "AskUser"),
        Gate("high_risk", "equals", ("risk", "high"), "AwaitApproval"),
    ),
    "change.review": (
        Gate("review_before_submit", "lacks", ("change_record",), "InstructAgent"),
        Gate("review_rejected", "equals", ("decision", "reject"), "Blocked"),
    ),
    "change.deploy": (
        Gate("deploy_before_review", "lacks", ("change_record", "review_record"), "InstructAgent"),
        Gate("window_missing", "missing", ("window",), "AskUser"),
    ),
    "change.rollback": (),
    "change.archive": (),
}

#: Action to the type of the record that it creates when nothing stops it.
PRODUCES: Mapping[str, str] = {
    "change.submit": "change_record",
    "change.review": "review_record",
    "change.deploy": "deployment_record",
    "change.rollback": "rollback_record",
    "change.archive": "archive_record",
}


def new_run() -> set[str]:
    """The state of a run: the types that have a record, none at first."""
    return set()


def _fires(gate: Gate, records: set[str], payload: Mapping[str, Any]) -> bool:
    if gate.test == "missing":
        return payload.get(gate.subject[0]) in (None, "", [], {})
    if gate.test == "equals":
        return bool(payload.get(gate.subject[0]) == gate.subject[1])
    return not records.issuperset(gate.subject)


def decide(records: set[str], action: str, payload: Mapping[str, Any]) -> dict[str, str | None]:
    """The answer to one request: status, route, and the gate that fired (None when none did).

    ``records`` gains the type of the record that the action creates.
    """
    for gate in GATES[action]:
        if _fires(gate, records, payload):
            return {"status": "nok", "route": gate.route, "gate_id": gate.gate_id}
    records.add(PRODUCES[action])
    return {"status": "ok", "route": "Continue", "gate_id": None}


def check(scenario: Mapping[str, Any]) -> None:
    """Run the scenario of one file and hold each answer against its expectation; AssertionError where they differ."""
    records = new_run()
    for step in scenario["steps"]:
        got = decide(records, step["action"], step["payload"])
        expected = step["expectation"]
        assert got["status"] == expected["status"], step["name"]
        assert got["route"] == expected["route"], step["name"]
        assert got["gate_id"] == expected.get("gate_id"), step["name"]
