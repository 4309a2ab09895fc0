"""When a gate applies (control.md, "Conditions"): the core operators, compiled once for each profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_fluxscenario.base.values import ABSENT, containers, keys, lookup, same

Payload = dict[str, Any]
_Test = Callable[[Payload], bool]
#: Values that count as missing (control.md, ``payload_missing``).
_EMPTY: tuple[Any, ...] = ("", [], {})

OPERATORS = ("always", "payload_missing", "payload_equals", "payload_contains_any", "fact_equals", "fact_true")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: what it asks of the payload, and of the facts of the gate's hook."""

    payload_tests: tuple[_Test, ...]
    #: Fact paths with the value that each must have; empty where no fact is asked for.
    facts: tuple[tuple[str, Any], ...]

    def payload_holds(self, payload: Payload) -> bool:
        """Whether everything that the condition asks of the payload holds."""
        return all(test(payload) for test in self.payload_tests)

    def facts_hold(self, facts: Mapping[str, Any]) -> bool:
        """Whether the facts have the values asked for; they hold each name that is asked for."""
        return all(same(lookup(facts, name), value) for name, value in self.facts)


def missing(payload: Payload, name: str) -> bool:
    """Whether ``name`` is absent, null, "", [] or {} in the payload."""
    value = lookup(payload, name)
    return value is None or value is ABSENT or value in _EMPTY


def compile_condition(condition: Mapping[str, Any]) -> Condition:
    """The condition of a normalised gate as something that can be evaluated; several operators must all hold.

    Raises ValueError for an operator or operand that the core dialect does not know: a rule that cannot be read decides
    nothing.
    """
    tests: list[_Test] = []
    facts: list[tuple[str, Any]] = []
    for operator, operand in condition.items():
        if operator == "always":
            if operand is not True:
                raise ValueError("'always' can only be true")
        elif operator == "payload_missing":
            tests.append(_any_missing(_names(operator, operand)))
        elif operator == "payload_equals":
            tests.append(_all_equal(_mapping(operator, operand)))
        elif operator == "payload_contains_any":
            tests.append(_any_key(_names(operator, operand)))
        elif operator == "fact_equals":
            facts.extend(_mapping(operator, operand).items())
        elif operator == "fact_true":
            facts.extend((name, True) for name in _names(operator, operand))
        else:
            raise ValueError(f"unknown operator '{operator}'")
    return Condition(tuple(tests), tuple(facts))


def _names(operator: str, operand: Any) -> tuple[str, ...]:
    names = (operand,) if isinstance(operand, str) else tuple(operand) if isinstance(operand, list | tuple) else ()
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"'{operator}' asks for a name or a list of names")
    return names


def _mapping(operator: str, operand: Any) -> dict[str, Any]:
    if not isinstance(operand, dict) or not operand:
        raise ValueError(f"'{operator}' asks for a mapping of names to values")
    return operand


def _any_missing(names: tuple[str, ...]) -> _Test:
    return lambda payload: any(missing(payload, name) for name in names)


def _all_equal(values: Mapping[str, Any]) -> _Test:
    return lambda payload: all(same(lookup(payload, name), value) for name, value in values.items())


def _any_key(names: tuple[str, ...]) -> _Test:
    plain = frozenset(names)
    paths = [name for name in names if "." in name]
    if not paths:
        return lambda payload: not plain.isdisjoint(keys(payload))
    return lambda payload: (
        any(lookup(part, path) is not ABSENT for part in containers(payload) for path in paths)
        or not plain.isdisjoint(keys(payload))
    )
