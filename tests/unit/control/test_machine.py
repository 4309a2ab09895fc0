"""What holds of every run, whatever is asked of it and in whatever order (control.md)."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import UNSET

from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.state import Run
from pytest_fluxscenario.model.pack import Hook
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.request import Actor, Approval, Request
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION, ROUTES
from pytest_fluxscenario.runtimes.in_process import InProcessHooks
from pytest_fluxscenario.runtimes.port import HookCall
from tests.unit.control.process import MovingClock, act, approval_gate, engine, gate, hooks, validator

NOTE, SHIP, DONE = "note.write", "change.ship", "run.done"
#: Types that the completion report asks for.
REQUIRED: Final = ("note", "receipt")
LASTS: Final = 100


def look(call: HookCall) -> dict[str, Any]:
    return {"status": "ok", "facts": {"risky": call.payload.get("to") == "moon"}}


def check(call: HookCall) -> dict[str, Any]:
    if call.payload.get("text") == "boom":
        raise RuntimeError("boom")
    return {"status": "ok", "valid": call.payload.get("text") != "bad", "diagnostics": ["bad"]}


def small() -> Engine:
    """A process with every kind of rule in it."""
    return engine(
        act(NOTE, produces_artifacts=("note",)),
        act(
            SHIP,
            materialization_mode="real",
            materialization_scope_fields=("to",),
            produces_artifacts=("receipt",),
        ),
        act(DONE, completes_run=True, allowed_roles=("agent", "task_user", "approver")),
        gates=[
            gate(id="asks", before_action=NOTE, condition={"payload_missing": ["text"]}),
            gate("process_conformance", id="needs", before_action=SHIP, required_artifacts=("note",)),
            gate(id="risks", before_action=SHIP, condition={"fact_true": "risky"}, hook="look"),
            approval_gate(id="signs", before_action=SHIP),
        ],
        types=[ArtifactType("note", required_fields=("text",), expires_after=LASTS), ArtifactType("receipt")],
        required=REQUIRED,
        modes=["real"],
        declared=hooks(validator("note"), Hook("look", "condition.evaluate")),
        runtime=InProcessHooks({"look": look, "check": check}),
    )


ENGINE: Final = small()
APPROVAL: Final = {"role": "approver", "scope": SHIP, "decision": "approved", "values": {"to": "here"}}

actions = st.sampled_from([NOTE, SHIP, DONE, CONTRACT_ACTION, "no.such"])
roles = st.sampled_from(["agent", "agent", "agent", "system", "task_user", "approver", "nobody"])
places = st.sampled_from(["here", "there", "moon", True, 1, ""])
payloads = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from(["fine", "bad", "boom", "", None]),
        "to": places,
        "approval_record": st.just(APPROVAL),
        "type": st.just("approval_record"),
        "decision": st.just("approved"),
        "materialization_allowed": st.just(True),
    },
)
requests = st.builds(
    Request,
    actions,
    st.builds(Actor, st.sampled_from(["a", "b"]), roles),
    payloads,
    st.sampled_from(["one", "one", "two"]),
    st.sampled_from([None, None, "k1", "k2"]),
)
approvals = st.builds(
    Approval,
    st.sampled_from(["approver", "approver", "task_user"]),
    st.sampled_from(["release", SHIP, NOTE]),
    st.sampled_from(["approved", "approved", "denied"]),
    values=st.none() | st.fixed_dictionaries({"to": places}) | st.just({"to": "here", "more": 1}),
    expires_at=st.sampled_from([None, "2026-01-01T00:02:00Z", "2025-12-31T23:59:59Z"]),
)


def covered(run: Run, payload: dict[str, Any], now: datetime) -> bool:
    """Whether somebody approved to ship with exactly this payload's scope, and nothing newer of that kind denies it."""
    to = payload["to"]
    spoken = [
        one
        for one in run.approvals
        if one.role == "approver"
        and one.scope in ("release", SHIP)
        and (
            one.decision == "denied"
            if one.values is None
            else list(one.values) == ["to"] and (type(one.values["to"]), one.values["to"]) == (type(to), to)
        )
    ]
    newest = spoken[-1] if spoken else None
    if newest is None or newest.decision != "approved":
        return False
    return newest.expires_at is None or now < newest.expires_at


