"""Mistakes of a user that mypy must find; it is never run.

With ``--strict`` an ignore that nothing needs is an error itself: each one below says which error must stand there.
"""

from __future__ import annotations

from typing import Any

import pytest_fluxscenario
from pytest_fluxscenario import Approval, Control, Request, Response

SLIP = pytest_fluxscenario.Requests  # type: ignore[attr-defined]


class WithoutApprove:
    def begin(self, run_id: str, given: object) -> None: ...

    def decide(self, request: Request) -> dict[str, Any]:
        return {"status": "ok"}


class AnswersText:
    def begin(self, run_id: str, given: object) -> None: ...

    def decide(self, request: Request) -> str:
        return "ok"

    def approve(self, run_id: str, approval: Approval) -> None: ...


class ApprovesByRole(WithoutApprove):
    def approve(self, run_id: str, approval: str) -> None: ...


CONTROLS: list[Control] = [
    WithoutApprove(),  # type: ignore[list-item]
    AnswersText(),  # type: ignore[list-item]
    ApprovesByRole(),  # type: ignore[list-item]
]

INCOMPLETE = Response(status="ok", run_id="run-1")  # type: ignore[call-arg]
ODD_STATUS = Response("fine", "run-1", "small", "1.0.0", "sha256:0")  # type: ignore[arg-type]
ODD_FIELD = Response("ok", "run-1", "small", "1.0.0", "sha256:0", verdict="ok")  # type: ignore[call-arg]
ODD_DECISION = Approval("approver", "waive", decision="perhaps")  # type: ignore[arg-type]


def change(request: Request, response: Response) -> str:
    request.action = "work.finish"  # type: ignore[misc]  # frozen
    request.actions  # type: ignore[attr-defined]  # noqa: B018 - a slip of the pen
    return response.route  # type: ignore[return-value]  # an error has none
