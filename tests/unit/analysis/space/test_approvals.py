"""What approvals are worth by the specification's text, and that the engine says the same of any history of them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.space.approvals import Need
from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.control.approvals import approval_record, approved, covers_materialization
from pytest_fluxscenario.control.state import Run
from pytest_fluxscenario.model.request import Approval
from pytest_fluxscenario.model.response import RequiredApproval

_NOW = StandingClock().now()
_ASKED = RequiredApproval("approver", "deed")
_VALUES = st.none() | st.dictionaries(
    st.sampled_from(["path", "more"]), st.sampled_from(["a", "b", True, 1]), max_size=2
)
_APPROVALS = st.builds(
    Approval,
    role=st.sampled_from(["approver", "system"]),
    scope=st.sampled_from(["deed", "other"]),
    decision=st.sampled_from(["approved", "denied"]),
    expires_at=st.sampled_from([None, "2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z"]),
    values=_VALUES,
)
_PAYLOADS = st.fixed_dictionaries({"path": st.sampled_from(["a", "b", True, 1])}, optional={"more": st.just("a")})


def _run(history: list[Approval]) -> Run:
    run = Run("run-1", "made", "1.0.0", "sha256:0")
    run.approvals = [approval_record(run, one, _NOW) for one in history]
    return run


@given(st.lists(_APPROVALS, max_size=5), _PAYLOADS)
def test_a_gate_is_read_as_the_engine_reads_it(history: list[Approval], payload: dict[str, Any]) -> None:
    assert Need((_ASKED,), payload).met(history, _NOW) == approved(_run(history), _ASKED, payload, _NOW)


@given(st.lists(_APPROVALS, max_size=5), _PAYLOADS)
def test_a_real_mode_is_read_as_the_engine_reads_it(history: list[Approval], payload: dict[str, Any]) -> None:
    scope = {"path": payload["path"]}
    asked = (_ASKED, RequiredApproval("approver", "other"))
    engine = covers_materialization(_run(history), asked, payload, scope, _NOW)
    assert Need(asked, payload, scope).met(history, _NOW) == engine


def test_the_newest_that_speaks_of_the_request_decides() -> None:
    need = Need((_ASKED,), {"path": "a"})
    yes, no = Approval("approver", "deed"), Approval("approver", "deed", "denied")
    other = Approval("approver", "deed", "denied", values={"path": "b"})
    assert not need.met([], _NOW)
    assert need.met([no, yes], _NOW)
    assert not need.met([yes, no], _NOW)
    assert need.met([yes, other], _NOW)
    assert not need.met([yes, Approval("approver", "deed", expires_at="2000-01-01T00:00:00Z")], _NOW)
