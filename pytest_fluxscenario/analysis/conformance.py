"""Where a gear departs from control.md: scenarios that show one rule each, run against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.runner.explain import explain_step, headline
from pytest_fluxscenario.runner.run import Outcome, RunSettings, run_scenario
from pytest_fluxscenario.runner.suite import Suite, make_case
from pytest_fluxscenario.runtimes.port import RuntimeMissing

#: ``unshown``: the gear, or the machine, lacks what it takes to show the rule.
Finding = Literal["holds", "departs", "unshown"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What one scenario shows of a gear."""

    #: As pytest's node id.
    id: str
    #: The name of its file without suffix: the rule.
    rule: str
    #: What the rule says.
    says: str
    finding: Finding
    place: Place
    #: What came instead, or what is lacking; empty where the rule holds.
    why: str = ""
    #: Each step that differs, at length.
    lines: tuple[str, ...] = ()


def examine(suite: Suite, files: Iterable[tuple[str, str]]) -> Iterator[Shown]:
    """What each scenario of ``files`` (path, and how it is shown) shows of the gear of ``suite``, in order.

    Raises DocumentError and ProfileError for scenarios that cannot be used.
    """
    for path, name in files:
        rule = name.rpartition("/")[2].partition(".")[0]
        for loaded in suite.load(suite.read(path, name)):
            subject = suite.subject(loaded, name)
            for prepared in loaded.rows:
                item = f"{name}::{prepared.name}"
                case = make_case(prepared, subject, name)
                says = loaded.scenario.description or loaded.scenario.id
                hooks = case.hooks()
                control = case.control(hooks)
                references = prepared.references
                try:
                    outcome = run_scenario(case.scenario, control, hooks, RunSettings(), references=references)
                except RuntimeMissing as missing:
                    yield Shown(item, rule, says, "unshown", Place(name, prepared.line), str(missing))
                    continue
                if outcome.verdict == "passed":
                    yield Shown(item, rule, says, "holds", Place(name, prepared.line))
                    continue
                profile = subject.pack.profile
                lines = [
                    line
                    for step in outcome.steps
                    if step.verdict in {"failed", "error"}
                    for line in explain_step(step, profile, outcome.fault)
                ]
                why = outcome.fault or headline(outcome)
                place = loaded.locate(_pointer(outcome))
                yield Shown(item, rule, says, "departs", place, why, tuple(lines))


def _pointer(outcome: Outcome) -> Pointer:
    bad = [step for step in outcome.steps if step.verdict in {"failed", "error"}]
    return outcome.pointer(bad[0]) if bad else ()
