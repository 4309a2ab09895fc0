"""Mutants of conditions: always, the opposite, or with one of the things that they ask left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from pytest_fluxscenario.analysis.mutation.mutant import Example, Mutant
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.shadows import shadow_of
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.control.conditions import compile_condition
from pytest_fluxscenario.model.profile import Gate

_LISTS = ("payload_missing", "payload_contains_any", "fact_true")


class ConditionConstant:
    """A gate applies to every request."""

    name: Final = "condition-always"
    does: Final = "makes a gate apply to every request"
    example: Final = Example(
        {"gates": [{"id": "a", "condition": {"payload_missing": ["amount"]}}]},
        "a",
        {"gates": [{"id": "a", "condition": {"always": True}}]},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each gate that has a condition; without any it applies already."""
        for at, gate in enumerate(process.profile.gates):
            if _asks(gate):
                yield _mutant(
                    self.name,
                    process,
                    at,
                    "",
                    f"the gate {gate.id} applies to every request",
                    f"a step of {gate.before_action} that its condition leaves alone, in a run in which it would fire",
                    gate.condition,
                    {"always": True},
                )


class ConditionNegated:
    """A gate applies where it did not, and the other way round."""

    name: Final = "condition-negated"
    does: Final = "makes a condition on the payload mean its opposite"
    example: Final = Example(
        {"gates": [{"id": "a", "condition": {"payload_missing": ["amount"]}}]}, "a", {"negated": [0]}
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each gate whose condition looks at the payload alone."""
        for at, gate in enumerate(process.profile.gates):
            if _asks(gate) and not compile_condition(gate.condition).facts:
                yield Mutant(
                    self.name,
                    gate.id,
                    ("gates", at, "condition"),
                    f"the gate {gate.id} applies where its condition does not hold",
                    f"a step of {gate.before_action} that the gate stops, and one that it leaves alone",
                    f"condition: {_said(gate.condition)}",
                    f"condition: not {_said(gate.condition)}",
                    replace(process, negated=frozenset({at})),
                    frozenset({gate.before_action}),
                )


class ConditionPartDropped:
    """A condition asks one thing less."""

    name: Final = "condition-part-dropped"
    does: Final = "leaves out one operator of a condition, or one name or value of an operator"
    example: Final = Example(
        {"gates": [{"id": "a", "condition": {"payload_missing": ["amount", "currency"]}}]},
        "a.payload_missing.amount",
        {"gates": [{"id": "a", "condition": {"payload_missing": ["currency"]}}]},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each part of a condition that has several; without its only one it would hold always."""
        for at, gate in enumerate(process.profile.gates):
            for target, condition in _fewer(gate.condition):
                yield _mutant(
                    self.name,
                    process,
                    at,
                    f".{target}",
                    f"the condition of the gate {gate.id} does not look at {shown(target, 80)}",
                    f"a step of {gate.before_action} for which only that decides whether the gate fires",
                    gate.condition,
                    condition,
                )


def _fewer(condition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    operators = [operator for operator in condition if operator != "always"]
    for operator in operators:
        others = {name: operand for name, operand in condition.items() if name != operator}
        if len(operators) > 1:
            yield operator, others
        operand = condition[operator]
        if isinstance(operand, dict) and len(operand) > 1:
            for name in operand:
                left = {key: value for key, value in operand.items() if key != name}
                yield f"{operator}.{name}", {**condition, operator: left}
        elif operator in _LISTS and isinstance(operand, list | tuple) and len(operand) > 1:
            for name in operand:
                yield f"{operator}.{name}", {**condition, operator: [one for one in operand if one != name]}


def _asks(gate: Gate) -> bool:
    return any(operator != "always" for operator in gate.condition)


def _mutant(
    operator: str,
    process: Process,
    at: int,
    part: str,
    what: str,
    catch: str,
    before: Mapping[str, Any],
    after: dict[str, Any],
) -> Mutant:
    gate = process.profile.gates[at]
    mutated = process.with_gate(at, condition=after)
    # It must be out of reach as it is, and also with a condition that holds more often.
    shadow = shadow_of(process, at) and shadow_of(mutated, at)
    return Mutant(
        operator,
        gate.id + part,
        ("gates", at, "condition"),
        what,
        catch,
        f"condition: {_said(before)}",
        f"condition: {_said(after)}",
        mutated,
        frozenset({gate.before_action}),
        shadow,
    )


def _said(condition: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{operator}: {_value(operand)}" for operator, operand in condition.items())
    return f"{{{parts}}}"


def _value(value: Any) -> str:
    """A value as a flow collection of YAML, near enough to be read."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{shown(name, 80)}: {_value(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else shown(value, 80)
