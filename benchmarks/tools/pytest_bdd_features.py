"""pytest-bdd: the same features as behave's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.scenarios import Scenario
from benchmarks.tools.base import PYTEST_INI, File, Variant
from benchmarks.tools.behave_features import SENTENCE, feature_files

TEST = f'''"""The sentence of the features; the records live in a fixture."""

import json

import pytest
from change_rules import decide, new_run
from pytest_bdd import parsers, scenarios, step

scenarios("features")


@pytest.fixture
def records():
    return new_run()


@step(parsers.parse("{SENTENCE}"))
def perform(records, actor, action, payload, status, route, gate):
    got = decide(records, action, json.loads(payload))
    assert got["status"] == status
    assert got["route"] == route
    assert (got["gate_id"] or "none") == gate
'''


@dataclass(frozen=True, slots=True)
class PytestBdd:
    """See the module."""

    folder: str = "pytest-bdd"
    environment: str = "pytest-bdd"
    needs: tuple[str, ...] = ("pytest-bdd", "pytest")
    variants: tuple[Variant, ...] = (
        Variant("pytest-bdd", ("pytest",)),
        Variant("pytest-bdd, JUnit", ("pytest", "--junitxml=junit.xml")),
    )

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield PYTEST_INI
        yield "test_features.py", TEST
        yield from feature_files(scenarios)


BDD = PytestBdd()
