"""The published JSON Schemas, generated from the types that decide (scenario.md, pack.md, evidence.md)."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import msgspec

from pytest_fluxscenario.model.coverage import COVERAGE_SCHEMA, CoverageReport
from pytest_fluxscenario.model.drafts import DRAFTS_SCHEMA, DraftsReport
from pytest_fluxscenario.model.evidence import MANIFEST_SCHEMA, RECORD_SCHEMA, Record
from pytest_fluxscenario.model.evidence import Manifest as EvidenceManifest
from pytest_fluxscenario.model.flips import FLIPS_SCHEMA, Flips
from pytest_fluxscenario.model.mutants import MUTANTS_SCHEMA, MutationReport
from pytest_fluxscenario.model.pack import Hooks, Manifest
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.model.proof import PROOF_SCHEMA, ProofReport
from pytest_fluxscenario.model.report import REPORT_SCHEMA, Report
from pytest_fluxscenario.model.request import Request
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.review import REVIEW_SCHEMA, Packet
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.model.spec import SpecDocument

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: Name of a schema to the type that it is made of.
DOCUMENTS: dict[str, Any] = {
    "scenario": Scenario,
    "spec": SpecDocument,
    "profile": Profile,
    "manifest": Manifest,
    "hooks": Hooks,
    "request": Request,
    "response": Response,
    "evidence-record": Record,
    "evidence-manifest": EvidenceManifest,
    "report": Report,
    "mutants": MutationReport,
    "coverage": CoverageReport,
    "drafts": DraftsReport,
    "flips": Flips,
    "review": Packet,
    "proof": ProofReport,
}
#: Documents that name their own schema, which no other document may.
_CONSTANTS: dict[Any, str] = {
    Record: RECORD_SCHEMA,
    EvidenceManifest: MANIFEST_SCHEMA,
    Report: REPORT_SCHEMA,
    MutationReport: MUTANTS_SCHEMA,
    CoverageReport: COVERAGE_SCHEMA,
    DraftsReport: DRAFTS_SCHEMA,
    Flips: FLIPS_SCHEMA,
    Packet: REVIEW_SCHEMA,
    ProofReport: PROOF_SCHEMA,
}


@cache
def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what ``kind`` accepts."""
    schema = {"$schema": _DIALECT, **msgspec.json.schema(kind)}
    if kind in _CONSTANTS:
        properties = schema["$defs"][kind.__name__]["properties"]
        properties["schema"] = {**properties["schema"], "const": _CONSTANTS[kind]}
    ordered: dict[str, Any] = _in_order(schema)
    return ordered


def _in_order(value: Any) -> Any:
    """The same schema with its alternatives sorted: msgspec's releases differ in their order."""
    if isinstance(value, list):
        return [_in_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    ordered = {key: _in_order(item) for key, item in value.items()}
    if "anyOf" in ordered:
        ordered["anyOf"] = sorted(ordered["anyOf"], key=lambda one: json.dumps(one, sort_keys=True))
    return ordered


def schema_text(name: str) -> str:
    """The JSON Schema of the document ``name`` (one of ``DOCUMENTS``), as the package's files hold it."""
    return json.dumps(schema_of(DOCUMENTS[name]), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
