"""A pack's scenarios, decoded once, and run once on the process as it is: only those that pass can notice anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.trial import RememberedHooks, Trial, actions_of
from pytest_fluxscenario.base.digest import Digest
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.runner.case import Case
from pytest_fluxscenario.runner.suite import Suite, make_case
from pytest_fluxscenario.runtimes.port import HookRuntime

#: Scenarios that are named of many that do not pass.
_MOST_NAMED = 20


@dataclass(slots=True)
class Trials:
    """The scenarios that can notice a mutant, and those that cannot."""

    passing: list[Trial] = field(default_factory=list)
    #: Ids of scenarios that are marked ``skip`` or ``xfail``: they notice nothing.
    left_out: list[str] = field(default_factory=list)
    #: ``sha256:`` of all scenarios, in order.
    hash: str = ""


def load_trials(suite: Suite, pack: Pack, files: Iterable[tuple[str, str]]) -> Trials:
    """The scenarios of ``files`` (path, and how it is shown) that run on ``pack``; its hooks are called for real.

    Raises DocumentError for a file that cannot be used, and where a scenario does not pass on the pack as it is: its
    verdict would say nothing of a mutant. ProfileError, DamageError like loading.
    """
    process = Process.of(pack)
    rules = process.rules()
    trials, digest = Trials(), Digest()
    failing: list[Problem] = []
    remembered: dict[int, HookRuntime] = {}
    for path, name in files:
        for loaded in suite.load(suite.read(path, name)):
            subject = suite.subject(loaded, name)
            if subject.pack.behaviour_hash != pack.behaviour_hash:
                continue
            for prepared in loaded.rows:
                item = f"{name}::{prepared.name}"
                digest.add(f"{item} {prepared.hash}\n".encode())
                if loaded.scenario.skip is not None or loaded.scenario.xfail is not None:
                    trials.left_out.append(item)
                    continue
                hooks = subject.hooks
                if hooks is not None:
                    hooks = remembered.setdefault(id(hooks), RememberedHooks(hooks))
                trial = Trial(item, make_case(prepared, subject, name), prepared.references, frozenset(), hooks)
                outcome = trial.run(rules)
                if outcome.verdict == "passed":
                    trials.passing.append(replace(trial, actions=actions_of(outcome)))
                else:
                    failing.append(_failing(name, prepared.line, trial.case, outcome.verdict))
    if failing:
        more = len(failing) - _MOST_NAMED
        said = failing[:_MOST_NAMED]
        if more > 0:
            said.append(Problem("mutate.failing", Place(pack.where or "."), f"{more} scenarios more"))
        raise DocumentError(said)
    trials.hash = digest.ref
    return trials


def _failing(file: str, line: int, case: Case, verdict: str) -> Problem:
    message = f"the scenario {shown(case.scenario.id, 80)} does not pass on the pack as it is ({verdict})"
    hint = "a mutant is noticed by a scenario that passes without it; run fluxrig scenario run first"
    return Problem("mutate.failing", Place(file, line), message, hint)
