"""The authoring dialect of a profile, as a file holds it (pack.md, "The profile")."""

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


class Role(Struct, frozen=True, forbid_unknown_fields=True):
    """``roles[]`` of the authoring dialect."""

    id: Text
    description: str = ""


class Route(Struct, frozen=True, forbid_unknown_fields=True):
    """``routes[]`` of the authoring dialect."""

    name: Text
    description: str = ""


class Artifact(AnyArtifact, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``artifacts[]``."""

    type: Text
    description: str = ""


class Action(AnyAction, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``actions[]`` of the authoring dialect."""

    name: Text
    creates_artifacts: Names = ()
    materialization_route: Text | None = None
    #: None: as what it creates says.
    completes_run: bool | None = None


class Gate(AnyGate, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``gates[]`` of the authoring dialect."""

    message: str = ""
    requires_artifacts: Names = ()


class _Parts(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    roles: tuple[Role, ...]
    actions: tuple[Action, ...]
    routes: tuple[Route, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    gates: tuple[Gate, ...] = ()
    completion_report: Completion = Completion()
    #: Files of the pack; what the profile decides does not depend on them.
    scenarios: Names = ()


class File(_Parts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The authoring dialect under a header."""

    profile: Profile


class Document(_Parts, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The authoring dialect in one object."""

    id: Text
    version: Version
    purpose: str = ""
    docs_hash: str | None = None
    initial_stage: str | None = None
