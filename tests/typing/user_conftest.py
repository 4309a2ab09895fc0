"""The conftest.py of a team that checks its code with ``mypy --strict``: what it must be able to write.

``test_user_code.py`` checks it from outside and runs a scenario with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, assert_type

import pytest

import pytest_fluxscenario
from pytest_fluxscenario import Approval, Control, FluxError, Given, Request, Response

assert_type(pytest_fluxscenario.__version__, str)


class TypedControl:
    """Answers with a Response."""

    def __init__(self) -> None:
        self.approvals: list[tuple[str, str]] = []

    def begin(self, run_id: str, given: Given) -> None:
        assert_type(given.approvals, tuple[Approval, ...])
        self.approvals = [(approval.role, approval.scope) for approval in given.approvals]
        self.artifacts = {artifact.type: artifact.payload for artifact in given.artifacts}

    def decide(self, request: Request) -> Response:
        assert_type(request.payload, dict[str, Any])
        assert_type(request.idempotency_key, str | None)
        allowed = request.action == "work.start" and request.actor.role != "approver"
        return Response(
            status="ok" if allowed else "nok",
            run_id=request.run_id or "run-1",
            profile_id="small",
            profile_version="1.0.0",
            profile_hash="sha256:" + "0" * 64,
            route="Continue" if allowed else "Blocked",
        )

    def approve(self, run_id: str, approval: Approval) -> None:
        assert_type(approval.decision, Literal["approved", "denied"])
        self.approvals.append((approval.role, approval.scope))


class MappingControl:
    """Answers with a mapping, as a service sends it."""

    def begin(self, run_id: str, given: object) -> None:
        """A service without state."""

    def decide(self, request: Request) -> Mapping[str, Any]:
        return {"status": "nok", "route": "Blocked", "run_id": request.run_id}

    def approve(self, run_id: str, approval: Approval) -> None:
        """A service without approvals."""


class CountingControl:
    """Stands before another control."""

    def __init__(self, inner: Control) -> None:
        self.inner = inner
        self.begin, self.approve = inner.begin, inner.approve
        self.asked = 0

    def decide(self, request: Request) -> Response | Mapping[str, Any]:
        self.asked += 1
        return self.inner.decide(request)


_CONTROLS: dict[str, Callable[[], Control]] = {"typed": TypedControl, "mapping": MappingControl}


@pytest.fixture
def fluxscenario_control() -> Control:
    return CountingControl(_CONTROLS["typed"]())


@pytest.fixture
def fluxscenario_clock() -> datetime:
    return datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def fluxscenario_environment() -> Mapping[str, list[str]]:
    return {"capabilities": ["repo.read"], "connectors": ["git"]}


def pytest_fluxscenario_matchers(config: pytest.Config) -> Mapping[str, Callable[[Any, Any], bool]]:
    return {"x-begins-with": lambda argument, actual: str(actual).startswith(str(argument))}


def pytest_fluxscenario_redact(config: pytest.Config) -> list[str]:
    return ["key-[0-9]+"]


def pytest_fluxscenario_evidence_record(item: pytest.Item, notes: dict[str, str]) -> None:
    notes["owner"] = item.name


def reasons(error: FluxError) -> list[str]:
    """What a helper of a team can read from an error."""
    assert_type(error.exit_status, int)
    assert_type(error.place.line, int)
    return [f"{problem.place}: {problem.message}" for problem in error.problems]
