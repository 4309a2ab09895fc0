"""behave: a feature file for each scenario, its three steps as given, when and then."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.scenarios import Scenario, Step
from benchmarks.tools.base import File, Variant

SENTENCE = "{actor} performs {action} with {payload} expecting {status} via {route} at {gate}"

STEPS = f'''"""One sentence for all steps: behave and the others match it and parse what stands in it."""

import json

from behave import step
from change_rules import decide


@step("{SENTENCE}")
def perform(context, actor, action, payload, status, route, gate):
    got = decide(context.records, action, json.loads(payload))
    assert got["status"] == status
    assert got["route"] == route
    assert (got["gate_id"] or "none") == gate
'''

ENVIRONMENT = '''"""A run of its own for each scenario."""

from change_rules import new_run


def before_scenario(context, scenario):
    context.records = new_run()
'''

PASSED = re.compile(r"\b(\d+) scenarios passed")


def sentence(step: Step) -> str:
    """The step as one sentence of a feature."""
    return SENTENCE.format(
        actor=step.actor,
        action=step.action,
        payload=json.dumps(step.payload),
        status=step.status,
        route=step.route,
        gate=step.gate_id or "none",
    )


def feature_files(scenarios: Iterable[Scenario]) -> Iterator[File]:
    """One feature with one scenario in each file."""
    for scenario in scenarios:
        lines = [f"Feature: {scenario.id}", "", f"  Scenario: {scenario.title}"]
        words = zip(("Given", "When", "Then"), scenario.steps, strict=True)
        lines += [f"    {word} {sentence(step)}" for word, step in words]
        yield f"features/{scenario.id}.feature", "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Behave:
    """See the module."""

    folder: str = "behave"
    environment: str = "behave"
    needs: tuple[str, ...] = ("behave",)
    variants: tuple[Variant, ...] = (
        Variant("behave", ("behave",), PASSED),
        Variant("behave, JUnit", ("behave", "--junit"), PASSED),
    )

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield "features/environment.py", ENVIRONMENT
        yield "features/steps/change_steps.py", STEPS
        yield from feature_files(scenarios)


BEHAVE = Behave()
