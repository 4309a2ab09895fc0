"""Mutants of conditions: always, the opposite, or with one of the things that they ask left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from pytest_fluxscenario.analysis.mutation.mutant import Example, Mutant, expected
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.shadows import shadow_of
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.profile import Gate
from pytest_fluxscenario.packs.conditions import asks_facts

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
    does: Final = "makes a condition mean its opposite; of one that asks for facts, what it asks of the facts"
    example: Final = Example(
        {"gates": [{"id": "a", "condition": {"payload_missing": ["amount"]}}]}, "a", {"negated": [0]}
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each gate that has a condition."""
        for at, gate in enumerate(process.profile.gates):
            if _asks(gate):
                facts = asks_facts(gate.condition)
                holds = "the facts are not as it asks" if facts else "its condition does not hold"
                yield Mutant(
                    self.name,
                    gate.id,
                    ("gates", at, "condition"),
                    f"the gate {gate.id} applies where {holds}",
                    f"a step of {gate.before_action} that the gate stops, and one that it leaves alone",
                    f"condition: {_said(gate.condition)}",
                    f"condition: not {_said(gate.condition)}",
                    partial(replace, process, negated=frozenset({at})),
                    frozenset({gate.before_action}),
                )


class FactsIgnored:
    """A gate asks its hook, and goes on whatever the facts are."""

    name: Final = "facts-ignored"
    does: Final = "lets a gate ask its hook and go on, whatever the facts are; a failure still stops"
    example: Final = Example(
        {"gates": [{"id": "a", "condition": {"fact_true": "late"}, "hook": "h"}]}, "a", {"deaf": [0]}
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each gate whose condition asks for facts."""
        for at, gate in enumerate(process.profile.gates):
            if asks_facts(gate.condition):
                yield Mutant(
                    self.name,
                    gate.id,
                    ("gates", at, "condition"),
                    f"the gate {gate.id} lets every request pass, whatever its hook says",
                    f"a step that it stops for its facts: {expected(gate)}",
                    f"condition: {_said(gate.condition)}",
                    f"condition: {_said(gate.condition)}, which never holds",
                    partial(replace, process, deaf=frozenset({at})),
                    frozenset({gate.before_action}),
                    partial(shadow_of, process, at),
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
    return Mutant(
        operator,
        gate.id + part,
        ("gates", at, "condition"),
        what,
        catch,
        f"condition: {_said(before)}",
        f"condition: {_said(after)}",
        partial(process.with_gate, at, condition=after),
        frozenset({gate.before_action}),
        partial(_out_of_reach, process, at, after),
    )


def _out_of_reach(process: Process, at: int, after: dict[str, Any]) -> str:
    # As it is, and also with a condition that holds more often.
    return shadow_of(process, at) and shadow_of(process.with_gate(at, condition=after), at)


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
