"""Tavern: a file for each scenario, its steps as stages for the backend of ``benchmarks/tavern_backend``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.scenarios import Scenario
from benchmarks.tools.base import PYTEST_INI, File, Variant


def tavern_test(scenario: Scenario) -> str:
    """One Tavern test in YAML of block style, as its users write it."""
    lines = [f"test_name: {scenario.id}", "", "stages:"]
    for step in scenario.steps:
        lines += [f"  - name: {json.dumps(step.name)}", "    change_request:", f"      actor: {step.actor}"]
        lines += [f"      action: {step.action}", "      payload:"]
        lines += [f"        {name}: {json.dumps(value)}" for name, value in step.payload.items()]
        lines += ["    change_response:", f"      status: {step.status}", f"      route: {step.route}"]
        lines += [f"      gate_id: {step.gate_id or 'null'}"]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Tavern:
    """See the module."""

    folder: str = "tavern"
    environment: str = "tavern"
    needs: tuple[str, ...] = ("tavern", "change-tavern-backend", "pytest")
    variants: tuple[Variant, ...] = (Variant("Tavern", ("pytest", "--tavern-extra-backends=change")),)

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield PYTEST_INI
        for scenario in scenarios:
            yield f"{scenario.id}.tavern.yaml", tavern_test(scenario)


TAVERN = Tavern()
