"""Evidence: what a run records, for a reviewer to approve on (evidence.md; seed: Scenario Runner Requirements)."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from pytest_fluxscenario.model.request import Approval, Environment, Request
from pytest_fluxscenario.model.response import HookCallRecord, Materialization, Response
from pytest_fluxscenario.model.scenario import Expectation

#: Of a step, and of a scenario. ``error``: no verdict was possible. ``skipped``: the step was not reached.
Verdict = Literal["passed", "failed", "error", "skipped"]
#: What became of a collected scenario.
ScenarioOutcome = Literal["passed", "failed", "error", "skipped", "xfailed", "crashed", "not_run"]
RunVerdict = Literal["passed", "failed", "incomplete"]

RECORD_SCHEMA = "flux.evidence.record.v1"
MANIFEST_SCHEMA = "flux.evidence.manifest.v1"


class Mismatch(Struct, frozen=True):
    """One expected field that came back otherwise."""

    field: str
    expected: Any
    #: Left out where the answer has no such field.
    actual: Any = UNSET


class StepResult(Struct, frozen=True, omit_defaults=True):
    """One step: what was sent, what came back, what was expected."""

    #: 1-based.
    index: int
    name: str
    verdict: Verdict
    request: Request | UnsetType = UNSET
    approval: Approval | UnsetType = UNSET
    response: Response | UnsetType = UNSET
    expectation: Expectation | UnsetType = UNSET
    mismatches: tuple[Mismatch, ...] = ()
    #: Why there is no verdict.
    fault: str | UnsetType = UNSET


class ScenarioRef(Struct, frozen=True, omit_defaults=True):
    """Which scenario ran."""

    id: str
    #: ``sha256:`` of the canonical JSON of the scenario as it is written, before parameters are put in.
    hash: str
    #: Relative to the root, with forward slashes; of a scenario in the store its ref, and its path in a suite or pack.
    file: str
    #: The parameter row, as in the item's name.
    row: str | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET


class ProfileRef(Struct, frozen=True, omit_defaults=True):
    """Which profile decided, and where it came from."""

    id: str
    version: str
    #: ``sha256:`` of the canonical core form.
    hash: str
    #: ``tree`` or ``store``.
    origin: str
    #: The pack's folder relative to the root, or its ref in the store.
    source: str


class Artifacts(Struct, frozen=True):
    """Artifacts over all steps."""

    created: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class HookSummary(Struct, frozen=True):
    """Hook calls over all steps."""

    calls: tuple[HookCallRecord, ...] = ()
    failures: tuple[HookCallRecord, ...] = ()


class SpecRef(Struct, frozen=True):
    """A spec that payloads were held against."""

    ref: str
    hash: str


class Result(Struct, frozen=True):
    """What does not vary: the same scenario on the same profile gives the same bytes, anywhere."""

    scenario: ScenarioRef
    profile: ProfileRef
    environment: Environment
    verdict: Verdict
    steps: tuple[StepResult, ...]
    routes: tuple[str, ...]
    gates: tuple[str, ...]
    artifacts: Artifacts
    hooks: HookSummary
    materializations: tuple[Materialization, ...]
    evidence_refs: tuple[str, ...]
    specs: tuple[SpecRef, ...] = ()


class Volatile(Struct, frozen=True, omit_defaults=True):
    """What varies from run to run."""

    #: RFC 3339, UTC.
    started: str
    #: Seconds.
    duration: float
    host: str
    python: str
    tool: str
    worker: str = "main"
    #: 1-based; more than 1 where a plugin ran the scenario again.
    attempt: int = 1
    #: Refs of the results of earlier attempts.
    earlier: tuple[str, ...] = ()
    #: What plugins note.
    notes: dict[str, str] = {}
    #: What answered, as it calls itself; left out for the built-in engine.
    gear: str = ""


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of ``records.jsonl``."""

    id: str
    #: ``sha256:`` of the canonical JSON of ``result``.
    ref: str
    result: Result
    volatile: Volatile
    schema: str = RECORD_SCHEMA


class ManifestScenario(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A collected scenario and what became of it."""

    id: str
    outcome: ScenarioOutcome
    #: The ref of its record; left out where it has none.
    ref: str | UnsetType = UNSET
    hash: str | UnsetType = UNSET
    #: Why it was skipped, did not run or has no verdict.
    note: str | UnsetType = UNSET


class ProfileCoverage(Struct, frozen=True, forbid_unknown_fields=True):
    """What the run exercised of one profile: names declared, and names seen."""

    profile: ProfileRef
    #: Whether each was asked for.
    actions: dict[str, bool]
    #: Whether an answer named each, also where only its hook failed.
    gates: dict[str, bool]
    #: Whether an answer had each.
    routes: dict[str, bool]
    #: Scenario classes that the profile makes possible, and whether a scenario of each ran.
    classes: dict[str, bool] = {}
    #: Kind, name, way (coverage.md): true where it was seen, false where not, null where nothing can show it. Left out
    #: by versions that did not count it.
    points: dict[str, dict[str, dict[str, bool | None]]] | UnsetType = UNSET


class ManifestError(Struct, frozen=True, forbid_unknown_fields=True):
    """A file that could not be collected, or a fault of the session."""

    file: str
    message: str


class RunRef(Struct, frozen=True, forbid_unknown_fields=True):
    """What was run from the store."""

    #: As it was asked for; empty where the last active one was.
    asked: str
    #: What that resolved to: ``name:tag``, or ``sha256:``.
    ref: str
    #: ``scenarios`` or ``profiles``.
    kind: str
    #: ``sha256:`` of the document, or of the tree of a suite or pack.
    hash: str


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """``manifest.json``: the run."""

    verdict: RunVerdict
    scenarios: tuple[ManifestScenario, ...]
    profiles: tuple[ProfileRef, ...]
    coverage: tuple[ProfileCoverage, ...]
    #: ``sha256:`` of the canonical JSON of [[id, ref], …] in order of id.
    root: str
    counts: dict[str, int]
    errors: tuple[ManifestError, ...] = ()
    specs: tuple[SpecRef, ...] = ()
    #: What was run from the store.
    refs: tuple[RunRef, ...] = ()
    #: How many values were redacted, by the pattern or variable that named them.
    redactions: dict[str, int] = {}
    started: str = ""
    tool: str = ""
    #: What the scenarios ran against, as it was asked for; left out for the built-in engine.
    gear: str | UnsetType = UNSET
    #: ``sha256:`` of the bytes of ``records.jsonl``; empty while the session goes on.
    log: str = ""
    #: ``sha256:`` of the canonical JSON of the manifest with this field left empty.
    check: str = ""
    schema: str = MANIFEST_SCHEMA
