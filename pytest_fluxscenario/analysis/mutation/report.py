"""A hunt as a document: each mutant at its place, and the scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

from pytest_fluxscenario.analysis.mutation.hunt import Verdict
from pytest_fluxscenario.analysis.mutation.matrix import Part, matrix_of
from pytest_fluxscenario.analysis.mutation.mutant import Mutant
from pytest_fluxscenario.analysis.mutation.score import Score, score
from pytest_fluxscenario.analysis.mutation.trials import Trials
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.model.mutants import MutantReport, MutantScore, MutationReport, ScenarioReport
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.stages import Draft


def report_of(
    pack: Pack, draft: Draft, trials: Trials, results: Sequence[tuple[Mutant, Verdict]], *, every: bool = False
) -> MutationReport:
    """The report; ``draft`` is what ``pack`` was read from, for the places.

    ``every`` says that each scenario was tried on each mutant.
    """
    profile = pack.profile
    names = [trial.id for trial in trials.passing]
    matrix = matrix_of(results, [trial.reached for trial in trials.passing]) if every else None
    scores = score(results, {at: gate.id for at, gate in enumerate(profile.gates)})
    return MutationReport(
        process_id=profile.id,
        process_version=profile.version,
        profile_hash=pack.profile_hash,
        suite_hash=trials.hash,
        scenarios=len(trials.passing),
        left_out=tuple(trials.left_out),
        score=_score(scores.pack),
        gates={gate: _score(one) for gate, one in scores.gates.items()},
        operators={operator: _score(one) for operator, one in scores.operators.items()},
        mutants=tuple(_mutant(mutant, verdict, draft, names) for mutant, verdict in results),
        suite=tuple(map(_part, names, matrix.parts, repeat(names))) if matrix else (),
        smallest=tuple(names[at] for at in matrix.smallest) if matrix else (),
    )


def place_of(pointer: Pointer, draft: Draft) -> Place:
    """Where the files of a pack say what stands at ``pointer`` in the normalised profile, or in its hooks."""
    if pointer and pointer[0] == "hooks":
        return draft.hooks.document.at(pointer) if draft.hooks is not None else Place(draft.files.where or ".")
    return draft.profile.at(*pointer) if draft.profile is not None else Place(draft.files.where or ".")


def _part(name: str, part: Part, names: Sequence[str]) -> ScenarioReport:
    return ScenarioReport(
        id=name,
        notices=part.notices,
        reaches=part.reaches,
        alone=part.alone,
        redundant=not part.alone,
        instead=tuple(names[at] for at in part.instead),
    )


def _mutant(mutant: Mutant, verdict: Verdict, draft: Draft, names: Sequence[str]) -> MutantReport:
    place = place_of(mutant.pointer, draft)
    why = {"survived": mutant.catch, "equivalent": mutant.equivalent}.get(verdict.fate, "")
    return MutantReport(
        id=mutant.id,
        operator=mutant.operator,
        file=place.file,
        line=place.line,
        column=place.column,
        what=mutant.what,
        before=mutant.before,
        after=mutant.after,
        fate=verdict.fate,
        by=verdict.by,
        runs=verdict.runs,
        noticed_by=tuple(names[at] for at in verdict.all),
        near=verdict.near if verdict.fate == "survived" else (),
        why=why,
    )


def _score(one: Score) -> MutantScore:
    return MutantScore(one.killed, one.survived, one.equivalent, round(one.percent, 2))
