"""The review packet: what a reviewer needs to decide on a pack, in one value."""

from __future__ import annotations

from msgspec import Struct

from pytest_fluxscenario.model.mutants import MutantReport, MutantScore
from pytest_fluxscenario.model.proof import ProofReport
from pytest_fluxscenario.model.report import ClassReport, Diagnostic
from pytest_fluxscenario.model.review_rules import RulesView

REVIEW_SCHEMA = "flux.review.v1"


class DocumentView(Struct, frozen=True, forbid_unknown_fields=True):
    """A document that the pack was made from, or that speaks of it."""

    path: str
    #: ``sha256:`` of its bytes; empty where the pack has no such file.
    hash: str
    #: Whether the manifest trusts it as the source of the rules.
    trusted: bool


class SourceView(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the pack that a reviewer has to read."""

    path: str
    #: ``sha256:`` of its bytes.
    hash: str
    #: Its text; empty where it is none, or too long.
    text: str
    #: Why it has no text here; empty where it has.
    left_out: str = ""


class PackView(Struct, frozen=True, forbid_unknown_fields=True):
    """What is reviewed."""

    id: str
    version: str
    name: str
    description: str
    purpose: str
    #: Where it was read from: a folder relative to the root, an archive, a place in the store.
    where: str
    #: ``tree`` or ``store``.
    origin: str
    profile_api: str
    logic_api: str
    #: ``mvp_status`` of the manifest.
    status: str
    #: The file whose rules are executed.
    executed: str
    #: ``sha256:``; of all files as the store would file them, of the rules, and of everything that can decide.
    tree_hash: str
    profile_hash: str
    behaviour_hash: str
    #: What a generated pack says of the documents that it was made from; empty where it says nothing.
    docs_hash: str
    documents: tuple[DocumentView, ...]
    #: The text of the trusted document, of the code of hooks, and of the schemas of artifacts.
    sources: tuple[SourceView, ...]


class StepView(Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a scenario, as it ran."""

    name: str
    #: What was asked for, or the approval that was given.
    action: str
    actor: str
    payload: str
    #: The idempotency key; empty where it has none.
    key: str
    #: Status, route and gate; empty where there was no answer.
    answer: str
    verdict: str
    #: What differed from what was expected, or why there is no verdict.
    differs: tuple[str, ...]


class ScenarioView(Struct, frozen=True, forbid_unknown_fields=True):
    """One scenario, or row of one, and what became of it."""

    id: str
    #: ``file:line`` where it is one of the pack.
    where: str
    classes: tuple[str, ...]
    description: str
    #: What its run starts with, and which hooks fail on purpose.
    begins: tuple[str, ...]
    outcome: str
    note: str
    #: The ref of its record; empty where it has none.
    ref: str
    hash: str
    steps: tuple[StepView, ...]


class RunView(Struct, frozen=True, forbid_unknown_fields=True):
    """The run whose evidence the packet relies on."""

    verdict: str
    #: The root hash over all its records.
    root: str
    folder: str
    started: str
    tool: str
    #: Whether the scenarios were run for this packet, or the evidence was there before and was verified.
    fresh: bool
    counts: dict[str, int]
    scenarios: tuple[ScenarioView, ...]
    #: Scenarios of the same evidence that ran on other profiles.
    elsewhere: int
    #: Files that could not be used, and faults of the session.
    errors: tuple[str, ...]
    #: Pattern or variable to how often it was redacted in the evidence.
    redactions: dict[str, int]


class MissingView(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that no scenario of the run has shown."""

    name: str
    where: str


class CoverageView(Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of thing that scenarios can show."""

    kind: str
    covered: int
    total: int
    missing: tuple[MissingView, ...]


class MutantsView(Struct, frozen=True, forbid_unknown_fields=True):
    """What the scenarios would notice, were the rules weaker."""

    #: Why none were tried; empty where they were.
    not_tried: str
    score: MutantScore | None = None
    gates: dict[str, MutantScore] = {}
    survivors: tuple[MutantReport, ...] = ()
    #: Scenarios that are marked ``skip`` or ``xfail``, and so noticed nothing.
    left_out: tuple[str, ...] = ()


class ProofView(Struct, frozen=True, forbid_unknown_fields=True):
    """What holds in every state that the rules can tell apart."""

    #: Why nothing was proved; empty where it was tried.
    not_tried: str
    report: ProofReport | None = None


class ChangeView(Struct, frozen=True, forbid_unknown_fields=True):
    """One part of the rules that is not as it was."""

    #: ``added``, ``removed`` or ``changed``.
    kind: str
    #: ``action``, ``gate``, ``artifact type`` or ``profile``, and its name.
    part: str
    name: str
    said: str


class FlipView(Struct, frozen=True, forbid_unknown_fields=True):
    """One step that is answered otherwise than by the version before."""

    #: ``loosened``: stopped before, allowed now. ``tightened``: the other way. ``changed``: anything else.
    direction: str
    scenario: str
    where: str
    step: str
    before: str
    after: str


class ComparisonView(Struct, frozen=True, forbid_unknown_fields=True):
    """The pack beside the last version of it that the store has."""

    #: Why there is none; empty where it was compared.
    not_compared: str
    ref: str = ""
    profile_hash: str = ""
    #: Whether nothing that can decide differs: rules, requirements, hooks with their code, schemas.
    same: bool = False
    changes: tuple[ChangeView, ...] = ()
    #: Null where the answers were not compared.
    flips: tuple[FlipView, ...] | None = None
    #: How many scenarios were run on both.
    scenarios: int = 0
    #: Why the answers were not compared, or what of them was not.
    notes: tuple[str, ...] = ()


class RiskView(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a reader of the rules should look at."""

    #: Stable, for scripts.
    kind: str
    where: str
    what: str
    #: Why it is worth a look.
    why: str


class VerdictView(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands against an approval."""

    #: Whether nothing does. Whether to approve is the reviewer's to say.
    ready: bool
    against: tuple[str, ...]


class Packet(Struct, frozen=True, forbid_unknown_fields=True):
    """What ``fluxrig review --json`` prints, and what the Markdown and the page are made of."""

    tool: str
    pack: PackView
    verdict: VerdictView
    #: Null where the rules could not be read.
    rules: RulesView | None
    #: What ``pack check`` finds.
    findings: tuple[Diagnostic, ...]
    classes: tuple[ClassReport, ...]
    #: Null where nothing could run; ``no_run`` says why.
    run: RunView | None
    no_run: str
    coverage: tuple[CoverageView, ...]
    mutants: MutantsView
    proof: ProofView
    comparison: ComparisonView
    risks: tuple[RiskView, ...]
    #: How many values were redacted in the packet itself.
    redactions: dict[str, int] = {}
    schema: str = REVIEW_SCHEMA
