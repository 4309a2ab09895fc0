"""What stands beside the run in a packet: the mutants of the pack, and the version of it before."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from pytest_fluxscenario.analysis.review.changes import changes_of
from pytest_fluxscenario.base.errors import DamageError, FluxError
from pytest_fluxscenario.base.names import TagRef, tag_order
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.cli.review.reviewed import ReviewedPack
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.model.flips import StepAnswer
from pytest_fluxscenario.model.mutants import MutationReport
from pytest_fluxscenario.model.proof import ProofReport
from pytest_fluxscenario.model.review import ComparisonView, FlipView
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.runner.suite import Suite
from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.make import Runtimes

if TYPE_CHECKING:
    from pytest_fluxscenario.packs.pack import Pack

#: States, seconds and steps after which a proof is given up.
_BOUNDS: Final = (20_000, 60.0, 1_000)


def suite_of(reviewed: ReviewedPack) -> Suite:
    """What runs scenarios beside the run that leaves evidence; whoever asks closes it."""
    settings = reviewed.settings
    limits = Limits.parse(settings.limits)
    runtimes = Runtimes(HookSettings.of(os.environ, settings.hook_env))
    return Suite(settings.root, Resolver(settings.root, reviewed.store, limits), limits, runtimes=runtimes)


def mutants_for_review(reviewed: ReviewedPack, workers: int, outputs: Outputs) -> MutationReport | str:
    """What the pack's scenarios notice of its mutants, or why none were tried.

    Raises DamageError of a store that does not give what it promised, KeyboardInterrupt.
    """
    from pytest_fluxscenario.analysis.mutation.hunt import Hunt
    from pytest_fluxscenario.analysis.mutation.operators import mutants_of
    from pytest_fluxscenario.analysis.mutation.process import Process
    from pytest_fluxscenario.analysis.mutation.report import report_of
    from pytest_fluxscenario.analysis.mutation.trials import Document, load_trials
    from pytest_fluxscenario.analysis.mutation.workers import hunt_in

    pack = reviewed.pack
    if pack is None:
        return "the pack cannot be used"
    suite, progress = suite_of(reviewed), Progress(outputs.err)
    documents = [
        Document(one.name, partial(suite.read, one.path, one.name) if one.loose is None else one.loose.read, one.loose)
        for one in reviewed.chosen
    ]
    try:
        trials = load_trials(suite, pack, documents, workers=workers)
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


def proof_for_review(reviewed: ReviewedPack, outputs: Outputs) -> ProofReport | str:
    """What holds in every state of the rules, whatever hooks say, or why nothing was proved. Raises DamageError."""
    from pytest_fluxscenario.analysis.mutation.process import Process
    from pytest_fluxscenario.analysis.proof.counterexample import counterexample_of
    from pytest_fluxscenario.analysis.proof.prove import prove
    from pytest_fluxscenario.analysis.proof.report import report_of
    from pytest_fluxscenario.analysis.space.examples import read_examples
    from pytest_fluxscenario.analysis.space.explore import Bounds, Explorer
    from pytest_fluxscenario.analysis.space.space import space_of

    pack, progress = reviewed.pack, Progress(outputs.err)
    if pack is None or pack.files is None:
        return "the pack cannot be used"
    try:
        examples = read_examples(pack.files)
        space = space_of(Process.of(pack).rules(), examples, dict(pack.schemas))
        told = partial(_tell_states, progress)
        proof = prove(Explorer(space, Bounds(*_BOUNDS), told))
        found = {name: counterexample_of(space, finding) for name, finding in proof.findings.found.items()}
    except DamageError:
        raise
    except FluxError as error:
        return f"{error.problems[0].place}: {error.problems[0].message}"
    finally:
        progress.end()
    return report_of(proof, found, {}, examples.unread)


def _tell_states(progress: Progress, seen: int, waiting: int) -> None:
    progress.tell(f"{plural(seen, 'state')} seen, {waiting} waiting")


def compare_for_review(reviewed: ReviewedPack) -> ComparisonView:
    """The pack beside the last other version of it in the store. Raises DamageError."""
    pack, store = reviewed.pack, reviewed.store
    if pack is None:
        return ComparisonView("the pack cannot be used")
    if store is None:
        return ComparisonView("there is no store")
    tags = store.index.names.get("profiles", {}).get(pack.profile.id, {})
    others = [tag for tag, digest in tags.items() if digest != reviewed.tree_hash]
    if not others:
        said = "no version of it" if not tags else "no other version of it"
        return ComparisonView(f"there is {said} in the store ({store.name})")
    ref = TagRef(pack.profile.id, max(others, key=tag_order))
    suite = suite_of(reviewed)
    try:
        old = suite.resolver.packs.from_store(ref)
        return _compared(suite, str(ref), old, reviewed, pack)
    except DamageError:
        raise
    except FluxError as error:
        return ComparisonView(f"{ref} cannot be used: {error.problems[0]}")
    finally:
        suite.close()


def _compared(suite: Suite, ref: str, old: Pack, reviewed: ReviewedPack, new: Pack) -> ComparisonView:
    """Rules and answers of two versions; without the answers, and a note, where scenarios cannot be compared."""
    from pytest_fluxscenario.analysis.flips import find_flips

    changes = changes_of(old.profile, new.profile)
    same = old.behaviour_hash == new.behaviour_hash
    view = ComparisonView("", ref, old.profile_hash, same, changes)
    try:
        found = find_flips(suite, (ref, old), (reviewed.checked.draft.files.where or ".", new))
    except DamageError:
        raise
    except FluxError as error:
        return replace(view, notes=(f"the answers were not compared: {error.problems[0]}",))
    flips = tuple(
        FlipView(
            step.direction,
            scenario.id,
            f"{scenario.file}:{step.line}",
            f"{scenario.id.rpartition('::')[2]}, step {step.index} '{step.name}'",
            _answer(step.old),
            _answer(step.new),
        )
        for scenario in found.scenarios
        for step in scenario.steps
    )
    order = {"loosened": 0, "tightened": 1, "changed": 2}
    notes = tuple(f"not compared: {one.id} {one.why}" for one in found.left_out)
    return replace(
        view,
        flips=tuple(sorted(flips, key=lambda one: order[one.direction])),
        scenarios=found.counts.scenarios,
        notes=notes,
    )


def _answer(answer: StepAnswer) -> str:
    return f"{answer.text}: {answer.fault}" if answer.fault else answer.text
