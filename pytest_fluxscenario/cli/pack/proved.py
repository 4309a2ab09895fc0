"""What a proof found, for people."""

from __future__ import annotations

import json
from typing import Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console.render import Outputs, one_line, plural
from pytest_fluxscenario.model.proof import ProofReport, ProofStep, PropertyReport

_COLOURS: Final = {"proved": "green", "refuted": "red", "undecided": "yellow"}
_SAID: Final = {"proved": "proved", "refuted": "refuted", "undecided": "not decided"}
#: Reasons of which all are told.
_MOST_GAPS: Final = 10


def tell_proof(report: ProofReport, outputs: Outputs, duration: float) -> None:
    """Tell each property with what refutes it, what each end needs, and why it is no proof where it is none."""
    out = outputs.out
    for one in report.properties:
        out.write(_SAID[one.verdict], _COLOURS[one.verdict])
        out.line(f" {one.id}: {one.says} ({one.checked} checked)")
        if one.counterexample is not None:
            _tell_counterexample(one, outputs)
    every = "every way that was seen needs" if report.gaps else "every way needs"
    for end in report.guarantees:
        needs = f"{every} {', '.join(end.approvals)}" if end.approvals else "some way needs no approval"
        some = f", some ways also {', '.join(end.sometimes)}" if end.sometimes else ""
        out.line(one_line(f"{end.route} by {end.action}: {needs}{some}"))
        out.line(one_line(f"    the run holds {', '.join(end.artifacts) or 'no artifact'}"), "dim")
    for names, said in (
        (report.silent_gates, "no request meets the gate"),
        (report.closed_actions, "nothing ever allows the action"),
    ):
        for name in names:
            out.line(one_line(f"{said} {name}"), "yellow")
    for gap in report.gaps[:_MOST_GAPS]:
        out.line(one_line(f"not a proof: {gap}"), "yellow")
    if len(report.gaps) > _MOST_GAPS:
        out.line(f"not a proof: {len(report.gaps) - _MOST_GAPS} reasons more", "yellow")
    for path in report.unread:
        outputs.err.line(one_line(f"warning: {path}: cannot be read, its payloads are not tried"), "yellow")
    hooks = "hooks may say anything" if report.hooks == "any" else "hooks called for real"
    out.line(
        f"{_SAID[report.verdict]}: {plural(report.states, 'state')}, {plural(report.requests, 'request')} "
        f"({report.decided} decided), {hooks} ({duration:.1f} s)",
        _COLOURS[report.verdict],
    )


def _tell_counterexample(one: PropertyReport, outputs: Outputs) -> None:
    found = one.counterexample
    if found is None:
        return
    out = outputs.out
    out.line(one_line(f"    {found.message}"))
    for number, step in enumerate(found.steps, 1):
        out.line(one_line(f"    {number}. {_step(step)}"))
    if found.file:
        holds = "which shows it" if found.runs else "which needs hooks that answer so"
        out.line(one_line(f"    written to {found.file}, {holds}"))


def _step(step: ProofStep) -> str:
    if step.approval is not None:
        said = {name: value for name, value in step.approval.items() if name != "role"}
        return f"approve by {step.role}: {json.dumps(said, ensure_ascii=False)}"
    payload = shown(json.dumps(step.payload, ensure_ascii=False), 200)
    hooks = "".join(
        f", {hook} {'fails' if said == 'fails' else 'says ' + shown(json.dumps(said, ensure_ascii=False), 200)}"
        for hook, said in step.hooks.items()
    )
    gate = f" at {step.gate_id}" if step.gate_id else ""
    return f"{step.action} by {step.role} {payload}{hooks}: {step.status} {step.route}{gate}".rstrip()
