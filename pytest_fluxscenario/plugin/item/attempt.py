"""What one attempt of one item leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_fluxscenario.evidence.record import Written
    from pytest_fluxscenario.model.evidence import Result
    from pytest_fluxscenario.runner.run import Outcome


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt left."""

    outcome: Outcome
    result: Result
    written: Written
    properties: list[tuple[str, str]]
    #: A hook of the pack was called.
    called: bool = False
    #: What it showed of its profile: bits of the pack's index.
    seen: int = 0
