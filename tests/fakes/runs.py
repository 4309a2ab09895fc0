"""Packs of this repository, run scenario by scenario outside of any session; their hooks run for real, once a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.runner.case import Case
from pytest_fluxscenario.runner.run import Outcome, RunSettings, run_scenario
from pytest_fluxscenario.runner.suite import Suite, make_case
from pytest_fluxscenario.runtimes.make import Runtimes
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Remembered:
    """Asks the hooks of a pack once for each call: the same call gives the same result."""

    pack: str
    base: HookRuntime
    heard: dict[tuple[str, bytes], tuple[HookCall, HookOutcome]]

    def call(self, call: HookCall) -> HookOutcome:
        key = self.pack, call.line()
        if key not in self.heard:
            self.heard[key] = call, self.base.call(call)
        return self.heard[key][1]


@dataclass
class Runs:
    """Runs scenarios of files below the root of the repository."""

    suite: Suite
    heard: dict[tuple[str, bytes], tuple[HookCall, HookOutcome]] = field(default_factory=dict)

    def cases(self, name: str) -> list[Case]:
        """Every scenario of a file, each parameter row for itself."""
        loaded = self.suite.load(self.suite.read(str(ROOT / name), name))
        return [make_case(row, self.suite.subject(one, name), name) for one in loaded for row in one.rows]

    def run(self, case: Case, scenario: Scenario | None = None) -> Outcome:
        """What comes of a case, or of another scenario in its place. Raises RuntimeMissing."""
        hooks = case.hooks(Remembered(case.subject.ref.source, case.hooks().base, self.heard))
        return run_scenario(scenario or case.scenario, case.control(hooks), hooks, RunSettings(), references=True)


@contextmanager
def opened() -> Iterator[Runs]:
    """Runs, and the end of every process that their hooks needed."""
    runtimes = Runtimes()
    try:
        yield Runs(Suite(str(ROOT), Resolver(str(ROOT)), runtimes=runtimes))
    finally:
        runtimes.close()


def scenario_files(*packs: str) -> list[str]:
    """The scenario files of packs, relative to the root."""
    return sorted(str(path.relative_to(ROOT)) for pack in packs for path in (ROOT / pack / "scenarios").iterdir())
