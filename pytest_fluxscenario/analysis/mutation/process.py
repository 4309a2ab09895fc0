"""What a mutation changes: everything of a pack that decides, as one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from pytest_fluxscenario.analysis.mutation.schemas import RememberedSchemas
from pytest_fluxscenario.control.conditions import Condition
from pytest_fluxscenario.control.rules import ActionRule, GateRule, NoSchemas, Rules, SchemaCheck, make_rules
from pytest_fluxscenario.model.pack import Hook, Hooks, Manifest
from pytest_fluxscenario.model.profile import Action, ArtifactType, Gate, Profile
from pytest_fluxscenario.packs.artifact_schemas import ArtifactSchemas
from pytest_fluxscenario.packs.pack import Pack


@dataclass(frozen=True)
class Process:
    """The rules of a pack; a mutant is a copy of it that differs in one thing."""

    profile: Profile
    #: That of the pack, also in a mutant: a run is bound to it, and no rule looks at it.
    profile_hash: str
    manifest: Manifest
    hooks: Hooks | None
    #: Artifact type to JSON Schema, for what can be proved of it.
    schemas: Mapping[str, dict[str, Any]]
    #: What holds payloads against them.
    check: SchemaCheck
    #: The gates (by position) whose conditions mean the opposite: no dialect can say so.
    negated: frozenset[int] = frozenset()
    #: False where idempotency keys mean nothing.
    idempotent: bool = True

    @classmethod
    def of(cls, pack: Pack) -> Process:
        """The process of a pack as it is."""
        check = RememberedSchemas(ArtifactSchemas(pack.schemas)) if pack.schemas else NoSchemas()
        return cls(pack.profile, pack.profile_hash, pack.manifest, pack.hooks, pack.schemas, check)

    def rules(self) -> Rules:
        """The process made ready to decide. Raises ProfileError for a condition that cannot be read."""
        rules = make_rules(self.profile, self.profile_hash, self.manifest, self.hooks, self.check)
        if not self.negated:
            return rules
        opposite = {self.profile.gates[at].id for at in self.negated}
        actions = {name: _negated(rule, opposite) for name, rule in rules.actions.items()}
        return replace(rules, actions=actions)

    # One thing changed, the rest as it is.

    def with_gates(self, gates: Iterable[Gate]) -> Process:
        """The process with other gates."""
        return self._with(gates=tuple(gates))

    def with_gate(self, at: int, **changes: Any) -> Process:
        """The process with one gate changed."""
        gates = self.profile.gates
        return self.with_gates((*gates[:at], msgspec.structs.replace(gates[at], **changes), *gates[at + 1 :]))

    def with_action(self, at: int, **changes: Any) -> Process:
        """The process with one action changed."""
        actions = self.profile.actions
        changed: Action = msgspec.structs.replace(actions[at], **changes)
        return self._with(actions=(*actions[:at], changed, *actions[at + 1 :]))

    def with_type(self, at: int, **changes: Any) -> Process:
        """The process with one artifact type changed."""
        kinds = self.profile.artifact_types
        changed: ArtifactType = msgspec.structs.replace(kinds[at], **changes)
        return self._with(artifact_types=(*kinds[:at], changed, *kinds[at + 1 :]))

    def with_completion(self, required: Iterable[str]) -> Process:
        """The process with another list of what completion needs."""
        report = msgspec.structs.replace(self.profile.completion_report, required=tuple(required))
        return self._with(completion_report=report)

    def with_hooks(self, hooks: Iterable[Hook]) -> Process:
        """The process with other hooks; itself where it has none."""
        known = self.hooks
        return self if known is None else replace(self, hooks=msgspec.structs.replace(known, hooks=tuple(hooks)))

    def _with(self, **changes: Any) -> Process:
        return replace(self, profile=msgspec.structs.replace(self.profile, **changes))


def _negated(rule: ActionRule, opposite: set[str]) -> ActionRule:
    gates = tuple(
        GateRule(one.gate, _Opposite.of(one.condition)) if one.gate.id in opposite else one for one in rule.gates
    )
    return replace(rule, gates=gates)


@dataclass(frozen=True, slots=True)
class _Opposite(Condition):
    """A condition on the payload that holds where another does not."""

    @classmethod
    def of(cls, condition: Condition) -> Condition:
        return cls((lambda payload: not condition.payload_holds(payload),), ())
