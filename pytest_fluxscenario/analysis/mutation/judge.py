"""One pack of the working tree judged by scenarios that are given: all of a hunt in one call, in this process."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_fluxscenario.analysis.mutation.hunt import Hunt
from pytest_fluxscenario.analysis.mutation.operators import mutants_of
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.report import report_of
from pytest_fluxscenario.analysis.mutation.trials import Document, load_trials
from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.model.mutants import MutationReport
from pytest_fluxscenario.packs.opening import open_pack
from pytest_fluxscenario.packs.stages import read_pack
from pytest_fluxscenario.runner.run import RunSettings
from pytest_fluxscenario.runner.suite import Suite


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found."""

    #: None where no scenario passes on the pack as it is.
    report: MutationReport | None
    #: Scenarios that were looked at, and those of them that do not pass here.
    tried: int
    failing: int


def judge(suite: Suite, where: str, documents: Iterable[Document], settings: RunSettings | None = None) -> Judgement:
    """What the scenarios of ``documents`` notice of the mutants of the pack in the folder ``where``, below the root.

    A scenario that does not pass on the built-in control is left out and counted. Raises ProfileError, DocumentError
    and DamageError like loading.
    """
    folder = os.path.normpath(os.path.join(suite.root, where))
    files = open_pack(folder, "" if where == "." else where, suite.limits)
    draft = read_pack(files)
    if draft.errors:
        raise ProfileError(draft.errors)
    pack = suite.resolver.packs.from_folder(folder)
    trials = load_trials(suite, pack, documents, settings=settings)
    tried = len(trials.passing) + len(trials.failing) + len(trials.left_out)
    if not trials.passing:
        return Judgement(None, tried, len(trials.failing))
    process = Process.of(pack)
    hunt = Hunt(process, trials.passing, suite.close)
    results = list(hunt.try_all(mutants_of(process)))
    return Judgement(report_of(pack, draft, trials, results), tried, len(trials.failing))
