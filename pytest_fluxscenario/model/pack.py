"""The manifest of a process pack and of its hooks (pack.md)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from pytest_fluxscenario.model.response import RequiredApproval
from pytest_fluxscenario.model.vocabulary import AUTHORITY_FIELDS, Mode

_Text = Annotated[str, Meta(min_length=1)]
_Version = Annotated[str, Meta(min_length=1, description="SemVer, in quotes.")]


class Command(Struct, frozen=True, omit_defaults=True):
    """The command that a pack offers."""

    name: str = ""


class Process(Struct, frozen=True, omit_defaults=True):
    """What the pack is, and where its parts lie."""

    id: _Text
    version: _Version
    display_name: str = ""
    description: str = ""
    profile_api: str = "fst.profile.v1"
    logic_api: str = "fst.process_logic.v1"
    profile_path: _Text = "profile.yaml"
    core_profile_path: str | None = None
    hooks_path: str | None = None
    skill_path: str | None = None
    command: Command = Command()


class Package(Struct, frozen=True, omit_defaults=True):
    """How the pack is handed on."""

    kind: str = "directory"
    mvp_status: str = ""
    output_archive: str | None = None


class Docs(Struct, frozen=True, omit_defaults=True):
    """The documents that the pack was made from."""

    required: bool | tuple[str, ...] = ()
    trusted_source: str = ""
    required_sections: tuple[str, ...] = ()


class Requires(Struct, frozen=True, omit_defaults=True):
    """What the process needs of its environment; a test's environment unless something else is said."""

    capabilities: tuple[str, ...] = ()
    connectors: tuple[str, ...] = ()
    #: ``mock`` and ``shadow`` where none is listed (control.md, 10).
    materialization_modes: tuple[Mode, ...] = ()


class Forbidden(Struct, frozen=True, omit_defaults=True):
    """What the pack must not ask for or let a hook say."""

    capabilities: tuple[str, ...] = ()
    hook_outputs: tuple[str, ...] = ()


class ApprovalForUse(Struct, frozen=True, omit_defaults=True):
    """Who approves that the pack is installed and used."""

    install_action: str = ""
    approve_use_action: str = ""
    required_approval: RequiredApproval | None = None


class Manifest(Struct, frozen=True, omit_defaults=True):
    """``process.manifest.yaml``; fields that it does not know are kept out and reported as warnings."""

    process: Process
    package: Package = Package()
    docs: Docs = Docs()
    requires: Requires = Requires()
    forbidden: Forbidden = Forbidden()
    approval_for_use: ApprovalForUse = ApprovalForUse()
    #: What its scenarios run against where nothing else is asked for: a name, which means what whoever runs them says.
    gear: str = ""


class Runtime(Struct, frozen=True, omit_defaults=True):
    """How the hooks of a pack are called."""

    id: _Text
    kind: _Text
    timeout_ms: Annotated[int, Meta(gt=0)]
    command: tuple[str, ...] = ()
    #: ``call``: a process for each call. ``session``: one is kept, and answers a line for each call.
    lifetime: str = "call"


class HookContract(Struct, frozen=True, omit_defaults=True):
    """What a hook may say."""

    input_protocol: str = "fst.hook.call.v1"
    output_protocol: str = "fst.hook.result.v1"
    #: Forbidden beside the fields that always are.
    forbidden_output_fields: tuple[str, ...] = AUTHORITY_FIELDS
    #: None: only the fields of the protocol itself.
    allowed_output_fields: tuple[str, ...] | None = None


class Hook(Struct, frozen=True, omit_defaults=True):
    """One hook."""

    id: _Text
    #: ``condition.evaluate``, ``artifact.validate`` or ``template.render``.
    type: _Text
    input_artifact_type: str | None = None
    description: str = ""
    #: The route of a failed call of an ``artifact.validate`` hook.
    on_failure: str | None = None


class Hooks(Struct, frozen=True, omit_defaults=True):
    """``hooks.yaml``."""

    runtime: Runtime
    hooks: tuple[Hook, ...]
    contract: HookContract = HookContract()

    def find(self, hook_id: str) -> Hook | None:
        """The hook of that id."""
        return next((hook for hook in self.hooks if hook.id == hook_id), None)


#: How long a process of a hook lives.
SESSION = "session"
LIFETIMES = ("call", SESSION)
#: The kinds of hook (control.md, "Hooks").
HOOK_TYPES = ("condition.evaluate", "artifact.validate", "template.render")
