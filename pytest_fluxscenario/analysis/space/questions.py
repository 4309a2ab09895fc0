"""What the rules ask of the payload of one action: the names and values that make a difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.values import ABSENT, containers, lookup, same
from pytest_fluxscenario.control.conditions import missing
from pytest_fluxscenario.model.profile import Action, Profile

#: What two payloads of one class have in common.
Class = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """Every question of every gate before an action, of the types that it produces, and of its scope."""

    #: Paths that a condition asks to be missing.
    missing: tuple[str, ...]
    #: Path to the values that a condition compares it with.
    equals: Mapping[str, tuple[Any, ...]]
    #: Keys that a condition looks for anywhere, gate by gate.
    keys: tuple[tuple[str, ...], ...]
    #: Fields that the types produced require.
    required: tuple[str, ...]
    scope: tuple[str, ...]
    #: Whether an approval has to cover the very values of the scope.
    real: bool

    @property
    def asked(self) -> tuple[str, ...]:
        """The paths that conditions look at, each once, in the order of the gates."""
        return tuple(dict.fromkeys((*self.missing, *self.equals)))

    def about(self, path: str, value: Any) -> Class:
        """What conditions learn of a value that stands at ``path``."""
        empty = value is ABSENT or value is None or value in ("", [], {})
        return (empty, *(same(value, one) for one in self.equals.get(path, ())))

    def class_of(self, payload: dict[str, Any]) -> Class:
        """What all questions together learn of a payload; payloads with the same answers are of one class."""
        answers: list[Any] = [missing(payload, path) for path in (*self.missing, *self.scope)]
        answers += [same(lookup(payload, path), value) for path, values in self.equals.items() for value in values]
        answers += [lookup(payload, path) in (None, ABSENT) for path in self.required]
        answers += [_found(payload, name) for names in self.keys for name in names]
        if self.real:
            values = [lookup(payload, path) for path in self.scope]
            answers.append(canonical([None if value is ABSENT else value for value in values]))
        return tuple(answers)


def questions_of(profile: Profile, action: Action) -> Questions:
    """What the rules ask of the payload of ``action``."""
    absent: list[str] = []
    equals: dict[str, list[Any]] = {}
    keys: list[tuple[str, ...]] = []
    for gate in profile.gates:
        if gate.before_action != action.id:
            continue
        absent += _names(gate.condition.get("payload_missing"))
        for path, value in (gate.condition.get("payload_equals") or {}).items():
            known = equals.setdefault(path, [])
            if not any(same(value, one) for one in known):
                known.append(value)
        if "payload_contains_any" in gate.condition:
            keys.append(tuple(_names(gate.condition["payload_contains_any"])))
    kinds = {kind.id: kind for kind in profile.artifact_types}
    required = (name for kind in action.produces_artifacts for name in kinds[kind].required_fields)
    return Questions(
        tuple(dict.fromkeys(absent)),
        {path: tuple(values) for path, values in equals.items()},
        tuple(dict.fromkeys(keys)),
        tuple(dict.fromkeys(required)),
        action.materialization_scope_fields,
        action.materialization_mode == "real",
    )


def _names(operand: Any) -> Iterable[str]:
    return (operand,) if isinstance(operand, str) else tuple(operand or ())


def _found(payload: dict[str, Any], name: str) -> bool:
    return any(lookup(part, name) is not ABSENT for part in containers(payload) if isinstance(part, dict))
