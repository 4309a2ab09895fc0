"""What a profile demands before it allows a request, read from its text (control.md) and not with the engine's code.

An engine that is broken must not be what says that it is whole: conditions, gates, candidates and approvals are read
here a second time, as plainly as the specification says them. Only JSON Schemas are checked by the same library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_fluxscenario.analysis.space.states import Outcome
from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.model.pack import Hook
from pytest_fluxscenario.model.profile import Action, Gate

_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Demand:
    """What must be so when a request is allowed."""

    #: ``gate``, ``completion``, ``materialization``, ``admission``, ``role`` or ``environment``.
    source: str
    #: The gate, type, field or role; for messages.
    name: str
    #: Types that the run must hold.
    types: frozenset[str] = frozenset()
    #: The gate whose approval is needed; ``real`` for that of the mode.
    approval: str | None = None
    #: Why the request must never be allowed, whatever the run holds; empty where it may be.
    never: str = ""


@dataclass(frozen=True)
class Reading:
    """The text of a process."""

    rules: Rules

    def demands(self, outcome: Outcome) -> Iterator[Demand]:
        """Everything that must be so where this request, with what the hooks said, is answered ``ok``."""
        request = outcome.ask.request
        action = next((one for one in self.rules.profile.actions if one.id == request.action), None)
        if action is None:
            yield Demand("role", request.action, never="no action of that name is declared")
            return
        role = request.actor.role
        if role == "approver" or role not in self.rules.profile.roles or role not in action.allowed_roles:
            yield Demand("role", role, never=f"the role '{role}' may not ask for it")
        facts = {one.hook: one.facts for one in outcome.said if not one.failed}
        for gate in self.rules.profile.gates:
            if gate.before_action == action.id:
                yield from _of_gate(gate, request.payload, facts)
        requires = self.rules.manifest.requires
        for name in {*action.required_capabilities} - {*requires.capabilities}:
            yield Demand("environment", name, never=f"the environment has no capability '{name}'")
        for name in {*action.required_connectors} - {*requires.connectors}:
            yield Demand("environment", name, never=f"the environment has no connector '{name}'")
        yield from self._of_candidates(action, role, outcome)
        yield from self._of_materialization(action, request.payload)
        if action.completes_run:
            needed = frozenset(self.rules.profile.completion_report.required) - {*action.produces_artifacts}
            yield Demand("completion", "completion_report", needed)

    def _of_candidates(self, action: Action, role: str, outcome: Outcome) -> Iterator[Demand]:
        payload = outcome.ask.request.payload
        source = "controller" if action.completes_run or action.materialization_mode else role
        for kind in self.rules.profile.artifact_types:
            if kind.id not in action.produces_artifacts:
                continue
            for field in kind.required_fields:
                if _at(payload, field) in (None, _NOTHING):
                    yield Demand("admission", kind.id, never=f"{kind.id} lacks the field '{field}'")
            if kind.allowed_sources is not None and source not in kind.allowed_sources:
                yield Demand("admission", kind.id, never=f"{kind.id} may not come from '{source}'")
            if self.rules.schemas.faults(kind.id, payload):
                yield Demand("admission", kind.id, never=f"{kind.id} does not fit its schema")
            for hook in self.rules.hooks.values():
                if hook.input_artifact_type == kind.id and not _content(hook, outcome):
                    yield Demand("admission", kind.id, never=f"the hook '{hook.id}' did not accept {kind.id}")

    def _of_materialization(self, action: Action, payload: dict[str, Any]) -> Iterator[Demand]:
        mode = action.materialization_mode
        if mode is None:
            return
        if mode not in (self.rules.manifest.requires.materialization_modes or ("mock", "shadow")):
            yield Demand("materialization", mode, never=f"the mode '{mode}' is not offered")
        for field in action.materialization_scope_fields:
            if _is_missing(payload, field):
                yield Demand("materialization", field, never=f"the scope field '{field}' has no value")
        if mode == "real":
            yield Demand("materialization", action.id, approval="real")


def _of_gate(gate: Gate, payload: dict[str, Any], facts: Mapping[str, Mapping[str, Any]]) -> Iterator[Demand]:
    """What one gate demands; nothing where its condition does not hold."""
    if not _payload_holds(gate.condition, payload):
        return
    asked = [*gate.condition.get("fact_equals", {}).items()]
    asked += [(name, True) for name in _names(gate.condition.get("fact_true", ()))]
    if asked:
        said = facts.get(gate.hook or "")
        if said is None or any(_at(said, name) is _NOTHING for name, _ in asked):
            yield Demand("gate", gate.id, never=f"the gate '{gate.id}' asks a hook that gave no answer")
            return
        if not all(_equal(_at(said, name), value) for name, value in asked):
            return
    if gate.type == "approval":
        yield Demand("gate", gate.id, approval=gate.id)
    elif gate.required_artifacts:
        yield Demand("gate", gate.id, frozenset(gate.required_artifacts))
    elif gate.type == "decision":
        yield Demand("gate", gate.id, never=f"the gate '{gate.id}' stops it")


def _payload_holds(condition: Mapping[str, Any], payload: dict[str, Any]) -> bool:
    if "payload_missing" in condition and not any(
        _is_missing(payload, name) for name in _names(condition["payload_missing"])
    ):
        return False
    if not all(_equal(_at(payload, name), value) for name, value in condition.get("payload_equals", {}).items()):
        return False
    names = _names(condition.get("payload_contains_any", ()))
    return not names or any(_at(part, name) is not _NOTHING for part in _parts(payload) for name in names)


def _content(hook: Hook, outcome: Outcome) -> bool:
    """Whether a hook that looks at an artifact let it pass; one of another type has no say."""
    if hook.type not in ("artifact.validate", "template.render"):
        return True
    result = next((one.outcome.result for one in outcome.said if one.hook == hook.id), None)
    if result is None or result.get("status") != "ok":
        return False
    return hook.type == "template.render" or result.get("valid") is True


def _names(operand: Any) -> tuple[str, ...]:
    return (operand,) if isinstance(operand, str) else tuple(operand)


def _is_missing(payload: dict[str, Any], name: str) -> bool:
    value = _at(payload, name)
    return value is _NOTHING or value is None or (isinstance(value, str | list | dict) and not value)


def _at(value: Any, name: str) -> Any:
    """What a name leads to: a key that is written so, or one key (or position in a list) after the other."""
    if isinstance(value, Mapping) and name in value:
        return value[name]
    for part in name.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part in map(str, range(len(value))):
            value = value[int(part)]
        else:
            return _NOTHING
    return value


def _parts(value: Any) -> Iterator[Any]:
    """Every object and list in a value, itself first."""
    if isinstance(value, dict | list):
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from _parts(one)


def _equal(left: Any, right: Any) -> bool:
    """Equal as JSON: the canonical form knows ``true`` from ``1``."""
    return left is not _NOTHING and canonical(left) == canonical(right)
