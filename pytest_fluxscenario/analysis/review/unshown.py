"""Known risks, continued: what the scenarios do not show, and what the packet cannot know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_fluxscenario.analysis.review.words import counted, duration
from pytest_fluxscenario.model.report import ClassReport, Diagnostic
from pytest_fluxscenario.model.review import (
    ComparisonView,
    CoverageView,
    MutantsView,
    PackView,
    ProofView,
    RiskView,
    RunView,
)
from pytest_fluxscenario.model.review_rules import RulesView


def risks_of_comparison(comparison: ComparisonView) -> Iterator[RiskView]:
    """What became easier than it was."""
    for flip in comparison.flips or ():
        if flip.direction == "loosened":
            what = f"{flip.step}: {flip.before} in {comparison.ref}, {flip.after} now"
            yield RiskView("loosened", flip.where, what, "a request that was stopped is allowed")


def risks_of_run(run: RunView, rules: RulesView) -> Iterator[RiskView]:
    """What the run leaves open."""
    for one in run.scenarios:
        if one.outcome in ("skipped", "xfailed", "not_run"):
            note = f": {one.note}" if one.note else ""
            said = {"skipped": "was skipped", "xfailed": "fails, as expected", "not_run": "did not run"}[one.outcome]
            yield RiskView("not-shown", one.where, f"{one.id} {said}{note}", "it proves nothing as it is")
        elif one.note:
            yield RiskView("not-shown", one.where, f"{one.id}: {one.note}", "its mark says otherwise")
    if run.redactions:
        total = sum(run.redactions.values())
        what = f"{counted(total, 'value')} of the evidence {'is' if total == 1 else 'are'} redacted"
        yield RiskView("redacted", run.folder, what, "what stood there cannot be reviewed")
    if not run.fresh:
        what = "the scenarios were not run for this packet"
        why = (
            "evidence names rules, scenarios and code of hooks by their hashes; schemas, requirements, and the control "
        )
        why += "that answered, it does not name"
        yield RiskView("earlier-run", run.folder, what, why)
    for kind in rules.types if run.fresh else ():
        if kind.expires_after is not None:
            what = f"no scenario shows that a record of {kind.id} expires after {duration(kind.expires_after)}"
            yield RiskView("expiry-not-shown", kind.where, what, "in a scenario time stands still")


def risks_of_suite(
    coverage: Sequence[CoverageView],
    classes: Sequence[ClassReport],
    mutants: MutantsView,
    findings: Sequence[Diagnostic],
) -> Iterator[RiskView]:
    """What the scenarios would not notice, never showed or should show, and what the pack check warns of."""
    for mutant in mutants.survivors:
        where = f"{mutant.file}:{mutant.line}" if mutant.line else mutant.file
        yield RiskView("survivor", where, f"no scenario notices when {mutant.what}", f"would notice: {mutant.why}")
    for kind in coverage:
        for goal in kind.missing:
            yield RiskView("not-covered", goal.where, f"{kind.kind}: {goal.name}", "no scenario of the run shows it")
    for one in classes:
        if one.asked and not one.scenarios:
            yield RiskView("missing-class", "", f"no scenario is of the class {one.name}", "each pack should have one")
    for found in findings:
        if found.severity == "warning" and found.code != "pack.missing-class":
            where = f"{found.file}:{found.line}" if found.line else found.file
            yield RiskView("warning", where, f"{found.code}: {found.message}", found.hint or "pack check warns of it")


def risks_of_proof(proof: ProofView) -> Iterator[RiskView]:
    """What was not proved, and what the proof found that nobody meets."""
    report = proof.report
    if report is None:
        yield RiskView("not-proved", "", "no property of the rules was proved", proof.not_tried)
        return
    for gap in report.gaps:
        yield RiskView("not-proved", "", "not every state was looked at", gap)
    for gate in report.silent_gates:
        yield RiskView("never-met", "", f"no request meets the gate {gate}", "it protects nothing")
    for action in report.closed_actions:
        yield RiskView("never-met", "", f"nothing ever allows the action {action}", "in no state that can be reached")


def risks_of_documents(pack: PackView) -> Iterator[RiskView]:
    """Documents that are not what the rules were made from."""
    trusted = [one for one in pack.documents if one.trusted]
    if pack.docs_hash and all(one.hash != pack.docs_hash for one in pack.documents):
        what = f"docs_hash {pack.docs_hash} is that of no document of the pack"
        yield RiskView("other-documents", pack.executed, what, "the rules were made from other documents than these")
    for one in trusted:
        if not one.hash:
            what = f"the trusted source {one.path} is no file of the pack"
            yield RiskView("source-elsewhere", pack.executed, what, "what the rules should say cannot be read here")
    if not trusted:
        what = "the manifest names no trusted source"
        yield RiskView("source-elsewhere", pack.executed, what, "what the rules should say is not said")
