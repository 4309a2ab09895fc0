"""What stands beside the run in a packet: the mutants of the pack, and which of them its scenarios notice."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.errors import DamageError, FluxError
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.cli.project.suites import make_suite
from pytest_fluxscenario.cli.review.reviewed import ReviewedPack
from pytest_fluxscenario.model.mutants import MutationReport

if TYPE_CHECKING:
    from pytest_fluxscenario.analysis.mutation.trials import Document
    from pytest_fluxscenario.runner.suite import Suite


def mutants_for_review(reviewed: ReviewedPack, workers: int, outputs: Outputs) -> MutationReport | str:
    """What the pack's scenarios notice of its mutants, or why none were tried.

    Raises DamageError of a store that does not give what it promised, KeyboardInterrupt.
    """
    from pytest_fluxscenario.analysis.mutation.hunt import Hunt
    from pytest_fluxscenario.analysis.mutation.operators import mutants_of
    from pytest_fluxscenario.analysis.mutation.process import Process
    from pytest_fluxscenario.analysis.mutation.report import report_of
    from pytest_fluxscenario.analysis.mutation.trials import load_trials
    from pytest_fluxscenario.analysis.mutation.workers import hunt_in

    pack = reviewed.pack
    if pack is None:
        return "the pack cannot be used"
    suite, progress = make_suite(reviewed.settings, reviewed.store), Progress(outputs.err)
    try:
        trials = load_trials(suite, pack, _documents(reviewed, suite), workers=workers)
        trials.check(pack.where)
        if not trials.passing:
            return "no scenario of the pack runs on it"
        process = Process.of(pack)
        mutants = mutants_of(process)
        results = []
        for number, result in enumerate(hunt_in(workers, Hunt(process, trials.passing, suite.close), mutants), 1):
            results.append(result)
            progress.tell(f"{number} of {plural(len(mutants), 'mutant')}")
    except DamageError:
        raise
    except FluxError as error:
        problem = error.problems[0]
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        return f"{problem.place}: {problem.message}{more}"
    finally:
        progress.end()
        suite.close()
    return report_of(pack, reviewed.checked.draft, trials, results)


def _documents(reviewed: ReviewedPack, suite: Suite) -> list[Document]:
    from pytest_fluxscenario.analysis.mutation.trials import Document

    return [
        Document(one.name, partial(suite.read, one.path, one.name) if one.loose is None else one.loose.read, one.loose)
        for one in reviewed.chosen
    ]
