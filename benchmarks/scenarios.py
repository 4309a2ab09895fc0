"""The seeded scenarios: the same number gives the same scenario on every machine."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.rules.change_rules import decide, new_run

PROFILE_ID = "change_control"
PROFILE_VERSION = "1.4.0"

#: Mostly what should happen, sometimes an order that a gate stops.
FLOWS = (
    ("change.submit", "change.review", "change.deploy"),
    ("change.submit", "change.review", "change.deploy"),
    ("change.submit", "change.review", "change.rollback"),
    ("change.submit", "change.deploy", "change.archive"),
    ("change.review", "change.submit", "change.review"),
    ("change.deploy", "change.submit", "change.archive"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One request and the answer that it must get."""

    name: str
    action: str
    actor: str
    payload: dict[str, str]
    status: str
    route: str
    #: The gate that fires; None where none does.
    gate_id: str | None

    def document(self) -> dict[str, Any]:
        """The step as scenario.md writes it."""
        expectation = {"status": self.status, "route": self.route}
        if self.gate_id is not None:
            expectation["gate_id"] = self.gate_id
        return {
            "name": self.name,
            "action": self.action,
            "actor": {"id": self.actor, "role": "agent"},
            "payload": self.payload,
            "expectation": expectation,
        }


@dataclass(frozen=True, slots=True)
class Scenario:
    """Three steps of one run."""

    id: str
    title: str
    steps: tuple[Step, ...]

    def document(self) -> dict[str, Any]:
        """The scenario as scenario.md writes it."""
        return {
            "id": self.id,
            "name": self.title,
            "profile_id": PROFILE_ID,
            "profile_version": PROFILE_VERSION,
            "steps": [step.document() for step in self.steps],
        }

    def text(self) -> str:
        """The bytes of its file; every tool that reads JSON reads these."""
        return as_text(self.document())


def as_text(document: Any) -> str:
    """A JSON document as the scenario files have it."""
    return json.dumps(document, indent=1) + "\n"


def _payload(rng: random.Random, action: str, number: int) -> dict[str, str]:
    note = f"note {rng.getrandbits(32):08x} on change CHG-{number:05d}, written for the records of the process"
    if action == "change.submit":
        risk = rng.choice(("low", "low", "medium", "high"))
        payload = {"change_ref": f"CHG-{number:05d}", "risk": risk, "note": note}
        if rng.random() < 0.15:
            del payload["change_ref"]
        return payload
    if action == "change.review":
        return {"decision": rng.choice(("accept", "accept", "accept", "reject")), "note": note}
    if action == "change.deploy":
        window = "" if rng.random() < 0.15 else f"2026-07-0{rng.randint(1, 9)}T22:00Z"
        return {"window": window, "note": note}
    return {"note": note}


def scenario(number: int) -> Scenario:
    """The scenario of that number; its expectations are what the rules decide, so it passes."""
    rng = random.Random(number)  # noqa: S311 - a seed that gives the same work everywhere  # nosec B311
    records = new_run()
    steps = []
    for index, action in enumerate(rng.choice(FLOWS), start=1):
        payload = _payload(rng, action, number)
        got = decide(records, action, payload)
        steps.append(
            Step(
                name=f"step {index}: {action}",
                action=action,
                actor=f"agent-{rng.randint(0, 9999):04d}",
                payload=payload,
                status=str(got["status"]),
                route=str(got["route"]),
                gate_id=got["gate_id"],
            )
        )
    return Scenario(f"change-{number:06d}", f"Generated change number {number} of the benchmark", tuple(steps))


def scenarios(count: int) -> Iterator[Scenario]:
    """The first ``count`` scenarios, made one at a time: the harness must stay small (see measure.py)."""
    return map(scenario, range(count))
