"""What the harness must know of a tool: its files, its needs, and the commands that are timed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.scenarios import Scenario

#: A path below the folder of the tool, and the text of the file.
File = tuple[str, str]

#: The folder that stands on every tool's PYTHONPATH, with the rules in plain Python.
RULES = Path(__file__).resolve().parent.parent / "rules"

#: The root of a pytest project: nothing of the folders above is read.
PYTEST_INI: File = ("pytest.ini", "[pytest]\n")


@dataclass(frozen=True, slots=True)
class Variant:
    """One command that is timed."""

    #: The row of the table.
    name: str
    #: The command, run in the tool's folder; the first word is a program of the tool's environment.
    argv: tuple[str, ...]
    #: Finds the number of scenarios that passed in what the command prints.
    passed: re.Pattern[str] = re.compile(r"\b(\d+) passed")
    #: Timed at every size, to see the slope; the others at the reference size only.
    every_size: bool = False
    #: Finds the seconds in what a command prints that times itself; the others are timed from start to end.
    seconds: re.Pattern[str] | None = None


class Tool(Protocol):
    """A folder of work, and the ways to run it."""

    @property
    def folder(self) -> str:
        """The name of its folder in the work of one size."""

    @property
    def environment(self) -> str:
        """The name of its virtual environment below ``--tools``."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The distributions that must be installed there, the first one names the tool."""

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The commands to time."""

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """Everything that its folder holds; reads ``scenarios`` once and keeps none."""


def scenario_files(scenarios: Iterable[Scenario], folder: str = "scenarios") -> Iterator[File]:
    """One JSON file for each scenario, the same bytes for every tool that reads JSON."""
    for scenario in scenarios:
        yield f"{folder}/{scenario.id}.scenario.json", scenario.text()
