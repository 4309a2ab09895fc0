"""A profile made ready to decide: look-ups instead of lists, conditions compiled. Made once for each profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.control.conditions import Condition, compile_condition
from pytest_fluxscenario.model.pack import Hook, HookContract, Hooks, Manifest
from pytest_fluxscenario.model.profile import Action, ArtifactType, Gate, Profile
from pytest_fluxscenario.model.response import RequiredApproval

#: control.md, 10: what a manifest that lists no mode allows.
_HARMLESS_MODES = frozenset({"mock", "shadow"})
#: The type of hook that renders text.
RENDER = "template.render"
#: control.md, "Records": what enters by the trusted surface only is no artifact of a request.
_APPROVALS = "approval_record"


class SchemaCheck(Protocol):
    """Holds an artifact's payload against the schema of its type."""

    def faults(self, artifact_type: str, payload: dict[str, Any]) -> tuple[str, ...]:
        """What is wrong, each with its path, worst first; empty where nothing is, or the type has no schema."""
        ...


@dataclass(frozen=True, slots=True)
class NoSchemas:
    """The check of a pack without schemas."""

    def faults(self, artifact_type: str, payload: dict[str, Any]) -> tuple[str, ...]:  # noqa: ARG002 - the port's signature
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class GateRule:
    """A gate with its condition compiled."""

    gate: Gate
    condition: Condition


@dataclass(frozen=True, slots=True)
class ActionRule:
    """An action with all that stands before it."""

    action: Action
    roles: frozenset[str]
    gates: tuple[GateRule, ...]
    produces: tuple[ArtifactType, ...]
    #: Scopes and roles of approvals of which one has to cover this action; None where it materializes nothing for real.
    approvals: tuple[RequiredApproval, ...] | None
    source_is_controller: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that a decision needs of the pack."""

    profile: Profile
    profile_hash: str
    roles: frozenset[str]
    actions: Mapping[str, ActionRule]
    artifact_types: Mapping[str, ArtifactType]
    modes: frozenset[str]
    manifest: Manifest
    hooks: Mapping[str, Hook]
    #: Artifact type to the hooks that validate it.
    validators: Mapping[str, tuple[Hook, ...]]
    #: Artifact type to the hooks that render text of it.
    renderers: Mapping[str, tuple[Hook, ...]]
    forbidden_fields: frozenset[str]
    allowed_fields: frozenset[str] | None
    schemas: SchemaCheck


def make_rules(
    profile: Profile,
    profile_hash: str,
    manifest: Manifest,
    hooks: Hooks | None = None,
    schemas: SchemaCheck | None = None,
) -> Rules:
    """The rules of a pack whose parts were validated.

    Raises ProfileError for a condition that cannot be read, an artifact type that an action produces and nothing
    declares, or one that has the name of approvals.
    """
    types = {kind.id: kind for kind in profile.artifact_types}
    if _APPROVALS in types:
        raise _unreadable(profile, f"'{_APPROVALS}' is the type of approvals, which only the trusted surface records")
    gates: dict[str, list[GateRule]] = {}
    for gate in profile.gates:
        try:
            rule = GateRule(gate, compile_condition(gate.condition))
        except ValueError as error:
            raise _unreadable(profile, f"gate '{gate.id}': {error}") from error
        gates.setdefault(gate.before_action, []).append(rule)
    actions = {
        action.id: _action_rule(profile, action, tuple(gates.get(action.id, ())), types) for action in profile.actions
    }
    known = {hook.id: hook for hook in hooks.hooks} if hooks else {}
    contract = hooks.contract if hooks else HookContract()
    allowed = contract.allowed_output_fields
    return Rules(
        profile=profile,
        profile_hash=profile_hash,
        roles=frozenset(profile.roles),
        actions=actions,
        artifact_types=types,
        modes=frozenset(manifest.requires.materialization_modes) or _HARMLESS_MODES,
        manifest=manifest,
        hooks=known,
        validators=_by_artifact(known.values(), "artifact.validate"),
        renderers=_by_artifact(known.values(), RENDER),
        forbidden_fields=frozenset((*manifest.forbidden.hook_outputs, *contract.forbidden_output_fields)),
        allowed_fields=None if allowed is None else frozenset(allowed),
        schemas=schemas or NoSchemas(),
    )


def _by_artifact(hooks: Iterable[Hook], kind: str) -> Mapping[str, tuple[Hook, ...]]:
    """The hooks of one type by the artifact that they look at, in the order of the pack."""
    found: dict[str, tuple[Hook, ...]] = {}
    for hook in hooks:
        if hook.type == kind and hook.input_artifact_type:
            found[hook.input_artifact_type] = (*found.get(hook.input_artifact_type, ()), hook)
    return found


def _action_rule(
    profile: Profile, action: Action, gates: tuple[GateRule, ...], types: Mapping[str, ArtifactType]
) -> ActionRule:
    undeclared = [name for name in action.produces_artifacts if name not in types]
    if undeclared:
        raise _unreadable(profile, f"action '{action.id}' produces '{undeclared[0]}', which is no artifact type")
    asked: tuple[RequiredApproval, ...] | None = None
    if action.materialization_mode == "real":
        of_gates = [rule.gate.required_approval for rule in gates if rule.gate.type == "approval"]
        asked = (*(one for one in of_gates if one), RequiredApproval("approver", action.id))
    return ActionRule(
        action=action,
        roles=frozenset(action.allowed_roles),
        gates=gates,
        produces=tuple(types[name] for name in action.produces_artifacts),
        approvals=asked,
        source_is_controller=action.completes_run or action.materialization_mode is not None,
    )


def _unreadable(profile: Profile, message: str) -> ProfileError:
    return ProfileError.of("profile.unreadable", Place(f"{profile.id} {profile.version}"), message)
