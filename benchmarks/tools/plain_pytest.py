"""What pytest alone costs: bare items, the base of the ratios, and a parametrised test; and no pytest at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.scenarios import Scenario
from benchmarks.tools.base import PYTEST_INI, File, Variant, scenario_files

#: In the environment that has the plugin too, so that both are measured on the same installation.
ALONE = ("pytest", "-p", "no:fluxscenario")

BARE_CONFTEST = '''"""The least that a plugin can do: an item for a file, which reads it, decides and compares."""

import json

import pytest
from change_rules import check


def pytest_collect_file(file_path, parent):
    if file_path.name.endswith(".scenario.json"):
        return BareFile.from_parent(parent, path=file_path)
    return None


class BareFile(pytest.File):
    def collect(self):
        yield BareItem.from_parent(self, name=self.path.name.partition(".")[0])


class BareItem(pytest.Item):
    def runtest(self):
        with open(self.path, "rb") as file:
            check(json.load(file))
'''

PARAMETRIZE_TEST = '''"""What a project writes that has no plugin."""

import json
from pathlib import Path

import pytest
from change_rules import decide, new_run

FILES = sorted(Path(__file__).parent.glob("scenarios/*.scenario.json"))


@pytest.mark.parametrize("path", FILES, ids=[path.name.partition(".")[0] for path in FILES])
def test_scenario(path):
    with open(path, "rb") as file:
        scenario = json.load(file)
    records = new_run()
    for step in scenario["steps"]:
        got = decide(records, step["action"], step["payload"])
        expected = step["expectation"]
        assert got["status"] == expected["status"]
        assert got["route"] == expected["route"]
        assert got["gate_id"] == expected.get("gate_id")
'''

LOOP_SCRIPT = '''"""No test tool at all: parse and compare."""

import json
from pathlib import Path

from change_rules import check

count = 0
for path in sorted(Path("scenarios").glob("*.scenario.json")):
    with open(path, "rb") as file:
        check(json.load(file))
    count += 1
print(count, "passed")
'''


@dataclass(frozen=True, slots=True)
class Bare:
    """Custom items without a feature, and the plain loop over the same files."""

    folder: str = "bare"
    environment: str = "pytest"
    needs: tuple[str, ...] = ("pytest",)
    variants: tuple[Variant, ...] = (
        Variant("bare items", ALONE, every_size=True),
        Variant("bare items, JUnit", (*ALONE, "--junitxml=junit.xml"), every_size=True),
        Variant("plain loop", ("python", "loop.py"), every_size=True),
    )

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield PYTEST_INI
        yield "conftest.py", BARE_CONFTEST
        yield "loop.py", LOOP_SCRIPT
        yield from scenario_files(scenarios)


@dataclass(frozen=True, slots=True)
class Parametrize:
    """One parametrised test over the files."""

    folder: str = "parametrize"
    environment: str = "pytest"
    needs: tuple[str, ...] = ("pytest",)
    variants: tuple[Variant, ...] = (
        Variant("parametrize", ALONE),
        Variant("parametrize, JUnit", (*ALONE, "--junitxml=junit.xml")),
    )

    def files(self, scenarios: Iterable[Scenario]) -> Iterator[File]:
        """See Tool."""
        yield PYTEST_INI
        yield "test_scenarios.py", PARAMETRIZE_TEST
        yield from scenario_files(scenarios)


BARE = Bare()
PARAMETRIZE = Parametrize()
