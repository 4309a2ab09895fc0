"""A pack's scenarios, decoded once, and run once on the process as it is: only those that pass can notice anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_fluxscenario.analysis.mutation.trial import RememberedHooks, Trial, actions_of, goals_of
from pytest_fluxscenario.analysis.mutation.workers import Work, spread
from pytest_fluxscenario.base.digest import Digest
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.evidence.coverage_count import Counter
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.runner.archived import LooseDocument
from pytest_fluxscenario.runner.prepare import Loaded, Prepared
from pytest_fluxscenario.runner.run import RunSettings
from pytest_fluxscenario.runner.suite import Suite, make_case

#: Scenarios that are named of many that do not pass.
_MOST_NAMED = 20


@dataclass(frozen=True)
class Document:
    """Scenarios that are tried, and where they come from."""

    #: How it is shown, and the first part of their ids.
    name: str
    read: Callable[[], Source]
    #: The document, where it lies in no folder.
    loose: LooseDocument | None = None
    #: What of it is tried.
    wanted: Callable[[Prepared], bool] = lambda _: True
    #: The ref or path of a profile that a plugin names for a scenario, if any.
    named: Callable[[Loaded], str | None] = lambda _: None


@dataclass(slots=True)
class Trials:
    """The scenarios that can notice a mutant, and those that cannot."""

    passing: list[Trial] = field(default_factory=list)
    #: Ids of scenarios that are marked ``skip`` or ``xfail``: they notice nothing.
    left_out: list[str] = field(default_factory=list)
    #: Id and problem of each scenario that does not pass on the process as it is: its verdict would say nothing.
    failing: list[tuple[str, Problem]] = field(default_factory=list)
    #: ``sha256:`` of all scenarios, in order.
    hash: str = ""

    def check(self, where: str) -> None:
        """Raise DocumentError where a scenario does not pass; ``where`` is the pack."""
        if not self.failing:
            return
        said = [problem for _, problem in self.failing[:_MOST_NAMED]]
        more = len(self.failing) - _MOST_NAMED
        if more > 0:
            said.append(Problem("mutate.failing", Place(where or "."), f"{more} scenarios more"))
        raise DocumentError(said)


@dataclass(frozen=True, slots=True)
class _Candidate:
    trial: Trial
    file: str
    line: int


def load_trials(
    suite: Suite,
    pack: Pack,
    documents: Iterable[Document],
    *,
    settings: RunSettings | None = None,
    workers: int = 1,
    goals: bool = False,
) -> Trials:
    """The scenarios of the documents that run on ``pack``, each run once; its hooks are called for real.

    ``goals`` asks for the goals of coverage of each.

    Raises DocumentError for a file that cannot be used, ProfileError and DamageError like loading, and as ``spread``.
    """
    trials, digest = Trials(), Digest()
    hooks: dict[int, RememberedHooks] = {}
    candidates: list[_Candidate] = []
    for document in documents:
        for loaded in suite.load(document.read()):
            if not any(map(document.wanted, loaded.rows)):
                continue
            subject = suite.subject(loaded, document.name, document.named(loaded), document.loose)
            if subject.pack.behaviour_hash != pack.behaviour_hash:
                continue
            for prepared in filter(document.wanted, loaded.rows):
                item = f"{document.name}::{prepared.name}"
                digest.add(f"{item} {prepared.hash}\n".encode())
                if loaded.scenario.skip is not None or loaded.scenario.xfail is not None:
                    trials.left_out.append(item)
                    continue
                asked = subject.hooks
                if asked is not None:
                    asked = hooks.setdefault(id(asked), RememberedHooks(asked))
                case = make_case(prepared, subject, document.name)
                trial = Trial(item, case, prepared.references, frozenset(), hooks=asked)
                if settings is not None:
                    trial = replace(trial, settings=settings)
                candidates.append(_Candidate(trial, document.name, prepared.line))
    _judge(trials, candidates, list(hooks.values()), workers, suite.close, goals=goals)
    trials.hash = digest.ref
    return trials


def _judge(
    trials: Trials,
    candidates: Sequence[_Candidate],
    hooks: Sequence[RememberedHooks],
    workers: int,
    close: Callable[[], None],
    *,
    goals: bool,
) -> None:
    """Run each candidate on the process as it is."""
    counter = Counter()

    def do(at: int) -> tuple[str, frozenset[str], frozenset[str]]:
        trial = candidates[at].trial
        if not goals:
            outcome = trial.run(trial.case.subject.rules)
            return outcome.verdict, actions_of(outcome), trial.reached
        outcome, reached = goals_of(trial, counter)
        return outcome.verdict, actions_of(outcome), reached

    def learn(learnt: Any) -> None:
        for one, known in zip(hooks, learnt, strict=True):
            one.known.update(known)

    work = Work(len(candidates), do, close, lambda: [one.known for one in hooks], learn)
    for one, (verdict, actions, reached) in zip(candidates, spread(workers, work), strict=True):
        if verdict == "passed":
            trials.passing.append(replace(one.trial, actions=actions, reached=reached))
        else:
            trials.failing.append((one.trial.id, _failing(one, verdict)))


def _failing(one: _Candidate, verdict: str) -> Problem:
    name = shown(one.trial.case.scenario.id, 80)
    message = f"the scenario {name} does not pass on the pack as it is ({verdict})"
    hint = "a mutant is noticed by a scenario that passes without it; run fluxrig scenario run first"
    return Problem("mutate.failing", Place(one.file, one.line), message, hint)
