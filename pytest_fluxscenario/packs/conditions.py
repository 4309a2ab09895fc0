"""Conditions of gates: two spellings, one core form (control.md, "Conditions")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.base.values import type_name

#: A fault: where in the condition, what is wrong, and a hint.
Fault = tuple[Pointer, str, str]

#: Operators of the core spelling that ask a hook.
FACT_OPERATORS: Final = ("fact_equals", "fact_true")
OPERATORS: Final = ("always", "payload_missing", "payload_equals", "payload_contains_any", *FACT_OPERATORS)
_FIELD_OPERATORS: Final = ("always", "missing", "equals", "contains_any")
_FIELD_PARTS: Final = ("field", "op", "value")
#: ``contains_any`` looks in the whole payload; a field that says so is accepted.
_WHOLE: Final = "payload"


def core_condition(condition: Mapping[str, Any] | None) -> tuple[dict[str, Any], list[Fault]]:
    """The core form of a condition in either spelling, and what is wrong with it; {} where it always holds.

    Lists of names are always lists, ``always: true`` says nothing more than being left out.
    """
    if not condition:
        return {}, []
    if "op" in condition or "field" in condition:
        return _from_field(condition)
    core: dict[str, Any] = {}
    faults: list[Fault] = []
    for operator, operand in condition.items():
        read = _OPERANDS.get(operator)
        if read is None:
            message = f"'{shown(operator, 80)}' is no operator of a condition"
            faults.append(((operator,), message, did_you_mean(operator, OPERATORS)))
            continue
        value, message = read(operand)
        if message:
            faults.append(((operator,), f"'{operator}' {message}, not {_seen(operand)}", ""))
        elif operator != "always":
            core[operator] = value
    return core, faults


def asks_facts(condition: Mapping[str, Any]) -> bool:
    """Whether a core condition needs the facts of a hook."""
    return any(operator in condition for operator in FACT_OPERATORS)


def _from_field(condition: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    faults: list[Fault] = [
        ((part,), f"'{shown(part, 80)}' does not belong beside 'op'", did_you_mean(part, _FIELD_PARTS))
        for part in condition
        if part not in _FIELD_PARTS
    ]
    op, name, value = condition.get("op"), condition.get("field"), condition.get("value")
    if op == "always":
        faults += [((part,), f"'{part}' says nothing beside the op 'always'", "") for part in condition if part != "op"]
        return {}, faults
    if op == "missing":
        if "value" in condition:
            faults.append((("value",), "the op 'missing' has no value", ""))
        return _one("payload_missing", name, ("field",), faults)
    if op == "equals":
        _, message = _name(name)
        if message:
            faults.append((("field",), f"'field' {message}, not {_seen(name)}", ""))
        if "value" not in condition:
            faults.append(((), "the op 'equals' needs a value", ""))
        return ({} if message else {"payload_equals": {name: value}}), faults
    if op == "contains_any":
        if "value" in condition and name not in (None, "", _WHOLE):
            faults.append((("field",), "the op 'contains_any' looks in the whole payload", "leave out 'field'"))
        if "value" in condition:
            return _one("payload_contains_any", value, ("value",), faults)
        return _one("payload_contains_any", name, ("field",), faults)
    if "op" not in condition:
        return {}, [*faults, ((), "the condition has a field, but no op", did_you_mean("", _FIELD_OPERATORS))]
    hint = did_you_mean(op if isinstance(op, str) else "", _FIELD_OPERATORS)
    return {}, [*faults, (("op",), f"'{shown(op, 80)}' is no op of a condition", hint)]


def _one(operator: str, operand: Any, pointer: Pointer, faults: list[Fault]) -> tuple[dict[str, Any], list[Fault]]:
    names, message = _names(operand)
    if message:
        faults.append((pointer, f"'{pointer[0]}' {message}, not {_seen(operand)}", ""))
    return {operator: names}, faults


def _always(operand: Any) -> tuple[Any, str]:
    return operand, "" if operand is True else "can only be true"


def _name(operand: Any) -> tuple[Any, str]:
    return operand, "" if isinstance(operand, str) and operand else "asks for a name"


def _names(operand: Any) -> tuple[Any, str]:
    names = [operand] if isinstance(operand, str) else operand
    usable = isinstance(names, list) and names and all(isinstance(name, str) and name for name in names)
    return names, "" if usable else "asks for a name or a list of names"


def _values(operand: Any) -> tuple[Any, str]:
    usable = isinstance(operand, dict) and operand and "" not in operand
    return operand, "" if usable else "asks for names with their values"


_OPERANDS: Final[Mapping[str, Callable[[Any], tuple[Any, str]]]] = {
    "always": _always,
    "payload_missing": _names,
    "payload_equals": _values,
    "payload_contains_any": _names,
    "fact_equals": _values,
    "fact_true": _name,
}


def _seen(value: Any) -> str:
    if isinstance(value, str | list | dict) and not value:
        return f"{type_name(value)} with nothing in it"
    return f"'{shown(value, 40)}'" if isinstance(value, bool | int | float) else type_name(value)
