"""What was drafted for a pack, and what could not be."""

from __future__ import annotations

from msgspec import Struct

DRAFTS_SCHEMA = "flux.drafts.v1"


class DraftReport(Struct, frozen=True, forbid_unknown_fields=True):
    """One scenario that was drafted."""

    id: str
    #: Where it was written; empty where nothing is (``--dry-run``).
    file: str
    #: What it was made for, and what else of what is wanted it shows.
    shows: tuple[str, ...]
    #: The scenario as YAML.
    text: str


class MissedReport(Struct, frozen=True, forbid_unknown_fields=True):
    """Something for which there is no draft."""

    id: str
    #: Where it stands.
    file: str
    #: 1-based; 0 where only the file is known.
    line: int
    why: str


class DraftsReport(Struct, frozen=True, forbid_unknown_fields=True):
    """What ``fluxrig scenario draft --json`` prints."""

    process_id: str
    process_version: str
    #: ``sha256:`` of the normalised profile.
    profile_hash: str
    #: What the scenarios that run show of what was asked for.
    shown: tuple[str, ...]
    #: What only drafts show that wait for their review.
    waiting: tuple[str, ...]
    drafts: tuple[DraftReport, ...]
    missed: tuple[MissedReport, ...]
    #: What was not looked at, as enough was drafted.
    left: tuple[str, ...]
    #: Requests that were tried.
    tried: int
    #: What bounded the search beside its depth: actions of which not everything was tried, artifact types without an
    #: example that the rules admit, hooks that gave no result, and those that were not called any more.
    cut: tuple[str, ...]
    without_example: tuple[str, ...]
    broken_hooks: tuple[str, ...]
    tired_hooks: tuple[str, ...]
    schema: str = DRAFTS_SCHEMA
