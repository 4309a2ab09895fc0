"""The profile's text is read a second time, and both readings agree on every payload."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.proof.reading import Demand, Reading, _payload_holds
from pytest_fluxscenario.analysis.space.explore import Explorer
from pytest_fluxscenario.analysis.space.states import Outcome
from pytest_fluxscenario.base.values import said_twice
from pytest_fluxscenario.control.conditions import compile_condition
from tests.fakes.holes import HOOKS, PROFILE
from tests.fakes.processes import made_space

_NAMES = st.sampled_from(["a", "b", "a.b", "a.0", "l.1", "c.d.e"])
_LEAVES = st.sampled_from([None, True, False, 0, 1, 1.0, "", "x", "1"])
_INNER = (
    _LEAVES
    | st.lists(_LEAVES, max_size=2)
    | st.dictionaries(st.sampled_from(["a", "b", "d", "0"]), _LEAVES, max_size=2)
)
_PAYLOADS = st.dictionaries(
    st.sampled_from(["a", "b", "c", "l", "a.b"]), _INNER | st.lists(_INNER, max_size=2), max_size=3
)
_CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "payload_missing": st.lists(_NAMES, min_size=1, max_size=2),
        "payload_equals": st.dictionaries(_NAMES, _INNER, min_size=1, max_size=2),
        "payload_contains_any": st.lists(_NAMES, min_size=1, max_size=2),
    },
)


@given(_CONDITIONS, _PAYLOADS)
def test_a_condition_holds_for_both_or_for_neither(condition: dict[str, Any], payload: dict[str, Any]) -> None:
    if said_twice(payload) is None:
        assert _payload_holds(condition, payload) == compile_condition(condition).payload_holds(payload)


def _demands(action: str, **payload: Any) -> list[Demand]:
    """What the first allowed request for an action with these values in its payload demands."""
    sent = {action.replace(".", "_"): (payload,)}
    explorer = Explorer(made_space(PROFILE, HOOKS, hook_inputs={"valid": "draft"}, **sent))
    for visit in explorer.visits():
        for outcome in visit.outcomes[action]:
            if outcome.response.status == "ok" and outcome.ask.request.payload == payload:
                return _of(explorer, outcome)
    raise AssertionError(f"{action} is never allowed")


def _of(explorer: Explorer, outcome: Outcome) -> list[Demand]:
    return list(Reading(explorer.space.rules).demands(outcome))


def test_what_an_action_demands_is_said_by_its_gates_and_by_what_it_is() -> None:
    assert _demands("deed.do", path="p") == [
        Demand("gate", "deed_needs_draft", frozenset({"draft"})),
        Demand("gate", "deed_needs_approval", approval="deed_needs_approval"),
        Demand("materialization", "deed.do", approval="real"),
    ]
    assert _demands("work.end", why="done") == [
        Demand("gate", "end_needs_approval", approval="end_needs_approval"),
        Demand("completion", "completion_report", frozenset({"draft", "deed"})),
    ]


def test_a_hook_that_says_no_is_a_demand_that_nothing_meets() -> None:
    explorer = Explorer(
        made_space(PROFILE, HOOKS, hook_inputs={"valid": "draft"}, draft_write=({"text": "a", "checked": True},))
    )
    visit = next(iter(explorer.visits()))
    refused = {
        one.response.gate_id or one.response.reason: [demand.never for demand in _of(explorer, one) if demand.never]
        for one in visit.outcomes["draft.write"]
        if one.ask.request.payload == {"text": "a", "checked": True} and one.ask.request.actor.role == "agent"
    }
    assert refused["facts_are_right"]
    assert all(never for reason, never in refused.items() if reason)
