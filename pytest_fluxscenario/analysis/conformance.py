"""Where a gear departs from control.md: scenarios that show one rule each, run against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.model.request import Approval, Given, Request
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
                control = _Heard(case.control(hooks))
                references = prepared.references
                try:
                    outcome = run_scenario(case.scenario, control, hooks, RunSettings(), references=references)
                except RuntimeMissing as missing:
                    yield Shown(item, rule, says, "unshown", Place(name, prepared.line), str(missing))
                    continue
                if outcome.verdict == "passed":
                    where = Place(name, prepared.line)
                    if control.lacks:
                        why = f"an answer lacks {', '.join(control.lacks)}, which control.md says it has"
                        yield Shown(item, rule, says, "departs", where, why)
                    else:
                        yield Shown(item, rule, says, "holds", where)
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


#: control.md, "Request and response": what every answer has, and what those of a status or a type of gate have.
_ALWAYS: Final = (
    "next_allowed_actions",
    "evidence_refs",
    "idempotent_replay",
    "completion_report_exists",
    "hook_calls",
)
_BY_STATUS: Final = {
    "ok": ("route", "created_artifacts"),
    "nok": ("route", "reason", "instruction"),
    "error": ("reason", "instruction"),
}
_BY_GATE: Final = {"approval": "required_approval", "process_conformance": "missing_artifacts"}


@dataclass(slots=True)
class _Heard:
    """A control whose answers are looked at for what they leave out: a scenario sees only what it expects."""

    control: Control
    lacks: dict[str, None] = field(default_factory=dict)

    def begin(self, run_id: str, given: Given) -> None:
        self.control.begin(run_id, given)

    def approve(self, run_id: str, approval: Approval) -> None:
        self.control.approve(run_id, approval)

    def decide(self, request: Request) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = msgspec.to_builtins(self.control.decide(request))
        wanted = [*_ALWAYS, *_BY_STATUS.get(str(answer.get("status")), ())]
        if "gate_id" in answer or "gate_type" in answer:
            wanted += ["gate_id", "gate_type"]
        if answer.get("gate_type") in _BY_GATE and not answer.get("hook_calls"):
            wanted.append(_BY_GATE[answer["gate_type"]])
        self.lacks.update(dict.fromkeys(name for name in wanted if name not in answer))
        return answer


def _pointer(outcome: Outcome) -> Pointer:
    bad = [step for step in outcome.steps if step.verdict in {"failed", "error"}]
    return outcome.pointer(bad[0]) if bad else ()
