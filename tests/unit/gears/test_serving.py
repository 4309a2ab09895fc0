"""The side that answers: every message gets one answer, and runs are kept apart."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.gears.port import FEATURES, About
from pytest_fluxscenario.gears.serving import Desk, Opening, serve_stdio
from pytest_fluxscenario.gears.wire import MOST_BYTES, PROTOCOL, Ask
from pytest_fluxscenario.model.request import Actor, Approval, Given, Request


@dataclass
class Noted:
    """A control that answers with what it was told."""

    opening: Opening
    said: list[str] = field(default_factory=list)

    def begin(self, run_id: str, given: Given) -> None:
        self.said.append(f"begin {run_id} {len(given.artifacts)}")

    def decide(self, request: Request) -> Mapping[str, Any]:
        if request.action == "raise":
            raise KeyError("no such thing")
        return {"said": self.said, "faults": dict(self.opening.faults.current), "action": request.action}

    def approve(self, run_id: str, approval: Approval) -> None:
        self.said.append(f"approve {run_id} {approval.scope}")


def desk() -> Desk:
    return Desk(About("noted", "1"), Noted)


def tell(to: Desk, **message: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(to.answer(json.dumps({"protocol": PROTOCOL, "id": 7, **message}).encode()))
    # What could be read as a message is answered by its number.
    assert answer.pop("id", 7) == 7
    return answer


def request(run: str, action: str = "a") -> dict[str, Any]:
    asked = Request(action, Actor("agent-1", "agent"), {}, run)
    plain: dict[str, Any] = msgspec.to_builtins(asked)
    return plain


def test_it_says_who_it_is() -> None:
    assert tell(desk(), op="hello") == {
        "ok": {"name": "noted", "version": "1", "protocol": PROTOCOL, "features": sorted(FEATURES)}
    }


def test_runs_are_apart_and_end() -> None:
    here = desk()
    assert tell(here, op="begin", run_id="one") == {"ok": {}}
    assert tell(here, op="begin", run_id="two", given={"artifacts": [{"type": "t", "payload": {}}]}) == {"ok": {}}
    assert tell(here, op="approve", run_id="one", approval={"role": "approver", "scope": "s"}) == {"ok": {}}
    assert tell(here, op="decide", request=request("one"))["ok"]["said"] == ["begin one 0", "approve one s"]
    assert tell(here, op="decide", request=request("two"))["ok"]["said"] == ["begin two 1"]
    assert tell(here, op="end", run_id="one") == {"ok": {}}
    assert tell(here, op="decide", request=request("one"))["ok"]["said"] == []
    # A run that begins again begins anew.
    assert tell(here, op="begin", run_id="two") == {"ok": {}}
    assert tell(here, op="decide", request=request("two"))["ok"]["said"] == ["begin two 0"]


def test_faults_are_those_of_their_message() -> None:
    here = desk()
    assert tell(here, op="decide", request=request("one"), faults={"h": "crash"})["ok"]["faults"] == {"h": "crash"}
    assert tell(here, op="decide", request=request("one"))["ok"]["faults"] == {}


def test_a_control_that_raises_is_an_answer_and_the_next_is_answered() -> None:
    here = desk()
    assert tell(here, op="decide", request=request("one", "raise")) == {"error": "KeyError: 'no such thing'"}
    assert "ok" in tell(here, op="decide", request=request("one"))


@pytest.mark.parametrize(
    "message",
    [
        {"op": "begin"},
        {"op": "decide"},
        {"op": "approve", "run_id": "one"},
        {"op": "end"},
        {"op": "dance"},
        {"op": "hello", "protocol": "fst.gear.v2"},
        {"op": "hello", "more": 1},
        {"op": "decide", "request": {"action": 1}},
    ],
)
def test_what_is_no_message_is_an_error(message: dict[str, Any]) -> None:
    assert list(tell(desk(), **message)) == ["error"]


@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_any_bytes_get_one_answer(data: bytes) -> None:
    answer = json.loads(desk().answer(data))
    assert {*answer} in ({"error"}, {"id", "error"}, {"id", "ok"})


def test_each_line_gets_a_line_also_one_that_is_too_long() -> None:
    hello = json.dumps({"op": "hello", "protocol": PROTOCOL}).encode()
    source = io.BytesIO(b"x" * (MOST_BYTES + 10_000) + b"\n" + hello + b"\n" + b"\xff\n" + hello)
    sink = io.BytesIO()
    serve_stdio(desk(), source, sink)
    answers = [({*json.loads(line)} - {"id"}).pop() for line in sink.getvalue().splitlines()]
    assert answers == ["error", "ok", "error", "ok"]


def test_runs_that_never_end_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_fluxscenario.gears.serving._MOST_RUNS", 3)
    here = desk()
    for number in range(5):
        here.reply(Ask("begin", run_id=f"run-{number}"))
    assert list(here._runs) == ["run-2", "run-3", "run-4"]
