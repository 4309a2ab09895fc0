"""The record of one scenario: a result that does not vary, and beside it what does (evidence.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.canonical import canonical, canonical_without_floats
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.evidence import RECORD_SCHEMA, Artifacts, HookSummary, Result, StepResult, Volatile
from pytest_fluxscenario.model.request import Environment
from pytest_fluxscenario.model.response import HookCallRecord
from pytest_fluxscenario.runner.case import Case
from pytest_fluxscenario.runner.run import Outcome

_encode = msgspec.json.encode
_NO_ARTIFACTS = Artifacts()
_NO_HOOKS = HookSummary()


@dataclass(frozen=True, slots=True)
class Written:
    """A record as it goes into the log."""

    id: str
    #: ``sha256:`` of the canonical JSON of the result.
    ref: str
    #: The whole line, with its line feed.
    line: bytes


def make_result(case: Case, environment: Environment, outcome: Outcome) -> Result:
    """Everything that the seed's runner must record, from what happened."""
    routes: list[str] = []
    gates: list[str] = []
    created: list[str] = []
    missing: list[str] = []
    calls: tuple[HookCallRecord, ...] = ()
    plans: list[Any] = []
    refs: list[str] = []
    for step in outcome.steps:
        response = step.response
        if response is UNSET:
            continue
        if response.route is not UNSET:
            routes.append(response.route)
        if response.gate_id is not UNSET:
            gates.append(response.gate_id)
        if response.created_artifacts is not UNSET:
            created.extend(response.created_artifacts)
        if response.missing_artifacts is not UNSET:
            missing.extend(response.missing_artifacts)
        if response.hook_calls:
            calls += response.hook_calls
        if response.materialization is not UNSET:
            plans.append(response.materialization)
        refs.extend(response.evidence_refs)
    return Result(
        scenario=case.ref,
        profile=case.subject.ref,
        environment=environment,
        verdict=outcome.verdict,
        steps=outcome.steps if not outcome.fault else _with_fault(outcome),
        routes=tuple(routes),
        gates=tuple(gates),
        artifacts=Artifacts(tuple(created), tuple(missing)) if created or missing else _NO_ARTIFACTS,
        hooks=HookSummary(calls, tuple(call for call in calls if call.status != "ok")) if calls else _NO_HOOKS,
        materializations=tuple(plans),
        evidence_refs=tuple(refs),
        specs=() if case.subject.spec is None else (case.subject.spec.ref,),
    )


def write_record(
    item_id: str, result: Result, volatile: Volatile, redactor: Redactor, *, floats: bool = True
) -> Written:
    """The line of one record. ``floats`` is False where the caller knows that the result holds none."""
    shown: Any = result
    if redactor.active:
        shown = redactor.data(msgspec.to_builtins(result))
        item_id = redactor.text(item_id)
        volatile = _redacted(volatile, redactor)
    body = canonical(shown) if floats else canonical_without_floats(shown)
    ref = sha256_ref(body)
    return Written(item_id, ref, record_line(item_id, ref, body, _encode(volatile)))


def record_line(item_id: str, ref: str, result: bytes, volatile: bytes) -> bytes:
    """The line of a record whose parts are already JSON."""
    return b'{"id":%b,"ref":"%b","result":%b,"schema":"%b","volatile":%b}\n' % (
        _encode(item_id),
        ref.encode(),
        result,
        RECORD_SCHEMA.encode(),
        volatile,
    )


def _redacted(volatile: Volatile, redactor: Redactor) -> Volatile:
    """What varies without its secrets: they can be in what plugins note, and in the name of the host."""
    notes = {redactor.text(name): redactor.text(text) for name, text in volatile.notes.items()}
    gear = redactor.text(volatile.gear)
    return msgspec.structs.replace(volatile, host=redactor.text(volatile.host), notes=notes, gear=gear)


def _with_fault(outcome: Outcome) -> tuple[StepResult, ...]:
    """The steps of a run that could not begin: the first says why."""
    first, *rest = outcome.steps
    return (msgspec.structs.replace(first, verdict="error", fault=outcome.fault), *rest)
