"""The part of a packet that says what was proved of the rules, and within which bound (prove.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from pytest_fluxscenario.analysis.review.blocks import Block, Code, Inline, Items, Line, Table, Text, Tone, Word, names
from pytest_fluxscenario.analysis.review.words import counted
from pytest_fluxscenario.model.proof import CounterexampleReport, ProofReport, ProofStep
from pytest_fluxscenario.model.review import ProofView

_SAID: Final = {"proved": "proved", "refuted": "refuted", "undecided": "not decided"}
_TONES: Final[dict[str, Tone]] = {"proved": "good", "refuted": "bad", "undecided": "warn"}


def proved_blocks(proof: ProofView) -> Iterator[Block]:
    """The properties, what every way to an end has in common, and what was looked at for it."""
    report = proof.report
    if report is None:
        yield Text([Word("Nothing was proved", "warn"), f": {proof.not_tried}"])
        return
    yield Text(list(_bound(report)))
    properties: list[Sequence[Line]] = [
        ([Word(_SAID[one.verdict], _TONES[one.verdict])], [one.says], [str(one.checked)]) for one in report.properties
    ]
    yield Table(("Property", "", "checked"), properties)
    for one in report.properties:
        if one.counterexample is not None:
            yield Text([Word("refuted", "bad"), f": {one.says}. {one.counterexample.message}"])
            yield _steps(one.counterexample)
    if report.guarantees:
        known = "What every way to an end needs" if report.verdict == "proved" else "What every way that was seen needs"
        yield Text([f"{known}, in whatever order it is asked:"])
        ends: list[Sequence[Line]] = [
            (
                [Code(end.action), f" {end.route}"],
                names(end.approvals, "no approval"),
                names(end.sometimes, "none"),
                names(end.artifacts, "no record"),
            )
            for end in report.guarantees
        ]
        yield Table(("End", "approvals on every way", "on some ways", "records that the run always holds"), ends)
    for gap in report.gaps:
        yield Text([Word("not a proof", "warn"), f": {gap}"])


def _bound(report: ProofReport) -> Iterator[Inline]:
    yield Word(_SAID[report.verdict], _TONES[report.verdict])
    hooks = "whatever hooks say" if report.hooks == "any" else "with the answers of the pack's own hooks"
    yield f": {counted(report.states, 'state')} and {counted(report.requests, 'request')} in them, {hooks}; at most "
    yield f"{counted(report.max_states, 'state')}, {report.max_seconds:g} seconds and {report.max_depth} steps."


def _steps(found: CounterexampleReport) -> Items:
    return Items([list(_step(number, step)) for number, step in enumerate(found.steps, 1)])


def _step(number: int, step: ProofStep) -> Iterator[Inline]:
    if step.approval is not None:
        yield f"{number}. {step.role} approves "
        yield Code(json.dumps(step.approval, ensure_ascii=False))
        return
    yield f"{number}. "
    yield Code(step.action)
    yield f" by {step.role}"
    if step.payload is not None:
        yield " with "
        yield Code(json.dumps(step.payload, ensure_ascii=False))
    for hook, said in step.hooks.items():
        yield ", where the hook "
        yield Code(f"{hook} says {json.dumps(said, ensure_ascii=False)}")
    at = f" at {step.gate_id}" if step.gate_id else ""
    yield f": {step.status} {step.route}{at}"
