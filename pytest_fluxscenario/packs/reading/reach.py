"""What no request can bring about in a pack, as far as its rules themselves prove it (coverage.md, "What cannot be").

Every proof is of the engine's order (control.md): gates are tried in the order of the profile, and the first that fires
answers. What cannot be shown to be impossible counts as possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from pytest_fluxscenario.model.pack import Hook, Hooks, Manifest
from pytest_fluxscenario.model.profile import Action, ArtifactType, Gate, Profile
from pytest_fluxscenario.packs.conditions import FACT_OPERATORS, asks_facts
from pytest_fluxscenario.packs.reading.gates import always, shadows
from pytest_fluxscenario.packs.reading.implied import contradiction, implies
from pytest_fluxscenario.packs.reading.whole import askers_of, modes_of, sources_of

#: Earlier gates before one action that a later one is compared with.
_MOST_EARLIER: Final = 50
#: Keywords of a schema that refuse no object.
_SAY_NOTHING: Final = frozenset({"$schema", "$id", "$comment", "title", "description", "examples", "default"})


class Reach:
    """Answers for one pack what can be; each answer is computed once."""

    def __init__(
        self, profile: Profile, hooks: Hooks | None, manifest: Manifest | None, schemas: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._profile = profile
        self._hooks = hooks.hooks if hooks else ()
        self._modes = modes_of(manifest)
        self._schemas = schemas
        self._types = {kind.id: kind for kind in profile.artifact_types}
        self._before: dict[str, list[Gate]] = {}
        for gate in profile.gates:
            self._before.setdefault(gate.before_action, []).append(gate)

    # ---- gates and their conditions

    @cached_property
    def gates(self) -> Mapping[str, tuple[Gate, ...]]:
        """The gates that can be reached, each with those before it that are sure to stop whatever they apply to."""
        found: dict[str, tuple[Gate, ...]] = {}
        for action in self._profile.actions:
            if not askers_of(self._profile, action):
                continue
            sure: list[Gate] = []
            for gate in self._before.get(action.id, ()):
                found[gate.id] = tuple(sure)
                if always(gate):
                    break
                if gate.type == "decision" and not gate.required_artifacts and len(sure) < _MOST_EARLIER:
                    sure.append(gate)
        return found

    def fires(self, gate: Gate) -> bool:
        """Whether a gate may fire."""
        if gate.id not in self.gates or contradiction(gate.condition) is not None:
            return False
        earlier = self._before[gate.before_action]
        return not any(shadows(one, gate) for one in earlier[: min(_index(earlier, gate), _MOST_EARLIER)])

    def passes(self, gate: Gate) -> bool:
        """Whether a gate may let a request through."""
        if gate.id not in self.gates or always(gate):
            return False
        sure = gate.type == "decision" and not gate.required_artifacts
        return not sure or any(self.leaves(gate, operator) for operator in gate.condition)

    def asks(self, gate: Gate) -> bool:
        """Whether a gate may ask its hook for facts: everything that it asks of the payload can hold."""
        if gate.id not in self.gates or not asks_facts(gate.condition):
            return False
        return self._can_hold(gate, _of_payload(gate.condition))

    def holds(self, gate: Gate, operator: str) -> bool:
        """Whether one operator of a gate's condition may hold when the gate is reached."""
        if operator not in FACT_OPERATORS:
            return gate.id in self.gates and self._can_hold(gate, {operator: gate.condition[operator]})
        asked = {**_of_payload(gate.condition), operator: gate.condition[operator]}
        return self.asks(gate) and self._can_hold(gate, asked)

    def leaves(self, gate: Gate, operator: str) -> bool:
        """Whether one operator of a gate's condition may not hold when the gate is reached."""
        if operator in FACT_OPERATORS:
            return self.asks(gate)
        if gate.id not in self.gates:
            return False
        operand = gate.condition[operator]
        return not any(_else_holds(operator, operand, one.condition) for one in self.gates[gate.id])

    def _can_hold(self, gate: Gate, condition: Mapping[str, Any]) -> bool:
        return contradiction(condition) is None and not any(
            implies(condition, one.condition, same_hook=one.hook == gate.hook) for one in self.gates[gate.id]
        )

    # ---- actions and what they record

    def passable(self, action: Action) -> bool:
        """Whether a request for an action may get past all of its gates."""
        return action.id in self._passable

    def allowed(self, action: Action) -> bool:
        """Whether an action may be allowed."""
        mode = action.materialization_mode
        return (
            action.id in self._passable
            and (mode is None or mode in self._modes)
            and all(self._sourced(action, self._types[name]) for name in action.produces_artifacts)
        )

    @cached_property
    def _passable(self) -> frozenset[str]:
        return frozenset(
            action.id
            for action in self._profile.actions
            if askers_of(self._profile, action) and all(self.passes(gate) for gate in self._before.get(action.id, ()))
        )

    def creates(self, name: str) -> bool:
        """Whether a record of an artifact type may be created."""
        return any(self.allowed(action) for action in self._profile.actions if name in action.produces_artifacts)

    def refuses(self, name: str) -> bool:
        """Whether a candidate of an artifact type may be refused."""
        kind = self._types[name]
        producers = [one for one in self._profile.actions if name in one.produces_artifacts and self.passable(one)]
        validators = (one for one in self._hooks if one.type == "artifact.validate" and one.input_artifact_type == name)
        if any(self.calls(one) for one in validators):
            # The call may fail.
            return True
        return any(
            not _accepts_all(self._schemas.get(name))
            or any(not self._asked_before(action, one) for one in kind.required_fields)
            or (
                kind.allowed_sources is not None
                and not set(sources_of(self._profile, action)) <= set(kind.allowed_sources)
            )
            for action in producers
        )

    def calls(self, hook: Hook) -> bool:
        """Whether a hook may be called."""
        if hook.type == "condition.evaluate":
            return any(gate.hook == hook.id and self.asks(gate) for gate in self._profile.gates)
        kind = self._types.get(hook.input_artifact_type or "")
        makers = [one for one in self._profile.actions if kind is not None and kind.id in one.produces_artifacts]
        if hook.type == "artifact.validate":
            return any(kind is not None and self.passable(one) and self._sourced(one, kind) for one in makers)
        return any(self.allowed(one) for one in makers)

    def _sourced(self, action: Action, kind: ArtifactType) -> bool:
        """Whether a record of that type may come from where the records of an action come from."""
        return kind.allowed_sources is None or bool(set(kind.allowed_sources) & set(sources_of(self._profile, action)))

    def _asked_before(self, action: Action, name: str) -> bool:
        """Whether a gate before an action stops every payload that lacks ``name``."""
        lacks = {"payload_missing": [name]}
        return any(
            gate.type == "decision" and not gate.required_artifacts and implies(lacks, gate.condition, same_hook=False)
            for gate in self._before.get(action.id, ())
        )

    # ---- approvals, roles and routes

    def approvals(self) -> Iterator[tuple[str, str, bool]]:
        """Role and scope of each approval that is asked for, and whether it may be."""
        for gate in self._profile.gates:
            if gate.type == "approval" and gate.required_approval is not None:
                yield gate.required_approval.role, gate.required_approval.scope, self.fires(gate)
        for action in self._profile.actions:
            if action.materialization_mode == "real" and not any(
                gate.type == "approval" and not gate.condition for gate in self._before.get(action.id, ())
            ):
                # control.md, 10: approvals of the action itself cover it too, and are asked for where no gate's are.
                yield "approver", action.id, self.allowed(action)

    def acts(self, role: str) -> bool:
        """Whether a role may ask for an action, or approve what is asked for."""
        return any(role in askers_of(self._profile, action) for action in self._profile.actions) or any(
            role == approver and possible for approver, _, possible in self.approvals()
        )

    @cached_property
    def routes(self) -> frozenset[str]:
        """Every route that an answer may have."""
        # control.md, 5: an unknown action is blocked, and the contract is always told.
        found: set[str | None] = {"Blocked", "Continue"}
        for gate in self._profile.gates:
            found |= {gate.route} if self.fires(gate) else set()
            found |= {gate.on_hook_failure} if self.asks(gate) else set()
        found |= {hook.on_failure for hook in self._hooks if hook.type != "condition.evaluate" and self.calls(hook)}
        if any(self.refuses(kind.id) for kind in self._profile.artifact_types):
            found.add("InstructAgent")
        for action in self._profile.actions:
            if not self.allowed(action):
                continue
            mode = action.materialization_mode
            if mode == "real":
                found.add("AwaitApproval")
            if action.completes_run:
                found.add("Complete")
                found |= {"InstructAgent"} if self._profile.completion_report.required else set()
            elif mode is not None:
                found.add("MaterializeAllowed" if mode == "real" else "MaterializeMock")
        return frozenset(route for route in found if route is not None)


def _index(gates: list[Gate], gate: Gate) -> int:
    return next(at for at, one in enumerate(gates) if one.id == gate.id)


def _of_payload(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {operator: operand for operator, operand in condition.items() if operator not in FACT_OPERATORS}


def _else_holds(operator: str, operand: Any, condition: Mapping[str, Any]) -> bool:
    """Whether ``condition`` certainly holds where the operator does not."""
    if len(condition) != 1:
        return False
    ((other, names),) = condition.items()
    if (operator, other) == ("payload_missing", "payload_contains_any"):
        # What does not lack a name has it as a key.
        return any(name in names for name in operand)
    if (operator, other) == ("payload_contains_any", "payload_missing"):
        # What has none of the names anywhere lacks each of them.
        return any(name in names for name in operand)
    return False


def _accepts_all(schema: Mapping[str, Any] | None) -> bool:
    """Whether a schema refuses no object."""
    if schema is None:
        return True
    return all(key in _SAY_NOTHING or (key == "type" and value == "object") for key, value in schema.items())
