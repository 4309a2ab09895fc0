"""What the profile itself proves of its gates: one that another always forestalls, two that never meet.

Every proof here is of the engine's order (control.md, 7): gates are tried in the order of the profile, and the first
that fires answers. A proof that does not hold would hide a mutant, so what cannot be shown is not claimed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.model.profile import Gate

#: Operator, the name it looks at, and the value asked for; or the names of which one is enough.
_Part = tuple[str, str, bytes | frozenset[str]]
_FACTS: Final = ("fact_true", "fact_equals")


def shadow_of(process: Process, at: int, before: int | None = None) -> str:
    """Why the gate at that position never fires, where an earlier one always does; empty where none is known.

    ``before`` is a position from which on earlier gates do not count.
    """
    gate = process.profile.gates[at]
    for earlier in process.profile.gates[: at if before is None else before]:
        if earlier.before_action == gate.before_action and _fires_first(earlier, gate):
            return f"the gate {earlier.id} stops every request that {gate.id} would stop"
    return ""


def asked_before(process: Process, at: int) -> str:
    """Why the hook of the gate at that position never fails there; empty where it may.

    An earlier gate that asks the same hook whenever this one would is answered the same, and stops at the failure.
    """
    gate = process.profile.gates[at]
    for earlier in process.profile.gates[:at]:
        if (
            earlier.before_action == gate.before_action
            and earlier.hook == gate.hook
            and _facts(earlier.condition)
            and _implies(gate.condition, _of_payload(earlier.condition))
        ):
            return f"where the hook {gate.hook} fails, the gate {earlier.id}, which asks it before, answers"
    return ""


def never_fails(process: Process, at: int) -> str:
    """Why the hook of the gate at that position never fails there, or is never asked; empty where it may."""
    return shadow_of(process, at) or asked_before(process, at)


def exclusive(one: Gate, other: Gate) -> str:
    """Why two gates never both apply to one request; empty where they may."""
    ours, theirs = one.condition.get("payload_equals", {}), other.condition.get("payload_equals", {})
    for name in ours:
        if name in theirs and canonical(ours[name]) != canonical(theirs[name]):
            return f"no payload has both values of {name} that the two gates ask for"
    for name in _equal_and_full(one.condition):
        if _only_missing(other.condition) == (name,):
            return f"{other.id} asks that {name} is missing, and {one.id} that it has a value"
    for name in _equal_and_full(other.condition):
        if _only_missing(one.condition) == (name,):
            return f"{one.id} asks that {name} is missing, and {other.id} that it has a value"
    return ""


def always_refused_without(process: Process, action: str, name: str) -> str:
    """The gate that stops every request of ``action`` whose payload lacks ``name``; empty where there is none."""
    for gate in process.profile.gates:
        if (
            gate.before_action == action
            and gate.type == "decision"
            and not gate.required_artifacts
            and name in _only_missing(gate.condition)
        ):
            return gate.id
    return ""


def _fires_first(earlier: Gate, gate: Gate) -> bool:
    """Whether ``earlier`` fires for every request for which ``gate`` would."""
    if _facts(earlier.condition) or not _implies(gate.condition, earlier.condition):
        return False
    if earlier.type == "decision" and not earlier.required_artifacts:
        return True
    if earlier.type == "approval":
        return gate.type == "approval" and gate.required_approval == earlier.required_approval
    # It fires while one of its artifacts is missing, and ``gate`` only while one of its own is.
    needs = gate.type != "approval" and bool(gate.required_artifacts)
    return needs and set(gate.required_artifacts) <= set(earlier.required_artifacts)


def _implies(narrow: Mapping[str, Any], wide: Mapping[str, Any]) -> bool:
    """Whether ``wide`` holds whenever ``narrow`` does: each thing that it asks, the other asks as well."""
    asked = set(_parts(narrow))
    return all(part in asked or _by_one(narrow, part) for part in _parts(wide))


def _parts(condition: Mapping[str, Any]) -> Iterator[_Part]:
    """The single things that must all hold; an operator with names of which one is enough is one thing."""
    for operator, operand in condition.items():
        if operator == "always":
            continue
        if isinstance(operand, dict):
            for name, value in operand.items():
                yield operator, name, canonical(value)
        else:
            yield operator, "", frozenset(_names(operand))


def _by_one(narrow: Mapping[str, Any], part: _Part) -> bool:
    """Whether one of some names is enough for ``part``, and ``narrow`` asks for fewer of the same."""
    operator, _, names = part
    if operator not in ("payload_missing", "payload_contains_any") or operator not in narrow:
        return False
    return isinstance(names, frozenset) and names.issuperset(_names(narrow[operator]))


def _names(operand: Any) -> tuple[str, ...]:
    return (operand,) if isinstance(operand, str) else tuple(operand)


def _only_missing(condition: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a condition that asks for nothing but that one of them is missing."""
    asked = {operator: operand for operator, operand in condition.items() if operator != "always"}
    return _names(asked["payload_missing"]) if list(asked) == ["payload_missing"] else ()


def _equal_and_full(condition: Mapping[str, Any]) -> Iterator[str]:
    """The names for which a condition asks a value that does not count as missing."""
    for name, value in condition.get("payload_equals", {}).items():
        if value not in (None, "", [], {}):
            yield name


def _facts(condition: Mapping[str, Any]) -> bool:
    return any(operator in condition for operator in _FACTS)


def _of_payload(condition: Mapping[str, Any]) -> dict[str, Any]:
    """What a condition asks of the payload."""
    return {operator: operand for operator, operand in condition.items() if operator not in _FACTS}