class AnyRun(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = MovingClock()
        self.control = EngineControl(ENGINE, self.clock)
        self.approved: dict[str, int] = {}

    @rule(approval=approvals, run=st.sampled_from(["one", "two"]))
    def somebody_approves(self, approval: Approval, run: str) -> None:
        self.control.approve(run, approval)
        self.approved[run] = self.approved.get(run, 0) + 1

    @rule(seconds=st.integers(1, LASTS))
    def time_passes(self, seconds: int) -> None:
        self.clock.move(seconds)

    @rule()
    def what_is_needed_to_ship_is_there(self) -> None:
        """Without this, hardly any sequence comes as far as a materialization."""
        self.control.decide(Request(NOTE, Actor("a", "agent"), {"text": "fine"}, "one"))
        for scope in ("release", SHIP):
            self.somebody_approves(Approval("approver", scope, values={"to": "here"}), "one")

    @rule(asked=requests)
    def somebody_asks(self, asked: Request) -> None:
        self.one_request(asked)

    @rule(to=places, key=st.sampled_from([None, "k1"]))
    def somebody_ships(self, to: object, key: str | None) -> None:
        self.one_request(Request(SHIP, Actor("a", "agent"), {"to": to}, "one", key))

    @rule(run=st.sampled_from(["one", "two"]))
    def somebody_completes(self, run: str) -> None:
        self.one_request(Request(DONE, Actor("a", "agent"), {}, run))

    def one_request(self, asked: Request) -> None:
        run_id = asked.run_id or ""
        run = self.control.run(run_id)
        before = deepcopy(run)
        others = {name: deepcopy(one) for name, one in self.control.runs.items() if name != run_id}
        answer = self.control.decide(asked)
        after = self.control.run(run_id)
        now = self.clock.now()
        for name, other in others.items():
            assert self.control.run(name) == other
        assert after.approvals == before.approvals
        if answer.idempotent_replay:
            assert after == before
            return
        if answer.status != "ok":
            assert after.artifacts == before.artifacts
            assert after.written == before.written
            assert after.completed == before.completed
            assert answer.created_artifacts is UNSET
        if asked.actor.role in ("approver", "nobody"):
            assert (answer.status, answer.route) == ("nok", "Blocked")
        if before.completed:
            assert answer.status == "nok"
        if answer.route == "MaterializeAllowed":
            assert covered(before, asked.payload, now)
            assert before.holds("note", now)
        if answer.route == "Complete":
            assert all(after.holds(kind, now) for kind in REQUIRED)
            assert after.completed
        self.well_formed(answer)

    def well_formed(self, answer: Response) -> None:
        assert answer.status in ("ok", "nok", "error")
        assert (answer.route in ROUTES) is (answer.status != "error")
        assert (answer.reason is UNSET) is (answer.status == "ok")
        assert (answer.gate_id is UNSET) is (answer.gate_type is UNSET)

    @invariant()
    def approvals_come_from_the_trusted_surface_alone(self) -> None:
        for name, run in self.control.runs.items():
            assert len(run.approvals) == self.approved.get(name, 0)
            assert {one.created_via for one in run.approvals} <= {"fst.approval"}
            assert "approval_record" not in run.artifacts


AnyRun.TestCase.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
TestAnyRun = AnyRun.TestCase


@settings(max_examples=200, deadline=None)
@given(st.lists(requests, max_size=6), st.lists(approvals, max_size=3), requests)
def test_the_same_run_and_request_give_the_same_answer_and_leave_the_run_alone(
    earlier: list[Request], given_approvals: list[Approval], asked: Request
) -> None:
    control = EngineControl(ENGINE, MovingClock())
    for approval in given_approvals:
        control.approve("one", approval)
    for one in earlier:
        control.decide(one)
    run, now = control.run("one"), control.clock.now()
    before, same = deepcopy(run), deepcopy(asked)
    first = ENGINE.decide(run, asked, now)
    assert (run, asked) == (before, same)
    assert ENGINE.decide(deepcopy(run), deepcopy(asked), now) == first
    assert small().decide(run, asked, now) == first


def test_the_process_of_the_machine_can_be_gone_through_to_its_end() -> None:
    """The invariants are worth nothing if no run ever gets that far."""
    machine = AnyRun()
    machine.what_is_needed_to_ship_is_there()
    control = machine.control
    shipped = control.decide(Request(SHIP, Actor("a", "agent"), {"to": "here"}, "one"))
    done = control.decide(Request(DONE, Actor("a", "task_user"), {}, "one"))
    assert (shipped.route, done.route) == ("MaterializeAllowed", "Complete")
