"""The engine without files, pytest or evidence around it: ``benchmarks/engine.py`` times itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scenarios import Scenario
from benchmarks.tools.base import File, Variant, scenario_files
from benchmarks.tools.fluxscenario import pack_files

SCRIPT = Path(__file__).resolve().parent.parent / "engine.py"

#: Scenarios in its folder, and how often all of them are decided in one run.
SCENARIOS, REPEATS = 1000, 10
DECISIONS = SCENARIOS * 3 * REPEATS


@dataclass(frozen=True, slots=True)
class EngineAlone:
    """See the module."""

    folder: str = "engine"
    environment: str = "pytest"
    needs: tuple[str, ...] = ("pytest-fluxscenario", "pytest")
    variants: tuple[Variant, ...] = (
        Variant(
            "engine alone",
            # -I: the installed package is timed, wherever the script lies.
            ("python", "-I", str(SCRIPT), ".", str(REPEATS)),
            seconds=re.compile(r"passed in ([0-9.]+) s"),
        ),
    )

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield from pack_files()
        yield from scenario_files(scenarios)


ENGINE_ALONE = EngineAlone()
