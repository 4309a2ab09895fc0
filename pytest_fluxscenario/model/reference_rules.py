"""The rules of what a scenario's strings refer to: parameters, captured values, earlier steps (scenario.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import msgspec

from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.findings import Findings
from pytest_fluxscenario.model.references import (
    CAPTURE_NAME,
    PARAMETER_NAME,
    STEPS,
    Slot,
    is_reference,
    path_fault,
    references,
)
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.scenario import Scenario, Step
from pytest_fluxscenario.model.slips import slip_hint

RESPONSE_FIELDS: Final = Response.__struct_fields__
_HOW: Final = "write ${name} or ${steps.<name>.<field>}, and $${ for a literal ${"


def check_references(scenario: Scenario, findings: Findings) -> None:
    """Add to ``findings`` what is wrong in the parameters, captures and references of ``scenario``."""
    scope = _Scope(findings, _check_parameters(scenario, findings), Counter(step.name for step in scenario.steps))
    scope.captured_in = _captured_in(scenario)
    for index, step in enumerate(scenario.steps):
        at: Pointer = ("steps", index)
        for pointer, text in _strings(msgspec.to_builtins(step), at):
            for slot in references(text):
                scope.check(slot, pointer, index)
        for pointer, key in _keys(msgspec.to_builtins(step), at):
            if references(key):
                message = f"'{shown(key, 80)}' is a key, and references are replaced in values only"
                findings.add("reference-in-key", pointer, message, key=True, severity="warning")
        _check_captures(step, at, scope)
        scope.leave(step)
    for part in ("given", "environment"):
        for pointer, text in _strings(msgspec.to_builtins(getattr(scenario, part)), (part,)):
            if references(text):
                message = "references are replaced in the strings of steps only, so this stays as it is written"
                findings.add("reference-outside-steps", pointer, message, severity="warning")


def check_whole(findings: Findings, value: object, wanted: str, pointer: Pointer) -> None:
    """Note it where a string stands in the place of another type (``wanted``, in words) and is not one reference."""
    if isinstance(value, str) and not is_reference(value):
        message = (
            f"'{pointer[-1]}' must be {wanted} or one reference like ${{name}}, not the string '{shown(value, 80)}'"
        )
        findings.add("type", pointer, message, slip_hint(value, wanted.replace(" or ", ", ").split(", ")))


def _check_parameters(scenario: Scenario, findings: Findings) -> dict[str, int]:
    """The names of the parameters, each with the first row that has it."""
    rows = scenario.parameters or ()
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        for name in row:
            if name not in first:
                first[name] = index
                if not PARAMETER_NAME.fullmatch(name) or name == STEPS:
                    message = f"'{shown(name, 80)}' cannot be the name of a parameter"
                    hint = "letters, digits and '_', begun by a lowercase letter or '_', and not 'steps'"
                    findings.add("parameter-name", ("parameters", index, name), message, hint, key=True)
    for index, row in enumerate(rows):
        count = len(first) - len(row)
        if count:
            lacking = next((name, other) for name, other in first.items() if name not in row)
            message = f"row {index} has no '{shown(lacking[0], 80)}', which row {lacking[1]} has"
            message += f", nor {count - 1} more" if count > 1 else ""
            findings.add("parameter-missing", ("parameters", index), message, "all rows have the same names")
    return first


def _captured_in(scenario: Scenario) -> dict[str, int]:
    """Each captured name with the first step that captures it."""
    found: dict[str, int] = {}
    for index, step in enumerate(scenario.steps):
        for name in step.capture or ():
            found.setdefault(name, index)
    return found


def _check_captures(step: Step, at: Pointer, scope: _Scope) -> None:
    findings = scope.findings
    for name, path in (step.capture or {}).items():
        pointer = (*at, "capture", name)
        if not CAPTURE_NAME.fullmatch(name) or name == STEPS:
            message = f"'{shown(name, 80)}' cannot be the name of a captured value"
            hint = "lowercase letters, digits and '_', not begun by a digit, and not 'steps'"
            findings.add("capture-name", pointer, message, hint, key=True)
        elif name in scope.parameters:
            message = f"'{name}' is the name of a parameter already"
            findings.add("capture-name", pointer, message, "choose another name", key=True)
        if not references(path):
            scope.check_path(path, pointer)


@dataclass(slots=True)
class _Scope:
    """What the strings of one step may refer to."""

    findings: Findings
    parameters: dict[str, int]
    #: How many steps have a name.
    names: Counter[str]
    captured_in: dict[str, int] = field(default_factory=dict)
    #: Values captured by earlier steps, and earlier steps that have a response.
    captured: dict[str, None] = field(default_factory=dict)
    answered: dict[str, None] = field(default_factory=dict)

    def leave(self, step: Step) -> None:
        """What ``step`` gives to the steps after it."""
        self.captured.update(dict.fromkeys(step.capture or ()))
        if step.approve is None:
            self.answered[step.name] = None

    def check(self, slot: Slot, pointer: Pointer, index: int) -> None:
        """Check one reference in a string of step ``index``."""
        if slot.fault:
            written = f"'${{{shown(slot.inner, 80)}}}': " if slot.inner else ""
            self.findings.add("reference", pointer, written + slot.fault, _HOW)
        elif pointer == ("steps", index, "name"):
            if slot.name not in self.parameters:
                message = f"'${{{shown(slot.inner, 80)}}}' is no parameter, and a step's name refers to nothing else"
                self.findings.add("unknown-reference", pointer, message, word=slot.inner, known=self.parameters)
        elif slot.name is None:
            self._check_step(slot, pointer)
        elif slot.name not in self.parameters and slot.name not in self.captured:
            self._add_unknown(slot.name, pointer, index)

    def check_path(self, path: str, pointer: Pointer) -> None:
        """Check a path into a response."""
        name = path.partition(".")[0]
        if name not in RESPONSE_FIELDS:
            message = f"'{shown(name, 80)}' is no field of a response"
            self.findings.add("unknown-response-field", pointer, message, word=name, known=RESPONSE_FIELDS)
        elif path_fault(path):
            self.findings.add("response-path", pointer, f"'{shown(path, 80)}' is no path", path_fault(path))

    def _add_unknown(self, name: str, pointer: Pointer, index: int) -> None:
        message = f"nothing is called '${{{shown(name, 80)}}}' here"
        where = self.captured_in.get(name)
        hint = ""
        if where is not None:
            hint = (
                "this step captures it itself" if where == index else f"step {where + 1} captures it, which comes later"
            )
        if not hint and not self.parameters and not self.captured:
            hint = "the scenario has no parameters, and no earlier step captures anything"
        self.findings.add(
            "unknown-reference", pointer, message, hint, word=name, known=chain(self.parameters, self.captured)
        )

    def _check_step(self, slot: Slot, pointer: Pointer) -> None:
        meant = slot.step_field(self.names)
        if meant is None:
            word = slot.inner.split(".", 1)[1].rpartition(".")[0]
            message = f"no step is called '{shown(word, 80)}'"
            hint = "" if self.answered else "no earlier step has a response"
            self.findings.add("unknown-step", pointer, message, hint, word=word, known=self.answered)
            return
        name, path = meant
        if self.names[name] > 1:
            message = f"{self.names[name]} steps are called '{shown(name, 80)}'"
            self.findings.add("ambiguous-step", pointer, message, "a step that is referred to needs a name of its own")
        elif name not in self.answered:
            message = f"step '{shown(name, 80)}' has no response here"
            self.findings.add("later-step", pointer, message, "only an earlier step with an action has one")
        self.check_path(path, pointer)


def _keys(value: Any, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    """Every key in ``value`` that may hold a reference, with its pointer."""
    pending = [(value, at)]
    while pending:
        value, at = pending.pop()
        if isinstance(value, dict):
            yield from (((*at, key), key) for key in value if "${" in key)
            pending += [(inner, (*at, key)) for key, inner in value.items()]
        elif isinstance(value, list | tuple):
            pending += [(inner, (*at, index)) for index, inner in enumerate(value)]


def _strings(value: Any, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    """Every string in ``value`` that may hold a reference, with its pointer; keys are not replaced."""
    pending = [(value, at)]
    while pending:
        value, at = pending.pop()
        if isinstance(value, str):
            if "${" in value:
                yield at, value
        elif isinstance(value, dict):
            pending += [(inner, (*at, key)) for key, inner in value.items()]
        elif isinstance(value, list | tuple):
            pending += [(inner, (*at, index)) for index, inner in enumerate(value)]
