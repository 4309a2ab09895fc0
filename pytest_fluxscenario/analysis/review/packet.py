"""The packet, gathered once from a pack, its run, its mutants and the version before; every form is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import msgspec

from pytest_fluxscenario.analysis.pack_check import Checked, report_of
from pytest_fluxscenario.analysis.review.against import verdict_of
from pytest_fluxscenario.analysis.review.evidence import Reviewed, Run, read_run
from pytest_fluxscenario.analysis.review.goals import coverage_of
from pytest_fluxscenario.analysis.review.hooks import callers_of, code_hash, hooks_of, runtime_of
from pytest_fluxscenario.analysis.review.redaction import redacted
from pytest_fluxscenario.analysis.review.risks import risks_of_rules
from pytest_fluxscenario.analysis.review.rules import rules_of
from pytest_fluxscenario.analysis.review.sources import sources_of
from pytest_fluxscenario.analysis.review.suite import own_scenarios
from pytest_fluxscenario.analysis.review.unshown import (
    risks_of_comparison,
    risks_of_documents,
    risks_of_proof,
    risks_of_run,
    risks_of_suite,
)
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.mutants import MutationReport
from pytest_fluxscenario.model.proof import ProofReport
from pytest_fluxscenario.model.review import (
    ComparisonView,
    DocumentView,
    MutantsView,
    Packet,
    PackView,
    ProofView,
)
from pytest_fluxscenario.model.review_rules import RulesView
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.reading.whole import Whole
from pytest_fluxscenario.packs.stages import Draft


@dataclass(frozen=True, slots=True)
class RunFrom:
    """Where the evidence of the run lies."""

    folder: str
    #: How the packet calls the folder.
    name: str
    #: Whether it has just been written, of nothing but the scenarios of the pack.
    fresh: bool


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that a packet is made of."""

    tool: str
    checked: Checked
    #: None where the pack has errors.
    pack: Pack | None
    #: 64 hex digits of all files as the store would file them; empty where they cannot be filed.
    tree_hash: str
    #: The run, or why there is none.
    run: RunFrom | str
    #: The mutants, or why none were tried.
    mutants: MutationReport | str
    #: The proof, or why none was tried.
    proof: ProofReport | str
    comparison: ComparisonView
    redactor: Redactor


def packet_of(sources: Sources) -> Packet:
    """The packet, with every secret masked.

    Raises UsageError for evidence of another state of the pack, DocumentError where there is no evidence, DamageError
    where it, or a store, is damaged.
    """
    checked, pack = sources.checked, sources.pack
    report = report_of(checked, "")
    about = _about(sources)
    run = None if pack is None else _run(sources, pack)
    rules = _rules(checked.draft, pack, run)
    classes = tuple(one for one in report.classes if one.asked or one.scenarios)
    mutants = _mutants(sources.mutants)
    proof = ProofView(sources.proof) if isinstance(sources.proof, str) else ProofView("", sources.proof)
    no_run = sources.run if isinstance(sources.run, str) else ""
    coverage = coverage_of(checked.draft, run.coverage) if run is not None else ()
    view = None if run is None else run.view
    risks = (
        risks_of_comparison(sources.comparison),
        () if rules is None else risks_of_rules(rules),
        () if rules is None or view is None else risks_of_run(view, rules),
        risks_of_suite(coverage, classes, mutants, report.diagnostics),
        risks_of_proof(proof),
        risks_of_documents(about),
    )
    packet = Packet(
        tool=sources.tool,
        pack=about,
        verdict=verdict_of(report.diagnostics, classes, view, no_run, mutants, proof),
        rules=rules,
        findings=report.diagnostics,
        classes=classes,
        run=view,
        no_run=no_run,
        coverage=coverage,
        mutants=mutants,
        proof=proof,
        comparison=sources.comparison,
        risks=tuple(chain.from_iterable(risks)),
    )
    return redacted(packet, sources.redactor)


def _run(sources: Sources, pack: Pack) -> Run | None:
    where = sources.run
    if isinstance(where, str):
        return None
    mask = sources.redactor.text
    own = {mask(name): one for name, one in own_scenarios(sources.checked.draft.files).items()}
    reviewed = Reviewed(pack.profile.id, pack.profile.version, pack.profile_hash, code_hash(pack.code), own, mask)
    return read_run(where.folder, where.name, reviewed, fresh=where.fresh)


def _rules(draft: Draft, pack: Pack | None, run: Run | None) -> RulesView | None:
    if draft.profile is None:
        return None
    whole = Whole(draft.profile, draft.hooks, draft.manifest)
    rules = rules_of(whole, callers_of(draft.hooks))
    if draft.hooks is None:
        return rules
    runtime = runtime_of(draft.hooks, pack.code if pack is not None else {})
    return msgspec.structs.replace(rules, runtime=runtime, hooks=hooks_of(whole, run.calls if run is not None else {}))


def _about(sources: Sources) -> PackView:
    draft, pack = sources.checked.draft, sources.pack
    manifest = draft.manifest.manifest if draft.manifest else None
    process = manifest.process if manifest else None
    profile = draft.profile.profile if draft.profile else None
    said = process or profile
    return PackView(
        id=said.id if said else "",
        version=said.version if said else "",
        name=process.display_name if process else "",
        description=process.description if process else "",
        purpose=profile.purpose if profile else "",
        where=draft.files.where or ".",
        origin=pack.origin if pack else "",
        profile_api=process.profile_api if process else "",
        logic_api=process.logic_api if process else "",
        status=manifest.package.mvp_status if manifest else "",
        executed=draft.profile.document.source.name if draft.profile else "",
        tree_hash=f"sha256:{sources.tree_hash}" if sources.tree_hash else "",
        profile_hash=pack.profile_hash if pack else "",
        behaviour_hash=pack.behaviour_hash if pack else "",
        docs_hash=profile.docs_hash or "" if profile else "",
        documents=tuple(_documents(draft)),
        sources=sources_of(draft, pack),
    )


def _documents(draft: Draft) -> Iterator[DocumentView]:
    if draft.manifest is None:
        return
    docs, process = draft.manifest.manifest.docs, draft.manifest.manifest.process
    required = docs.required if isinstance(docs.required, tuple) else ()
    for path in dict.fromkeys((docs.trusted_source, *required, process.skill_path or "")):
        if path:
            yield DocumentView(path, _hash(draft, path), path == docs.trusted_source)


def _hash(draft: Draft, path: str) -> str:
    """``sha256:`` of a file of the pack; empty where there is none to read."""
    if draft.files.fault(path):
        return ""
    try:
        return f"sha256:{draft.files.digest(path)}"
    except FluxError as error:
        if error.exit_status == 3:
            raise
        return ""


def _mutants(report: MutationReport | str) -> MutantsView:
    if isinstance(report, str):
        return MutantsView(report)
    survivors = tuple(one for one in report.mutants if one.fate == "survived")
    return MutantsView("", report.score, report.gates, survivors, report.left_out)
