"""Whether one condition of a gate implies another, and whether one can hold at all (control.md, "Conditions")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pytest_fluxscenario.base.values import same

_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})
_ABSENT: Final = object()


def implies(one: Mapping[str, Any], other: Mapping[str, Any], *, same_hook: bool) -> bool:
    """Whether ``other`` certainly holds wherever ``one`` does; both are core conditions.

    False also where that cannot be told. ``same_hook`` says that both ask the same hook for facts.
    """
    return all(_follows(operator, operand, one, same_hook=same_hook) for operator, operand in other.items())


def contradiction(condition: Mapping[str, Any]) -> str | None:
    """Why a core condition can never hold; None where it may."""
    equals: Mapping[str, Any] = condition.get("payload_equals", {})
    missing = condition.get("payload_missing", [])
    if missing and all(_not_missing(name, equals) for name in missing):
        return f"it asks '{missing[0]}' to have a value and to be missing"
    for name, value in equals.items():
        for other, within in equals.items():
            if other.startswith(f"{name}.") and not _fits(value, other[len(name) + 1 :], within):
                return f"'{name}' and '{other}' cannot both have these values"
    facts: Mapping[str, Any] = condition.get("fact_equals", {})
    true = condition.get("fact_true")
    if true is not None and true in facts and facts[true] is not True:
        return f"it asks the fact '{true}' to be true and to be something else"
    return None


def _follows(operator: str, operand: Any, given: Mapping[str, Any], *, same_hook: bool) -> bool:
    equals: Mapping[str, Any] = given.get("payload_equals", {})
    if operator == "payload_equals":
        return all(name in equals and same(equals[name], value) for name, value in operand.items())
    if operator == "payload_missing":
        some = given.get("payload_missing", [])
        return (bool(some) and set(some) <= set(operand)) or any(
            name in equals and _is_empty(equals[name]) for name in operand
        )
    if operator == "payload_contains_any":
        some = given.get("payload_contains_any", [])
        return (bool(some) and set(some) <= set(operand)) or any(name in equals for name in operand)
    facts = dict(given.get("fact_equals", {}))
    if "fact_true" in given:
        facts[given["fact_true"]] = True
    asked = {operand: True} if operator == "fact_true" else operand
    return same_hook and all(name in facts and same(facts[name], value) for name, value in asked.items())


def _is_empty(value: Any) -> bool:
    return any(same(value, empty) for empty in _EMPTY)


def _not_missing(name: str, equals: Mapping[str, Any]) -> bool:
    """Whether a payload that satisfies ``equals`` certainly has a value under ``name``."""
    if name in equals:
        return not _is_empty(equals[name])
    return any(other.startswith(f"{name}.") for other in equals)


def _fits(value: Any, path: str, within: Any) -> bool:
    """Whether ``value`` may have ``within`` at ``path``; true where that cannot be told."""
    for part in path.split("."):
        if isinstance(value, list):
            return True
        if not isinstance(value, dict):
            return False
        value = value.get(part, _ABSENT)
        if value is _ABSENT:
            return "." in path
    return same(value, within)
