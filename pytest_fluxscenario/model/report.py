"""The validation report of a process pack (pack.md, "Validation")."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

REPORT_SCHEMA = "flux.pack.report.v1"


class Diagnostic(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is wrong with a pack."""

    severity: Literal["error", "warning"]
    #: Stable, for scripts; a page of the documentation explains each.
    code: str
    #: The stage of validation that found it.
    stage: str
    file: str
    #: 1-based; 0 where only the file, or the line, is known.
    line: int
    column: int
    #: JSON Pointer (RFC 6901) into the document; empty for the whole of it.
    path: str
    message: str
    #: What to change; empty where the message says it.
    hint: str = ""


class ClassReport(Struct, frozen=True, forbid_unknown_fields=True):
    """One scenario class, and what the pack has of it."""

    name: str
    scenarios: int
    #: Whether the pack should have one.
    asked: bool
    #: Why it is not asked for; empty where it is.
    reason: str = ""


class Report(Struct, frozen=True, forbid_unknown_fields=True):
    """What ``fluxrig pack check --json`` prints."""

    #: False on any error.
    valid: bool
    #: How the pack was named.
    pack: str
    #: Of the manifest; null where it could not be read.
    process_id: str | None
    process_version: str | None
    profile_api: str | None
    logic_api: str | None
    #: ``sha256:`` of the normalised profile; null where it could not be read.
    profile_hash: str | None
    diagnostics: tuple[Diagnostic, ...]
    classes: tuple[ClassReport, ...] = ()
    #: Stages that could not run, because what they need could not be read.
    left_out: tuple[str, ...] = ()
    schema: str = REPORT_SCHEMA
