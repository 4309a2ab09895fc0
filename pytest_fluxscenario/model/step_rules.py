"""The rules of a scenario's own fields, of what a run is given, and of its steps (scenario.md)."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

from pytest_fluxscenario.base.names import scenario_id_fault
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.expectation_rules import check_expectation
from pytest_fluxscenario.model.findings import Findings, check_visible
from pytest_fluxscenario.model.labels import marker_fault, version_fault
from pytest_fluxscenario.model.reference_rules import check_whole
from pytest_fluxscenario.model.references import references
from pytest_fluxscenario.model.request import Actor, Approval, Given
from pytest_fluxscenario.model.scenario import Approve, Scenario, Step
from pytest_fluxscenario.model.vocabulary import CLASSES, FAULT_KINDS, GENERATED_CLASSES, ROLES

_KNOWN_CLASSES: Final = (*CLASSES, *GENERATED_CLASSES)
_SOURCES: Final = (*ROLES, "controller")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_ACTION_FIELDS: Final = ("actor", "payload", "expectation")
_APPROVE_LEAVES_OUT: Final = ("actor", "payload", "idempotency_key", "expectation", "capture")


def check_header(scenario: Scenario, findings: Findings) -> None:
    """The scenario's own names, version, tags, classes and reasons."""
    fault = scenario_id_fault(scenario.id)
    if fault:
        findings.add("id", ("id",), f"'{shown(scenario.id, 80)}' is no id", fault)
    check_visible(findings, scenario.profile_id, ("profile_id",))
    fault = version_fault(scenario.profile_version)
    if fault:
        message = f"'{shown(scenario.profile_version, 80)}' is no version of a profile"
        findings.add("profile-version", ("profile_version",), message, fault)
    for index, tag in enumerate(scenario.tags):
        fault = marker_fault(tag)
        if fault:
            findings.add("tag", ("tags", index), f"'{shown(tag, 80)}' cannot be a tag", fault)
    for index, name in enumerate(scenario.classes):
        if name not in _KNOWN_CLASSES:
            message = f"unknown class '{shown(name, 80)}'"
            pointer = ("classes", index)
            findings.add("unknown-class", pointer, message, word=name, known=_KNOWN_CLASSES, severity="warning")
    for field, reason in (("skip", scenario.skip), ("xfail", scenario.xfail)):
        if reason is not None and not reason.strip():
            findings.add("no-reason", (field,), f"'{field}' must say why", f"write the reason, or leave '{field}' out")


def check_given(given: Given, findings: Findings) -> None:
    """The artifacts and approvals that a run starts with."""
    for index, artifact in enumerate(given.artifacts):
        at: Pointer = ("given", "artifacts", index)
        check_visible(findings, artifact.type, (*at, "type"))
        if artifact.source not in _SOURCES:
            message = f"unknown source '{shown(artifact.source, 80)}'"
            findings.add("unknown-source", (*at, "source"), message, word=artifact.source, known=_SOURCES)
    for index, approval in enumerate(given.approvals):
        _check_approval(approval, ("given", "approvals", index), findings, replaced=False)


def check_step(step: Step, at: Pointer, findings: Findings, matchers: Collection[str]) -> None:
    """One step; ``matchers`` are the matchers that exist."""
    if step.action is not None:
        if step.approve is not None:
            message = "a step has either 'action' or 'approve', not both"
            findings.add(
                "action-and-approve", (*at, "approve"), message, "make the approval a step of its own", key=True
            )
        for field in _ACTION_FIELDS:
            if getattr(step, field) is None:
                findings.add("step-field", at, f"a step with an action needs '{field}'")
        check_visible(findings, step.action, (*at, "action"))
    elif step.approve is None:
        findings.add("step-field", at, "a step needs 'action' or 'approve'")
    else:
        for field in _APPROVE_LEAVES_OUT:
            if getattr(step, field) is not None:
                message = f"an approve step has no '{field}'"
                hint = "an approval is no control request, so nothing answers it"
                findings.add("approve-field", (*at, field), message, hint, key=True)
    check_whole(findings, step.actor, "an object", (*at, "actor"))
    check_whole(findings, step.payload, "an object", (*at, "payload"))
    if isinstance(step.actor, Actor):
        check_visible(findings, step.actor.id, (*at, "actor", "id"))
        check_visible(findings, step.actor.role, (*at, "actor", "role"))
    if step.approve is not None:
        _check_approval(step.approve, (*at, "approve"), findings, replaced=True)
    check_faults(step.faults, at, findings)
    if step.expectation is not None:
        check_expectation(step.expectation, (*at, "expectation"), findings, matchers)


def _check_approval(approval: Approval | Approve, at: Pointer, findings: Findings, *, replaced: bool) -> None:
    """``replaced`` says whether references in it are, so that one may stand for the role or the moment."""
    for field, text in (("role", approval.role), ("scope", approval.scope), ("by", approval.by)):
        check_visible(findings, text or "", (*at, field))
    # No gate can ask for another role: a scenario that shows who waits would pass, for the wrong reason.
    if approval.role not in ROLES and not (replaced and references(approval.role)):
        message = f"unknown role '{shown(approval.role, 80)}'"
        findings.add("unknown-role", (*at, "role"), message, word=approval.role, known=ROLES, severity="warning")
    check_whole(findings, approval.values, "an object", (*at, "values"))
    moment = approval.expires_at
    if moment is None or (replaced and references(moment)) or _is_moment(moment):
        return
    message = f"'{shown(moment, 80)}' is no moment"
    findings.add("expires-at", (*at, "expires_at"), message, "write date, time and offset: 2026-01-31T12:00:00Z")


def _is_moment(text: str) -> bool:
    """Whether ``text`` is RFC 3339 with its offset."""
    if not _MOMENT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def check_faults(faults: dict[str, str] | None, at: Pointer, findings: Findings) -> None:
    """The faults of the scenario (``at`` is empty) or of a step."""
    for hook, kind in (faults or {}).items():
        pointer = (*at, "faults", hook)
        check_visible(findings, hook, pointer, key=True)
        # Only the strings of steps have their references replaced.
        if kind not in FAULT_KINDS and not (at and references(kind)):
            message = f"unknown fault '{shown(kind, 80)}'"
            findings.add("unknown-fault", pointer, message, word=kind, known=FAULT_KINDS)
