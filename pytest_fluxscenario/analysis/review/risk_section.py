"""The part of a packet that lists known risks, those of one kind together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pytest_fluxscenario.analysis.review.blocks import Block, Inline, Line, Spot, Strong, Text, listed
from pytest_fluxscenario.model.review import Packet

#: What each kind of risk is called above those of its kind.
RISKS: Final = {
    "loosened": "Allowed now, and not before",
    "real-mode": "Done for real",
    "real-without-gate": "Done for real without a gate",
    "no-gate": "Without a gate",
    "approval-open": "Approvals that cover more than one request",
    "approval-no-expiry": "Approvals that need not expire",
    "approval-values-once": "Approvals that need not name values",
    "approval-shared": "Approvals that open more than one action",
    "use-outside": "Use of the pack",
    "use-unsaid": "Use of the pack",
    "any-source": "Records from anybody",
    "any-payload": "Records of any payload",
    "hook-not-isolated": "Hooks that are not isolated",
    "hook-decides": "Decided by code of the pack",
    "weak-hook-failure": "Hooks whose failure does not block",
    "not-shown": "Scenarios that prove nothing",
    "redacted": "Not to be seen",
    "earlier-run": "An earlier run",
    "expiry-not-shown": "Time",
    "survivor": "Rules that could be lost without a test failing",
    "not-covered": "Not shown by any scenario",
    "not-proved": "Not proved",
    "never-met": "Rules that nothing meets",
    "missing-class": "Missing scenarios",
    "warning": "Warnings of the pack check",
    "other-documents": "Documents",
    "source-elsewhere": "Documents",
}


def risk_blocks(packet: Packet) -> Iterator[Block]:
    """What a reader should look at, in the order of the packet."""
    if not packet.risks:
        yield Text(["None was found: the rules, the run and the mutants show nothing that is to be weighed."])
        return
    yield Text(
        ["None of these is a fault. They follow from the rules, the run and the mutants; read them, and decide."]
    )
    groups: dict[str, list[Line]] = {}
    for risk in packet.risks:
        line: list[Inline] = [risk.what, f": {risk.why}", Spot(risk.where)]
        groups.setdefault(RISKS[risk.kind], []).append(line)
    for title, lines in groups.items():
        yield Text([Strong(title)])
        yield from listed(lines)
