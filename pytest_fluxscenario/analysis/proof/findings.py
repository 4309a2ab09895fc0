"""What was found against a property, and what was looked at for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.analysis.space.states import Move

#: Property to what it says, in the order in which they are told.
PROPERTIES: Final = {
    "completion": "no run completes without what the completion report and the gates of its action demand",
    "materialization": "nothing materializes for real without an approval of exactly its action and scope values",
    "gates": "no request is allowed while a gate before it, its role or its environment forbids it",
    "approvals": "the newest approval that speaks of a request decides; denied, expired, of another role, scope or "
    "value is none",
    "admission": "no record is admitted but of the types that an allowed action produces, and as they demand",
    "refusals": "a request that is refused changes nothing",
    "roles": "an approver, or a role that is none of the process, is refused whatever it asks for",
    "completed": "a run that is complete allows nothing more",
    "replay": "a decision under a key comes back the same and changes nothing; another request under it is a conflict",
    "dead-ends": "from every state some role has a way to the end",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One state and one step that a property does not hold for."""

    property: str
    #: What is wrong, as a sentence without a full stop.
    message: str
    #: From the start; the last is the step that shows it.
    moves: tuple[Move, ...]
    #: How the last step is sent, where that is the point: with an idempotency key, and what is sent after it.
    keyed: bool = False


@dataclass(slots=True)
class Findings:
    """The first finding against each property, and how much was checked for it."""

    found: dict[str, Finding] = field(default_factory=dict)
    checked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PROPERTIES, 0))
    #: Why a property could not be decided.
    undecided: dict[str, str] = field(default_factory=dict)

    def count(self, name: str, more: int = 1) -> None:
        """So much more was checked for a property."""
        self.checked[name] += more

    def open(self, name: str) -> bool:
        """Whether nothing was found against a property yet."""
        return name not in self.found

    def add(self, finding: Finding) -> None:
        """Keep the finding, where it is the first against its property: states come nearest first."""
        self.found.setdefault(finding.property, finding)
