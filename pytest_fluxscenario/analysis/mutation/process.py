"""What a mutation changes: everything of a pack that decides, as one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from pytest_fluxscenario.analysis.mutation.schemas import RememberedSchemas
from pytest_fluxscenario.analysis.mutation.variations import AS_IT_IS, Variation
from pytest_fluxscenario.control.conditions import Condition
from pytest_fluxscenario.control.rules import ActionRule, GateRule, NoSchemas, Rules, SchemaCheck, make_rules
from pytest_fluxscenario.model.pack import Hook, Hooks, Manifest
from pytest_fluxscenario.model.profile import Action, ArtifactType, Gate, Profile
from pytest_fluxscenario.packs.artifact_schemas import ArtifactSchemas
from pytest_fluxscenario.packs.pack import Pack

_NONE: frozenset[int] = frozenset()


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
    negated: frozenset[int] = _NONE
    #: The gates (by position) that ask their hook, and do not mind what it says.
    deaf: frozenset[int] = _NONE
    #: The actions (by position) that materialize for real without an approval of what they cover.
    unapproved: frozenset[int] = _NONE
    #: What is otherwise around the rules.
    variation: Variation = AS_IT_IS

    @classmethod
    def of(cls, pack: Pack) -> Process:
        """The process of a pack as it is."""
        check = RememberedSchemas(ArtifactSchemas(pack.schemas)) if pack.schemas else NoSchemas()
        return cls(pack.profile, pack.profile_hash, pack.manifest, pack.hooks, pack.schemas, check)

    def rules(self, base: Rules | None = None, actions: frozenset[str] | None = None) -> Rules:
        """The process made ready to decide.

        ``base`` are rules of a process that differs only in what stands before ``actions``, and in what is looked up
        by name: then nothing else is made ready again. Raises ProfileError for a condition that cannot be read.
        """
        if base is None or actions is None:
            return self._varied(make_rules(self.profile, self.profile_hash, self.manifest, self.hooks, self.check))
        profile = self.profile
        touched = msgspec.structs.replace(
            profile,
            actions=tuple([action for action in profile.actions if action.id in actions]),
            gates=tuple([gate for gate in profile.gates if gate.before_action in actions]),
        )
        rules = self._varied(make_rules(touched, self.profile_hash, self.manifest, self.hooks, self.check))
        return replace(rules, profile=profile, actions={**base.actions, **rules.actions})

    def _varied(self, rules: Rules) -> Rules:
        """The rules with what no profile can say."""
        if not (self.negated or self.deaf or self.unapproved):
            return rules
        profile = self.profile
        changed = {profile.gates[at].id: _Opposite.of for at in self.negated}
        changed |= {profile.gates[at].id: _Deaf.of for at in self.deaf}
        free = {profile.actions[at].id for at in self.unapproved}
        actions = {name: _changed(rule, changed, name in free) for name, rule in rules.actions.items()}
        return replace(rules, actions=actions)

    # One thing changed, the rest as it is.

    def with_gates(self, gates: Iterable[Gate]) -> Process:
        """The process with other gates."""
        return self._with(gates=tuple(gates))

    def with_gate(self, at: int, **changes: Any) -> Process:
        """The process with one gate changed."""
        gates = self.profile.gates
        return self.with_gates((*gates[:at], msgspec.structs.replace(gates[at], **changes), *gates[at + 1 :]))

    def without_gate(self, at: int) -> Process:
        """The process without one gate."""
        gates = self.profile.gates
        return self.with_gates((*gates[:at], *gates[at + 1 :]))

    def with_swapped(self, first: int, second: int) -> Process:
        """The process with two gates in each other's place."""
        gates = list(self.profile.gates)
        gates[first], gates[second] = gates[second], gates[first]
        return self.with_gates(gates)

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

    def with_hook(self, at: int, **changes: Any) -> Process:
        """The process with one hook changed; itself where it has none."""
        known = self.hooks.hooks if self.hooks else ()
        if not known:
            return self
        return self.with_hooks((*known[:at], msgspec.structs.replace(known[at], **changes), *known[at + 1 :]))

    def _with(self, **changes: Any) -> Process:
        return replace(self, profile=msgspec.structs.replace(self.profile, **changes))


def _changed(rule: ActionRule, gates: Mapping[str, Any], free: bool) -> ActionRule:
    conditions = tuple(
        GateRule(one.gate, gates[one.gate.id](one.condition)) if one.gate.id in gates else one for one in rule.gates
    )
    return replace(rule, gates=conditions, approvals=None if free else rule.approvals)


@dataclass(frozen=True, slots=True)
class _Opposite(Condition):
    """A condition that holds where another does not; what asks for facts asks for others in the same requests."""

    @classmethod
    def of(cls, condition: Condition) -> Condition:
        if condition.facts:
            return cls(condition.payload_tests, condition.facts)
        return cls((lambda payload: not condition.payload_holds(payload),), ())

    def facts_hold(self, facts: Mapping[str, Any]) -> bool:
        # Not super(): a class with slots is made anew, and the name in it is that of the one before.
        return not Condition.facts_hold(self, facts)


@dataclass(frozen=True, slots=True)
class _Deaf(Condition):
    """A condition that asks for facts as another does, and never holds."""

    @classmethod
    def of(cls, condition: Condition) -> Condition:
        return cls(condition.payload_tests, condition.facts)

    def facts_hold(self, facts: Mapping[str, Any]) -> bool:  # noqa: ARG002 - the base's signature
        return False
