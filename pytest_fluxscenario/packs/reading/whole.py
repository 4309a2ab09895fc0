"""A pack whose parts are sound, with the look-ups that reading it as a whole needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pytest_fluxscenario.model.pack import Manifest
from pytest_fluxscenario.model.profile import Action, ArtifactType, Gate, Profile
from pytest_fluxscenario.packs.dialects import WrittenProfile
from pytest_fluxscenario.packs.hooks import WrittenHooks
from pytest_fluxscenario.packs.manifest import WrittenManifest

#: The source of what the control itself records (control.md, 9).
CONTROLLER = "controller"
#: control.md, 10: what a manifest that lists no mode allows.
_HARMLESS_MODES = ("mock", "shadow")


@dataclass(frozen=True)
class Whole:
    """Profile, hooks and manifest together; hooks and manifest are None where there are none."""

    written: WrittenProfile
    hooks: WrittenHooks | None
    manifest: WrittenManifest | None

    @property
    def profile(self) -> Profile:
        """The normalised profile."""
        return self.written.profile

    @cached_property
    def actions(self) -> Mapping[str, tuple[int, Action]]:
        """Action id to its position and the action."""
        return {action.id: (at, action) for at, action in enumerate(self.profile.actions)}

    @cached_property
    def types(self) -> Mapping[str, ArtifactType]:
        """Artifact types by id."""
        return {kind.id: kind for kind in self.profile.artifact_types}

    @cached_property
    def gates(self) -> Mapping[str, Sequence[tuple[int, Gate]]]:
        """Action id to the gates before it, in order, each with its position; actions without gates are not in it."""
        found: dict[str, list[tuple[int, Gate]]] = {}
        for at, gate in enumerate(self.profile.gates):
            found.setdefault(gate.before_action, []).append((at, gate))
        return found

    @cached_property
    def producers(self) -> Mapping[str, Sequence[str]]:
        """Artifact type to the actions that produce it; types that none produces are not in it."""
        found: dict[str, list[str]] = {}
        for action in self.profile.actions:
            for name in dict.fromkeys(action.produces_artifacts):
                found.setdefault(name, []).append(action.id)
        return found

    def gates_of(self, action: str) -> Sequence[tuple[int, Gate]]:
        """The gates before an action, in order, each with its position."""
        return self.gates.get(action, ())

    def askers(self, action: Action) -> tuple[str, ...]:
        """The roles that may really ask for an action: listed by the profile, and not ``approver`` (control.md, 2)."""
        return askers_of(self.profile, action)

    def sources(self, action: Action) -> tuple[str, ...]:
        """Where the records of an action come from (control.md, 9)."""
        return sources_of(self.profile, action)

    @cached_property
    def modes(self) -> tuple[str, ...]:
        """The materialization modes that the pack allows (control.md, 10)."""
        return modes_of(self.manifest.manifest if self.manifest else None)

    def required(self, action: Action) -> Iterator[tuple[str, int, int | None]]:
        """What must be recorded before an action can be allowed at all.

        Each is a type, its position in the list that requires it, and the position of the gate; None for the list of
        the completion report.
        """
        for at, gate in self.gates_of(action.id):
            if not gate.condition and gate.type != "approval":
                yield from ((name, step, at) for step, name in enumerate(gate.required_artifacts))
        if action.completes_run:
            for step, name in enumerate(self.profile.completion_report.required):
                if name not in action.produces_artifacts:
                    yield name, step, None


def askers_of(profile: Profile, action: Action) -> tuple[str, ...]:
    """The roles that may really ask for an action: listed by the profile, and not ``approver`` (control.md, 2)."""
    roles = frozenset(profile.roles)
    return tuple(role for role in action.allowed_roles if role in roles and role != "approver")


def sources_of(profile: Profile, action: Action) -> tuple[str, ...]:
    """Where the records of an action come from (control.md, 9)."""
    if action.completes_run or action.materialization_mode is not None:
        return (CONTROLLER,)
    return askers_of(profile, action)


def modes_of(manifest: Manifest | None) -> tuple[str, ...]:
    """The materialization modes that a pack allows (control.md, 10)."""
    return tuple(manifest.requires.materialization_modes if manifest else ()) or _HARMLESS_MODES
