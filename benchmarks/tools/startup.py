"""What the plugin costs a project that has no scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.scenarios import Scenario
from benchmarks.tools.base import PYTEST_INI, File, Variant

TEST = '''"""The one test of a project without scenarios."""


def test_something():
    assert [1, 2] + [3] == [1, 2, 3]
'''


@dataclass(frozen=True, slots=True)
class Startup:
    """A project of one test, with the plugin loaded and without."""

    folder: str = "no-scenarios"
    environment: str = "pytest"
    needs: tuple[str, ...] = ("pytest-fluxscenario", "pytest")
    variants: tuple[Variant, ...] = (
        Variant("start, with the plugin", ("pytest",)),
        Variant("start, -p no:fluxscenario", ("pytest", "-p", "no:fluxscenario")),
    )

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield PYTEST_INI
        yield "test_something.py", TEST


STARTUP = Startup()
