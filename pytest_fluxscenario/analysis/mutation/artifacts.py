"""Mutants of artifact types: with less in them, from other sources, never expiring, held against no schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from pytest_fluxscenario.analysis.mutation.mutant import Example, Mutant, because, listed, one_less
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.schemas import WithoutSchema
from pytest_fluxscenario.analysis.mutation.shadows import always_refused_without
from pytest_fluxscenario.model.profile import Action

_CONTROLLER: Final = "controller"
_APPROVER: Final = "approver"
#: docs/adr/0004.
_STANDS: Final = "time stands still in a scenario, so no record expires"


class FieldDropped:
    """An artifact is admitted without a field."""

    name: Final = "required-field-dropped"
    does: Final = "takes one field out of what an artifact requires"
    example: Final = Example(
        {"artifact_types": [{"id": "quote", "required_fields": ["amount", "supplier"]}]},
        "quote.amount",
        {"artifact_types": [{"id": "quote", "required_fields": ["supplier"]}]},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each required field of each type."""
        for at, kind in enumerate(process.profile.artifact_types):
            for number, field, kept, twice in one_less(kind.required_fields):
                yield Mutant(
                    self.name,
                    f"{kind.id}.{field}",
                    ("artifact_types", at, "required_fields", number),
                    f"{kind.id} is admitted without {field}",
                    f"a step that would create {kind.id} from a payload without {field}: "
                    "{status: nok, route: InstructAgent}",
                    f"required_fields: {listed(kind.required_fields)}",
                    f"required_fields: {listed(kept)}",
                    partial(process.with_type, at, required_fields=kept),
                    _producing(process, kind.id),
                    partial(_field_is_there, process, kind.id, field, twice),
                )


class SourceWidened:
    """An artifact is taken from a source that is not allowed."""

    name: Final = "source-widened"
    does: Final = "allows one more source of an artifact"
    example: Final = Example(
        {"roles": ["agent", "system"], "artifact_types": [{"id": "quote", "allowed_sources": ["system"]}]},
        "quote+agent",
        {"artifact_types": [{"id": "quote", "allowed_sources": ["system", "agent"]}]},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each source that is not allowed, of each type that restricts its sources."""
        for at, kind in enumerate(process.profile.artifact_types):
            if kind.allowed_sources is None:
                continue
            for source in (*process.profile.roles, _CONTROLLER):
                if source in kind.allowed_sources or source == _APPROVER:
                    continue
                allowed = (*kind.allowed_sources, source)
                comes = source in _sources(process, kind.id)
                yield Mutant(
                    self.name,
                    f"{kind.id}+{source}",
                    ("artifact_types", at, "allowed_sources"),
                    f"{kind.id} is taken from the source {source}",
                    f"a step in which {source} would create {kind.id}: {{status: nok, route: InstructAgent}}",
                    f"allowed_sources: {listed(kind.allowed_sources)}",
                    f"allowed_sources: {listed(allowed)}",
                    partial(process.with_type, at, allowed_sources=allowed),
                    _producing(process, kind.id),
                    because("" if comes else f"no action that produces {kind.id} has the source {source}"),
                )


class ExpiryDropped:
    """A record counts for ever."""

    name: Final = "expiry-dropped"
    does: Final = "lets the records of an artifact type count for ever"
    example: Final = Example(
        {"artifact_types": [{"id": "quote", "expires_after": 60}]}, "quote", {"artifact_types": [{"id": "quote"}]}
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each type that expires."""
        profile = process.profile
        needed = {name for gate in profile.gates for name in gate.required_artifacts}
        needed.update(profile.completion_report.required)
        for at, kind in enumerate(profile.artifact_types):
            if kind.expires_after is not None:
                yield Mutant(
                    self.name,
                    kind.id,
                    ("artifact_types", at, "expires_after"),
                    f"a {kind.id} never expires",
                    f"a run that uses a {kind.id} after {kind.expires_after} seconds",
                    f"expires_after: {kind.expires_after}",
                    "",
                    partial(process.with_type, at, expires_after=None),
                    proof=because(_STANDS if kind.id in needed else f"nothing requires a {kind.id}"),
                )


class SchemaDropped:
    """An artifact is held against no schema."""

    name: Final = "schema-dropped"
    does: Final = "leaves out the schema of an artifact type"
    example: Final = Example(
        {"artifact_types": [{"id": "quote"}], "schemas": {"quote": {"type": "object"}}},
        "quote",
        {"unchecked": ["quote"]},
    )

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """One for each type that has a schema."""
        for at, kind in enumerate(process.profile.artifact_types):
            if kind.id in process.schemas:
                yield Mutant(
                    self.name,
                    kind.id,
                    ("artifact_types", at, "schema"),
                    f"{kind.id} is admitted without a look at its schema",
                    f"a step that would create {kind.id} from a payload that has the required fields and does not fit "
                    "the schema: {status: nok, route: InstructAgent}",
                    f"schema: {kind.schema}",
                    "",
                    partial(replace, process, check=WithoutSchema(process.check, kind.id)),
                    _producing(process, kind.id),
                    because("" if process.schemas[kind.id] else "the schema allows everything"),
                )


def _producing(process: Process, kind: str) -> frozenset[str]:
    return frozenset(action.id for action in _producers(process, kind))


def _producers(process: Process, kind: str) -> list[Action]:
    return [action for action in process.profile.actions if kind in action.produces_artifacts]


def _sources(process: Process, kind: str) -> set[str]:
    """The sources that a candidate of that type can have (control.md, 9)."""
    found: set[str] = set()
    for action in _producers(process, kind):
        if action.completes_run or action.materialization_mode is not None:
            found.add(_CONTROLLER)
        else:
            found.update(action.allowed_roles)
    return found


def _field_is_there(process: Process, kind: str, field: str, twice: str) -> str:
    """Why a candidate of that type has the field, or is refused all the same."""
    if twice:
        return twice
    schema = process.schemas.get(kind, {})
    required = schema.get("required")
    typed = schema.get("properties", {}).get(field) if isinstance(schema.get("properties"), dict) else None
    # Null stands for absent in a required field, and may be a value for a schema.
    if isinstance(required, list) and field in required and isinstance(typed, dict) and _refuses_null(typed):
        return f"the schema of {kind} requires {field} as well"
    producers = _producers(process, kind)
    gates = [always_refused_without(process, action.id, field) for action in producers]
    if gates and all(gates):
        return f"the gate {gates[0]} stops every request without {field}"
    return "" if producers else f"no action produces {kind}"


def _refuses_null(schema: dict[str, object]) -> bool:
    kinds = schema.get("type")
    return isinstance(kinds, str) and kinds != "null"
