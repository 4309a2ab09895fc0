"""What is told of a scenario that is watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_fluxscenario.model.evidence import ProfileRef, ScenarioRef
from pytest_fluxscenario.telemetry.spans import Value

if TYPE_CHECKING:
    from pytest_fluxscenario.runner.case import Case


@dataclass(frozen=True, slots=True)
class About:
    """Which scenario it is; texts as they are, before redaction."""

    #: The id of its item.
    item: str
    scenario: ScenarioRef
    profile: ProfileRef
    #: 1-based.
    attempt: int = 1
    #: What else there is to say, by the names of ``words``.
    more: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, item: str, case: Case, attempt: int = 1, more: Mapping[str, Value] | None = None) -> About:
        """What a case says of itself."""
        return cls(item, case.ref, case.subject.ref, attempt, more or {})
