"""What a process that ran a scenario tells the one that keeps the evidence: plain builtins, which xdist can send."""

from __future__ import annotations

from typing import Any, TypedDict

from pytest_fluxscenario.evidence.coverage_count import Counter
from pytest_fluxscenario.evidence.coverage_index import Index
from pytest_fluxscenario.model.coverage import Point
from pytest_fluxscenario.model.evidence import ProfileRef
from pytest_fluxscenario.plugin.item.attempt import Attempt
from pytest_fluxscenario.runner.case import Subject

#: The attribute of a call report that carries a message.
ATTRIBUTE = "fluxscenario"
#: The attribute that says: skipped, because the machine lacks what a hook runs on.
MISSING = "fluxscenario_missing"


class Message(TypedDict):
    """What came of one attempt."""

    ref: str
    #: The record, with its line feed.
    line: bytes
    verdict: str
    worker: str
    scenario_hash: str
    #: The fields of a ProfileRef, in order.
    profile: tuple[str, ...]
    #: The points of the profile, and the bits of what nothing can show; None where this process has told them before.
    declared: tuple[tuple[tuple[str, ...], ...], bytes] | None
    #: The key of the points, and the bits of those that were seen.
    seen: tuple[str, bytes]
    #: Ref and hash of each spec.
    specs: tuple[tuple[str, str], ...]
    #: Index, name and verdict of each step.
    steps: tuple[tuple[int, str, str], ...]
    #: How often each redaction rule has replaced something in this process, so far.
    redactions: dict[str, int]


class Teller:
    """Makes the messages of one process; tells the names of a profile only once."""

    def __init__(self, worker: str, redactions: dict[str, int], counter: Counter) -> None:
        self._worker = worker
        self._redactions = redactions
        self._counter = counter
        self._told: dict[int, tuple[str, ...]] = {}

    def message(self, attempt: Attempt, subject: Subject) -> Message:
        """The message of one attempt."""
        result = attempt.result
        declared = None
        index = self._counter.chart(subject).index
        profile = self._told.get(id(subject))
        if profile is None:
            ref = subject.ref
            profile = self._told[id(subject)] = (ref.id, ref.version, ref.hash, ref.origin, ref.source)
            declared = tuple([tuple(point) for point in index.points]), _bytes(index.impossible)
        return {
            "ref": attempt.written.ref,
            "line": attempt.written.line,
            "verdict": attempt.outcome.verdict,
            "worker": self._worker,
            "scenario_hash": result.scenario.hash,
            "profile": profile,
            "declared": declared,
            "seen": (index.key, _bytes(attempt.seen)),
            "specs": tuple([(spec.ref, spec.hash) for spec in result.specs]),
            "steps": tuple([(step.index, step.name, step.verdict) for step in result.steps]),
            "redactions": dict(self._redactions),
        }


def profile_of(message: Message) -> ProfileRef:
    """The profile that a message speaks of."""
    return ProfileRef(*message["profile"])


def index_of(message: Message) -> Index | None:
    """The points of the message's profile, where it tells them."""
    declared = message["declared"]
    if declared is None:
        return None
    points, impossible = declared
    return Index(tuple([Point(*point) for point in points]), int.from_bytes(impossible, "little"))


def seen_of(message: Message) -> tuple[str, int]:
    """The key of the points, and the bits of what the message's scenario showed."""
    key, seen = message["seen"]
    return key, int.from_bytes(seen, "little")


def _bytes(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def let_go(report: Any) -> None:
    """Take the message off a report, which pytest keeps until the end; to delete the attribute would cost memory."""
    setattr(report, ATTRIBUTE, None)
