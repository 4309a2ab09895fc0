"""Each field of an answer is a difference, and what NEW allows and OLD did not is called by its name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.flips_run import Run, Told
from pytest_fluxscenario.analysis.flips_steps import compare_runs, direction
from pytest_fluxscenario.model.flips import StepFlip
from pytest_fluxscenario.model.response import (
    Contract,
    HookCallRecord,
    Materialization,
    RequiredApproval,
    Response,
)
from pytest_fluxscenario.model.vocabulary import ROUTES, STATUSES
from pytest_fluxscenario.runner.compare import observed

_BASE = Response(
    status="ok",
    run_id="run-1",
    profile_id="small",
    profile_version="1.0.0",
    profile_hash="sha256:a",
    route="Continue",
    idempotency_conflict=False,
)
#: Field of an expectation to what is changed in the answer for it.
_CHANGES: dict[str, dict[str, Any]] = {
    "status": {"status": "nok"},
    "route": {"route": "Complete"},
    "gate_id": {"gate_id": "g"},
    "gate_type": {"gate_type": "approval"},
    "reason": {"reason": "because"},
    "instruction": {"instruction": "do"},
    "missing_artifacts": {"missing_artifacts": ("a",)},
    "required_approval": {"required_approval": RequiredApproval("approver", "s")},
    "created_artifacts": {"created_artifacts": ("a-1",), "created_artifact_types": ("a",)},
    "next_allowed_actions": {"next_allowed_actions": ("x",)},
    "completion_report_exists": {"completion_report_exists": True},
    "idempotent_replay": {"idempotent_replay": True},
    "idempotency_conflict": {"idempotency_conflict": True},
    "materialization": {"materialization": Materialization("mock", "a", {})},
    "hook_calls": {"hook_calls": (HookCallRecord("h", "ok"),)},
    "contract": {"contract": Contract(routes=("Continue",))},
}


def run(*steps: Told | None, verdict: Any = "passed", fault: str = "") -> Run:
    return Run(verdict, fault, tuple(step or Told(reached=False, fault="", answer=None) for step in steps))


def told(response: Response = _BASE, **changes: Any) -> Told:
    return Told(reached=True, fault="", answer=observed(msgspec.structs.replace(response, **changes)))


def broken(fault: str = "nothing to refer to") -> Told:
    return Told(reached=True, fault=fault, answer=None)


def compared(old: Run, new: Run) -> tuple[StepFlip, ...]:
    names = tuple(f"s{number}" for number in range(1, len(old.steps) + 1))
    return compare_runs(old, new, names, lambda pointer: 10 * len(pointer), lambda value: value)


def test_every_field_that_can_be_expected_is_tried_here() -> None:
    from pytest_fluxscenario.model.scenario import Expectation

    assert {*msgspec.structs.asdict(Expectation("ok"))} | {"contract"} == set(_CHANGES)


@pytest.mark.parametrize("field", _CHANGES)
def test_each_field_differs_for_itself(field: str) -> None:
    flips = compared(run(told()), run(told(**_CHANGES[field])))
    assert [(flip.index, flip.name, [one.field for one in flip.fields]) for flip in flips] == [(1, "s1", [field])]


def test_a_rendered_text_is_a_part_of_the_answer() -> None:
    one, other = (told(hook_calls=(HookCallRecord("h", "ok", rendered_hash=digest),)) for digest in ("a", "b"))
    assert [one.field for one in compared(run(one), run(other))[0].fields] == ["rendered"]


def test_what_always_differs_between_two_versions_is_no_difference() -> None:
    call = HookCallRecord("h", "ok", "r", "k", "sha256:1", "sha256:2", "sha256:3")
    again = HookCallRecord("h", "ok", "r", "k", "sha256:4", "sha256:5", "sha256:6")
    new = told(profile_version="2.0.0", profile_hash="sha256:b", hook_calls=(again,), evidence_refs=("e",))
    assert compared(run(told(hook_calls=(call,))), run(new)) == ()


def test_names_in_another_order_are_no_difference() -> None:
    one, other = told(next_allowed_actions=("a", "b")), told(next_allowed_actions=("b", "a"))
    assert compared(run(one), run(other)) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (("nok", "AskUser"), ("ok", "Continue"), "loosened"),
        (("error", None), ("ok", "Continue"), "loosened"),
        (("ok", "Continue"), ("nok", "AwaitApproval"), "tightened"),
        (("ok", "MaterializeMock"), ("ok", "MaterializeAllowed"), "loosened"),
        (("ok", "MaterializeAllowed"), ("ok", "Continue"), "tightened"),
        (("nok", "AwaitApproval"), ("nok", "AskUser"), "changed"),
        (("error", None), ("nok", "Blocked"), "changed"),
        (("ok", "Continue"), ("ok", "Complete"), "changed"),
    ],
)
def test_what_new_allows_and_old_did_not_is_loosened(old: Any, new: Any, said: str) -> None:
    sides = [told(status=status, route=msgspec.UNSET if route is None else route) for status, route in (old, new)]
    assert direction(*sides) == said
    assert compared(run(sides[0]), run(sides[1]))[0].direction == said


def test_the_words_of_an_answer_name_status_route_and_gate() -> None:
    flip = compared(run(told()), run(told(status="nok", route="AskUser", gate_id="g")))[0]
    assert (flip.old.text, flip.new.text, flip.line) == ("ok Continue", "nok AskUser (gate g)", 20)


def test_where_one_side_stops_the_rest_is_not_compared_and_counted() -> None:
    flips = compared(run(told(), broken("no"), None, None, verdict="error"), run(told(), told(), told(), told()))
    assert [(flip.index, flip.direction, flip.old.text, flip.old.fault, flip.unreached) for flip in flips] == [
        (2, "changed", "no answer", "no", 2)
    ]


def test_an_answer_after_which_one_side_cannot_go_on_still_counts() -> None:
    """The loosened step is the one that gives no value to capture."""
    refused = Told(reached=True, fault="nothing to capture", answer=told(status="nok", route="AskUser").answer)
    flips = compared(run(refused, None, verdict="error"), run(told(), told()))
    assert [(flip.direction, flip.old.status, flip.new.status, flip.unreached) for flip in flips] == [
        ("loosened", "nok", "ok", 1)
    ]


def test_no_answer_on_either_side_is_no_difference() -> None:
    one, other = run(told(), broken("here"), None), run(told(), broken("there"), None)
    assert compared(one, other) == ()


def test_a_run_that_cannot_begin_on_one_side_differs_as_a_whole() -> None:
    flips = compared(run(None, None, verdict="error", fault="no such type"), run(told(), told()))
    assert [(flip.index, flip.line, flip.old.fault, flip.new.fault, flip.unreached) for flip in flips] == [
        (0, 10, "cannot begin: no such type", "", 2)
    ]


_TOLD = st.builds(
    lambda status, route, gate, reached: told(status=status, route=route, gate_id=gate) if reached else broken(),
    st.sampled_from(STATUSES),
    st.sampled_from(ROUTES),
    st.sampled_from([msgspec.UNSET, "g", "h"]),
    st.booleans(),
)
_OPPOSITE = {"loosened": "tightened", "tightened": "loosened", "changed": "changed"}


def _cut(steps: list[Told]) -> Run:
    """A run goes no further than its first step without an answer."""
    end = next((number for number, step in enumerate(steps, 1) if step.answer is None), len(steps))
    return run(*steps[:end], *[None] * (len(steps) - end))


@given(st.lists(st.tuples(_TOLD, _TOLD), min_size=1, max_size=5))
def test_nothing_differs_from_itself_and_the_reverse_is_the_reverse(pairs: list[tuple[Told, Told]]) -> None:
    old, new = (_cut([pair[side] for pair in pairs]) for side in (0, 1))
    assert compared(old, old) == ()
    there, back = compared(old, new), compared(new, old)
    assert [(flip.index, _OPPOSITE[flip.direction], flip.new, flip.old, flip.unreached) for flip in there] == [
        (flip.index, flip.direction, flip.old, flip.new, flip.unreached) for flip in back
    ]
    for one, other in zip(there, back, strict=True):
        assert {(field.field, str(field.old), str(field.new)) for field in one.fields} == {
            (field.field, str(field.new), str(field.old)) for field in other.fields
        }
