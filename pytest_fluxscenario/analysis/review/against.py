"""What stands against an approval: everything that makes a pack unproved, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_fluxscenario.analysis.review.words import counted, every_one
from pytest_fluxscenario.model.report import ClassReport, Diagnostic
from pytest_fluxscenario.model.review import MutantsView, ProofView, RunView, VerdictView

#: Outcomes of scenarios that prove nothing, with what is said of them; ``passed`` is the only other one.
_OUTCOMES = (
    ("failed", "failed"),
    ("error", "ended without a verdict"),
    ("crashed", "crashed"),
    ("xfailed", "failed as its mark xfail expects", "failed as their mark xfail expects"),
    ("skipped", "was skipped", "were skipped"),
    ("not_run", "did not run"),
)


def verdict_of(
    findings: Sequence[Diagnostic],
    classes: Sequence[ClassReport],
    run: RunView | None,
    no_run: str,
    mutants: MutantsView,
    proof: ProofView,
) -> VerdictView:
    """Whether nothing stands against an approval, and else what does, the worst first."""
    against = (*_against(findings, classes, run, no_run, mutants), *_of_proof(proof))
    return VerdictView(not against, against)


def _against(
    findings: Sequence[Diagnostic],
    classes: Sequence[ClassReport],
    run: RunView | None,
    no_run: str,
    mutants: MutantsView,
) -> Iterator[str]:
    errors = sum(one.severity == "error" for one in findings)
    if errors:
        yield f"the pack check finds {counted(errors, 'error')}"
    if run is None:
        yield f"no scenario ran: {no_run}"
    else:
        yield from _of_run(run)
    missing = [one.name for one in classes if one.asked and not one.scenarios]
    if missing:
        noun = "class" if len(missing) == 1 else "classes"
        yield f"no scenario is of the {noun} {every_one(missing)}"
    if mutants.not_tried:
        yield f"mutants were not tried: {mutants.not_tried}"
    elif mutants.score is None or not mutants.score.killed + mutants.score.survived:
        yield "there was no mutant to notice"
    elif mutants.survivors:
        yield f"{counted(len(mutants.survivors), 'mutant')} survived: rules that could be lost without a test failing"


def _of_proof(proof: ProofView) -> Iterator[str]:
    for one in proof.report.properties if proof.report is not None else ():
        if one.verdict == "refuted" and one.id == "dead-ends":
            yield f"the rules have a dead end: it is refuted that {one.says}"
        elif one.verdict == "refuted":
            yield f"the rules allow what they must not: it is refuted that {one.says}"


def _of_run(run: RunView) -> Iterator[str]:
    told = False
    for outcome, one, *many in _OUTCOMES:
        count = run.counts.get(outcome, 0)
        if count:
            told = True
            yield f"{counted(count, 'scenario')} {many[0] if many and count > 1 else one}"
    # A note on what passed says that it did so against its mark xfail: what fails, by the word of its writer.
    against = sum(one.outcome == "passed" and bool(one.note) for one in run.scenarios)
    if against:
        told = True
        yield f"{counted(against, 'scenario')} passed against {'its' if against == 1 else 'their'} mark xfail"
    if run.errors:
        told = True
        yield f"{counted(len(run.errors), 'file')} of the run could not be used"
    if not run.scenarios:
        yield "no scenario ran"
    elif not told and run.verdict != "passed":
        yield f"the run whose evidence this is {'failed' if run.verdict == 'failed' else 'is incomplete'}"
