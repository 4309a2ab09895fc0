"""What a process that ran a scenario tells the one that keeps the evidence: plain builtins, which xdist can send."""

from __future__ import annotations

from typing import Any, TypedDict

from pytest_fluxscenario.evidence.coverage import Declared, Seen, declared_by, seen_in
from pytest_fluxscenario.model.evidence import ProfileRef
from pytest_fluxscenario.plugin.execute import Attempt
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
    #: The names that the profile declares; None where this process has told them before.
    declared: tuple[tuple[str, ...], ...] | None
    seen: tuple[tuple[str, ...], ...]
    #: Ref and hash of each spec.
    specs: tuple[tuple[str, str], ...]
    #: Index, name and verdict of each step.
    steps: tuple[tuple[int, str, str], ...]
    #: How often each redaction rule has replaced something in this process, so far.
    redactions: dict[str, int]


class Teller:
    """Makes the messages of one process; tells the names of a profile only once."""

    def __init__(self, worker: str, redactions: dict[str, int]) -> None:
        self._worker = worker
        self._redactions = redactions
        self._told: dict[int, tuple[str, ...]] = {}

    def message(self, attempt: Attempt, subject: Subject) -> Message:
        """The message of one attempt."""
        result = attempt.result
        declared = None
        profile = self._told.get(id(subject))
        if profile is None:
            ref = subject.ref
            profile = self._told[id(subject)] = (ref.id, ref.version, ref.hash, ref.origin, ref.source)
            names = declared_by(subject.pack)
            declared = (names.actions, names.gates, names.routes, names.classes)
        seen = seen_in(result, attempt.classes)
        return {
            "ref": attempt.written.ref,
            "line": attempt.written.line,
            "verdict": attempt.outcome.verdict,
            "worker": self._worker,
            "scenario_hash": result.scenario.hash,
            "profile": profile,
            "declared": declared,
            "seen": (seen.actions, seen.gates, seen.routes, seen.classes),
            "specs": tuple([(spec.ref, spec.hash) for spec in result.specs]),
            "steps": tuple([(step.index, step.name, step.verdict) for step in result.steps]),
            "redactions": dict(self._redactions),
        }


def profile_of(message: Message) -> ProfileRef:
    """The profile that a message speaks of."""
    return ProfileRef(*message["profile"])


def declared_of(message: Message) -> Declared | None:
    """The names that the message's profile declares, where it tells them."""
    parts: Any = message["declared"]
    return None if parts is None else Declared(*map(tuple, parts))


def seen_of(message: Message) -> Seen:
    """What the message's scenario made happen."""
    parts: Any = message["seen"]
    return Seen(*map(tuple, parts))


def let_go(report: Any) -> None:
    """Take the message off a report, which pytest keeps until the end; to delete the attribute would cost memory."""
    setattr(report, ATTRIBUTE, None)
