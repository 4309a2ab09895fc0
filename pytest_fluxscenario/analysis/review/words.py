"""Rules in words: when a gate stops a request, what an approval covers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pytest_fluxscenario.model.profile import Gate
from pytest_fluxscenario.model.response import RequiredApproval


def stops(gate: Gate) -> str:
    """When a gate stops a request (control.md, 7)."""
    condition = condition_words(gate.condition, gate.hook)
    when = f"when {condition}" if condition else ""
    needed = either(gate.required_artifacts)
    if gate.type == "process_conformance":
        return f"{when}, while the run lacks {needed}" if when else f"while the run lacks {needed}"
    if gate.type == "approval":
        until = f"until {approval_words(gate.required_approval)}"
        return f"{when}, {until}" if when else until
    if gate.required_artifacts:
        return f"{when}, while the run lacks {needed}" if when else f"while the run lacks {needed}"
    return when or "always"


def approval_words(asked: RequiredApproval | None) -> str:
    """Who has to have approved what."""
    return "somebody has approved" if asked is None else f"{asked.role} has approved {asked.scope}"


def condition_words(condition: Mapping[str, Any], hook: str | None) -> str:
    """A condition (control.md, "Conditions"); empty where it always holds."""
    return " and ".join(_parts(condition, hook))


def _parts(condition: Mapping[str, Any], hook: str | None) -> Iterator[str]:
    asked = f"the hook {hook}" if hook else "a hook"
    for operator, operand in condition.items():
        if operator == "payload_missing":
            yield f"{either(_names(operand))} is missing"
        elif operator == "payload_equals":
            yield from (f"{name} is {_value(value)}" for name, value in _pairs(operand))
        elif operator == "payload_contains_any":
            yield f"{either(_names(operand))} stands anywhere in the payload"
        elif operator == "fact_equals":
            yield from (f"{asked} says that {name} is {_value(value)}" for name, value in _pairs(operand))
        elif operator == "fact_true":
            yield f"{asked} says {operand}"
        elif operator != "always":
            yield f"{operator}: {_value(operand)}"


def either(names: Iterable[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    every = list(names)
    return " or ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)


def every_one(names: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    every = list(names)
    return " and ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)


def counted(count: int, word: str, many: str = "") -> str:
    """``1 record``, ``2 records``; ``many`` where the plural is another word."""
    return f"{count} {word}" if count == 1 else f"{count} {many or word + 's'}"


def duration(seconds: int) -> str:
    """``24 hours``, ``90 seconds``: in the largest unit that leaves nothing over."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return counted(seconds // size, unit)
    return counted(seconds, "second")


def _names(operand: Any) -> list[str]:
    return [str(one) for one in operand] if isinstance(operand, list | tuple) else [str(operand)]


def _pairs(operand: Any) -> list[tuple[str, Any]]:
    return list(operand.items()) if isinstance(operand, Mapping) else []


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
