"""Robot Framework: a suite file for each scenario, one keyword from a Python library."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.scenarios import Scenario
from benchmarks.tools.base import File, Variant

LIBRARY = '''"""The keyword that performs one step; a new run for each test."""

import json

from change_rules import decide, new_run


class ChangeLibrary:
    ROBOT_LIBRARY_SCOPE = "TEST"

    def __init__(self):
        self.records = new_run()

    def perform_step(self, actor, action, payload, status, route, gate):
        got = decide(self.records, action, json.loads(payload))
        assert got["status"] == status
        assert got["route"] == route
        assert (got["gate_id"] or "none") == gate
'''


def suite(scenario: Scenario) -> str:
    """One suite with one test of three keyword calls."""
    lines = ["*** Settings ***", "Library    ../ChangeLibrary.py", "", "*** Test Cases ***", scenario.id]
    for step in scenario.steps:
        payload = json.dumps(step.payload)
        cells = ("", "Perform Step", step.actor, step.action, payload, step.status, step.route, step.gate_id or "none")
        lines.append("    ".join(cells))
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Robot:
    """See the module."""

    folder: str = "robot"
    environment: str = "robot"
    needs: tuple[str, ...] = ("robotframework",)
    variants: tuple[Variant, ...] = (
        Variant("Robot Framework", ("robot", "--outputdir", "out", "suites"), re.compile(r"\d+ tests?, (\d+) passed")),
    )

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield "ChangeLibrary.py", LIBRARY
        for scenario in scenarios:
            yield f"suites/{scenario.id}.robot", suite(scenario)


ROBOT = Robot()
