"""This project: validation, evidence and JUnit on, as a user runs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.scenarios import Scenario, as_text
from benchmarks.tools.base import PYTEST_INI, File, Variant, scenario_files

PACK = Path(__file__).resolve().parent.parent / "pack"

#: Scenarios in one file of the folder with lists.
BATCH = 100

FIXTURE_CONFTEST = '''"""A project that sets its own time: each scenario then asks for a fixture."""

from datetime import datetime, timezone

import pytest


@pytest.fixture
def fluxscenario_clock():
    return datetime(2026, 7, 1, tzinfo=timezone.utc)
'''

ALL_ON = ("pytest", "--junitxml=build/junit.xml")


def pack_files() -> Iterator[File]:
    """The process pack that every scenario is decided by."""
    for path in sorted(PACK.glob("*.yaml")):
        yield path.name, path.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One scenario in each file; the plugin, and the command that needs no pytest."""

    folder: str = "fluxscenario"
    environment: str = "pytest"
    needs: tuple[str, ...] = ("pytest-fluxscenario", "pytest")
    variants: tuple[Variant, ...] = (
        Variant("fluxscenario, all on", ALL_ON, every_size=True),
        Variant("fluxrig run, no evidence", ("fluxrig", "scenario", "run", ".", "--evidence", "off"), every_size=True),
        Variant("fluxrig run, evidence", ("fluxrig", "scenario", "run", ".", "--evidence", "build/evidence")),
    )

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield PYTEST_INI
        yield from pack_files()
        yield from scenario_files(scenarios)


@dataclass(frozen=True, slots=True)
class Overridden:
    """The same with a fixture of the plugin overridden in the project's conftest."""

    folder: str = "fluxscenario-fixture"
    environment: str = "pytest"
    needs: tuple[str, ...] = ("pytest-fluxscenario", "pytest")
    variants: tuple[Variant, ...] = (Variant("fluxscenario, all on, own fixture", ALL_ON),)

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield "conftest.py", FIXTURE_CONFTEST
        yield from PLUGIN.files(scenarios)


@dataclass(frozen=True, slots=True)
class Lists:
    """The same scenarios as lists of a hundred in a file."""

    folder: str = "fluxscenario-lists"
    environment: str = "pytest"
    needs: tuple[str, ...] = ("pytest-fluxscenario", "pytest")
    variants: tuple[Variant, ...] = (Variant("fluxscenario, all on, 100 a file", ALL_ON),)

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield PYTEST_INI
        yield from pack_files()
        rest = iter(scenarios)
        number = 0
        while batch := [scenario.document() for scenario in islice(rest, BATCH)]:
            yield f"scenarios/part-{number:03d}.scenario.json", as_text(batch)
            number += 1


PLUGIN = Plugin()
OVERRIDDEN = Overridden()
LISTS = Lists()
