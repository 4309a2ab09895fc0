"""The core dialect of a profile, as a file holds it (pack.md, "The profile")."""

from __future__ import annotations

from msgspec import Struct

from pytest_fluxscenario.packs.shapes_common import (
    AnyAction,
    AnyArtifact,
    AnyGate,
    Completion,
    Names,
    Profile,
    Text,
    Version,
)


class Artifact(AnyArtifact, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``artifact_types[]``."""

    id: Text


class Action(AnyAction, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``actions[]`` of the core dialect."""

    id: Text
    produces_artifacts: Names = ()
    completes_run: bool = False


class Gate(AnyGate, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``gates[]`` of the core dialect."""

    reason: str = ""
    required_artifacts: Names = ()


class _Parts(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    roles: Names
    actions: tuple[Action, ...]
    routes: Names = ()
    artifact_types: tuple[Artifact, ...] = ()
    gates: tuple[Gate, ...] = ()
    completion_report: Completion = Completion()


class File(_Parts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The core dialect under a header."""

    profile: Profile


class Document(_Parts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The core dialect in one object."""

    id: Text
    version: Version
    purpose: str = ""
    docs_hash: str | None = None
    initial_stage: str | None = None
