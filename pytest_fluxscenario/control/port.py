"""What a scenario runs against: the engine, or a team's own implementation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pytest_fluxscenario.model.request import Approval, Given, Request
from pytest_fluxscenario.model.response import Response


class Control(Protocol):
    """One control with its own runs, fresh for each scenario."""

    def begin(self, run_id: str, given: Given) -> None:
        """Open the run that the scenario's requests name, holding what the scenario says that it starts with."""
        ...

    def decide(self, request: Request) -> Response | Mapping[str, Any]:
        """Answer one request; a mapping must have the shape of a Response."""
        ...

    def approve(self, run_id: str, approval: Approval) -> None:
        """Take one approval by the trusted surface, which no request can reach."""
        ...
