"""What a pack's scenarios show already: those that run, and the drafts that wait for a review."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.analysis.mutation.trial import RememberedHooks, Trial, actions_of
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.evidence.coverage_count import Counter
from pytest_fluxscenario.model.scenario import is_draft
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.runner.case import Subject
from pytest_fluxscenario.runner.prepare import Prepared
from pytest_fluxscenario.runner.run import Outcome, RunSettings, run_scenario
from pytest_fluxscenario.runner.suite import Suite, make_case
from pytest_fluxscenario.runtimes.port import HookRuntime

#: Scenarios that are named of many that do not pass.
_MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Ran:
    """A scenario that passes on its pack, and what came of it."""

    trial: Trial
    outcome: Outcome
    #: The bits of the points that it shows, in the index of the pack's chart.
    mask: int


@dataclass(slots=True)
class Shown:
    """The scenarios of a pack that pass."""

    running: list[Ran] = field(default_factory=list)
    #: Drafts: they show nothing before somebody has reviewed them.
    waiting: list[Ran] = field(default_factory=list)
    #: Ids of scenarios that are marked ``skip`` or ``xfail`` and are no drafts.
    left_out: list[str] = field(default_factory=list)


@dataclass
class Runner:
    """Runs scenarios of one pack; hooks are called for real, and once for each call."""

    suite: Suite
    pack: Pack
    subject: Subject
    counter: Counter = field(default_factory=Counter)
    _hooks: dict[int, HookRuntime] = field(default_factory=dict)

    def shown(self, files: Iterable[tuple[str, str]]) -> Shown:
        """What the scenarios in ``files`` (path, and how it is shown) are.

        Raises DocumentError for a file that cannot be used, and where a scenario that runs does not pass: whether the
        rules or the scenario are wrong must be known before more is written of them. ProfileError, DamageError.
        """
        found, failing = Shown(), list[Problem]()
        for path, name in files:
            for loaded in self.suite.load(self.suite.read(path, name)):
                subject = self.suite.subject(loaded, name)
                if subject.pack.behaviour_hash != self.pack.behaviour_hash:
                    continue
                draft = is_draft(loaded.scenario.skip)
                for prepared in loaded.rows:
                    if not draft and (loaded.scenario.skip is not None or loaded.scenario.xfail is not None):
                        found.left_out.append(f"{name}::{prepared.name}")
                        continue
                    ran = self._run(prepared, subject, name)
                    if ran.outcome.verdict != "passed":
                        if not draft:
                            failing.append(_failing(name, prepared.line, ran))
                    else:
                        (found.waiting if draft else found.running).append(ran)
        if failing:
            raise DocumentError(_few(failing, self.pack))
        return found

    def read(self, text: str, name: str) -> Ran:
        """What comes of a draft: its text is read as a file's is, and run. Raises DocumentError."""
        data = text.encode()
        (loaded,) = self.suite.load(Source(name, data, sha256(data)))
        return self._run(loaded.rows[0], self.subject, name)

    def _run(self, prepared: Prepared, subject: Subject, name: str) -> Ran:
        hooks = subject.hooks
        if hooks is not None:
            hooks = self._hooks.setdefault(id(hooks), RememberedHooks(hooks))
        case = make_case(prepared, subject, name)
        step_hooks = case.hooks(hooks)
        engine = Engine(subject.rules, case.environment, step_hooks)
        control = EngineControl(engine)
        spec = subject.spec
        outcome = run_scenario(
            case.scenario, control, step_hooks, RunSettings(), references=prepared.references, spec=spec
        )
        mask = self.counter.seen(case, control, step_hooks, case.environment, outcome)
        trial = Trial(f"{name}::{prepared.name}", case, prepared.references, actions_of(outcome), hooks)
        return Ran(trial, outcome, mask)


def _failing(name: str, line: int, ran: Ran) -> Problem:
    verdict = ran.outcome.verdict
    message = f"the scenario {shown(ran.trial.case.scenario.id, 80)} does not pass on the pack as it is ({verdict})"
    hint = "mend the scenario or the rules before more is drafted from them; see: fluxrig scenario run"
    return Problem("draft.failing", Place(name, line), message, hint)


def _few(failing: list[Problem], pack: Pack) -> list[Problem]:
    more = len(failing) - _MOST_NAMED
    said = failing[:_MOST_NAMED]
    if more > 0:
        said.append(Problem("draft.failing", Place(pack.where or "."), f"{more} scenarios more"))
    return said
