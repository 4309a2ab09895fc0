"""The part of a packet that says what ran, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pytest_fluxscenario.analysis.review.blocks import (
    MOST_LISTED,
    Block,
    Code,
    Folded,
    Inline,
    Items,
    Line,
    Spot,
    Table,
    Text,
    Tone,
    Word,
    said,
)
from pytest_fluxscenario.analysis.review.words import counted
from pytest_fluxscenario.model.review import Packet, RunView, ScenarioView

#: Passed scenarios whose steps are written out; the evidence has all of them.
MOST_STEPS: Final = 400
_TONES: Final[dict[str, Tone]] = {"passed": "good", "failed": "bad", "error": "bad", "crashed": "bad"}


def scenario_blocks(packet: Packet) -> Iterator[Block]:
    """Classes, outcomes, and every scenario: first those that did not pass."""
    if packet.classes:
        rows = [
            ([Code(one.name)], [str(one.scenarios) if one.scenarios else Word("none", "bad")], [one.reason])
            for one in packet.classes
        ]
        yield Table(("Class", "scenarios", ""), rows)
    run = packet.run
    if run is None:
        yield Text([Word("No scenario ran", "bad"), f": {packet.no_run}"])
        return
    told: list[Inline] = []
    for outcome, count in run.counts.items():
        told += [", " if told else "", Word(f"{count} {_worded(outcome)}", _TONES.get(outcome, "warn"))]
    yield Text(said(told or Word("Nothing ran", "bad"), "."))
    if run.elsewhere:
        yield Text([f"{counted(run.elsewhere, 'scenario')} of the same evidence ran on other rules, and are left out."])
    yield from _outcomes(run)


def _outcomes(run: RunView) -> Iterator[Block]:
    bad = [one for one in run.scenarios if one.outcome != "passed"]
    for one in bad[:MOST_LISTED]:
        yield _scenario(one, _named(one), opened=True)
    if len(bad) > MOST_LISTED:
        yield Text([Word(f"{len(bad) - MOST_LISTED} more did not pass", "bad"), "; the evidence has them."])
    passed = [one for one in run.scenarios if one.outcome == "passed"]
    groups: dict[tuple[str, str], list[ScenarioView]] = {}
    for one in passed[:MOST_STEPS]:
        groups.setdefault(_without_row(one), []).append(one)
    for (_, name), rows in groups.items():
        if len(rows) == 1:
            yield _scenario(rows[0], _named(rows[0]))
        else:
            yield _rows(name, sorted(rows, key=_row))
    if len(passed) > MOST_STEPS:
        yield Text([f"{counted(len(passed) - MOST_STEPS, 'scenario')} more passed; the evidence has their steps."])


def _named(one: ScenarioView) -> Line:
    return _summary(one.outcome, one.id.rpartition("::")[2], one.description)


def _summary(outcome: str, name: str, description: str) -> Line:
    more = f": {description}" if description else ""
    return [Word(_worded(outcome), _TONES.get(outcome, "warn")), " ", Code(name), more]


def _rows(name: str, rows: Sequence[ScenarioView]) -> Folded:
    """The rows of one scenario, all passed, under one heading."""
    summary = said(_summary("passed", name, rows[0].description), f" ({len(rows)} rows)")
    return Folded(summary, [_scenario(one, [f"Row {_row(one)}"]) for one in rows])


def _without_row(one: ScenarioView) -> tuple[str, str]:
    path, _, name = one.id.rpartition("::")
    return path, name.partition("[")[0]


def _row(one: ScenarioView) -> int:
    digits = one.id.rpartition("[")[2].rstrip("]")
    return int(digits[:9]) if digits.isascii() and digits.isdigit() else 0


def _scenario(one: ScenarioView, summary: Line, *, opened: bool = False) -> Folded:
    about: list[Inline] = [f"{', '.join(one.classes)} "] if one.classes else []
    if one.note:
        about.append(f"{one.note} ")
    if one.ref:
        about += ["record ", Code(one.ref)]
    about.append(Spot(one.where or one.id))
    blocks: list[Block] = [Text(about)]
    if one.begins:
        blocks += [Text(["The run starts with:"]), Items([[_cut(line)] for line in one.begins])]
    return Folded(summary, [*blocks, _steps(one)] if one.steps else blocks, opened)


def _steps(one: ScenarioView) -> Table:
    rows: list[Sequence[Line]] = []
    for number, step in enumerate(one.steps, 1):
        verdict = step.verdict if step.verdict != "skipped" else "not reached"
        tone = _TONES.get(step.verdict, "warn")
        sent: list[Inline] = [Code(_cut(step.payload))] if step.payload else []
        if step.key:
            sent += [" key ", Code(step.key)]
        answer: list[Inline] = [step.answer]
        for differs in step.differs:
            answer += ["; ", Word(differs, "bad")]
        rows.append(
            ([f"{number}. {step.name}"], [Code(step.action), f" by {step.actor}"], sent, answer, [Word(verdict, tone)])
        )
    return Table(("Step", "asks for", "sent", "answer", ""), rows)


def _cut(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]}… ({len(text)} characters)"


def _worded(outcome: str) -> str:
    return {"error": "without a verdict", "xfailed": "failed as expected", "not_run": "not run"}.get(outcome, outcome)
