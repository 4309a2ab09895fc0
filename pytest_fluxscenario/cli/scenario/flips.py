"""What two versions of a process answer otherwise, for people: what is allowed now and was not comes first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import UNSET

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console.render import Outputs, one_line, plural
from pytest_fluxscenario.model.flips import Direction, FieldFlip, Flips, FlipSide, ScenarioFlip, StepFlip

_STYLES: Final[Mapping[Direction, str]] = {"loosened": "red", "tightened": "yellow", "changed": ""}
#: What the line of a step says already.
_IN_LINE: Final = ("status", "route", "gate_id")
#: Longest value that is shown, in characters.
_VALUE: Final = 200


def tell_flips(flips: Flips, outputs: Outputs, *, verbose: bool = False) -> None:
    """Print it: a line for each step, loosened first; then scenarios whose verdict flips, and what was left out.

    ``verbose`` shows every value that differs, also where the line of the step says what matters.
    """
    for direction in _STYLES:
        for found in flips.scenarios:
            for step in found.steps:
                if step.direction == direction:
                    _tell_step(found, step, outputs, verbose=verbose)
    for found in flips.scenarios:
        if found.old != found.new:
            style = "green" if found.new == "passed" else "red" if found.old == "passed" else ""
            outputs.out.write(f"{_place(found, found.line)}: ")
            outputs.out.write("verdict", style)
            outputs.out.line(one_line(f" {_name(found)}: {found.old} -> {found.new}"))
    for one in flips.left_out:
        outputs.err.line(one_line(f"{shown(one.file)}:{one.line}: left out: {_of(one.id)} {one.why}"), "yellow")
    _tell_sides(flips, outputs)


def _tell_step(found: ScenarioFlip, step: StepFlip, outputs: Outputs, *, verbose: bool) -> None:
    out = outputs.out
    out.write(f"{_place(found, step.line)}: ")
    out.write(step.direction, _STYLES[step.direction])
    name = f"step {step.index} '{shown(step.name, 80)}'" if step.index else "as a whole"
    alike = step.old.text == step.new.text
    answers = f"{step.old.text} on both" if alike else f"{step.old.text} -> {step.new.text}"
    out.line(one_line(f" {_name(found)} {name}: {answers}"))
    for side, answer in (("OLD", step.old), ("NEW", step.new)):
        if answer.fault:
            out.line(one_line(f"    {side}: {answer.fault}"))
    _tell_fields([field for field in step.fields if field.field not in _IN_LINE], outputs, whole=alike or verbose)
    if step.unreached:
        out.line(f"    only one side went on: {plural(step.unreached, 'step')} after it not compared")


def _tell_fields(fields: Sequence[FieldFlip], outputs: Outputs, *, whole: bool) -> None:
    if whole:
        for field in fields:
            outputs.out.line(one_line(f"    {field.field}: {_value(field.old)} -> {_value(field.new)}"), "dim")
    elif fields:
        outputs.out.line(f"    with it: {', '.join(field.field for field in fields)}", "dim")


def _tell_sides(flips: Flips, outputs: Outputs) -> None:
    counts = flips.counts
    for word, side in (("OLD", flips.old), ("NEW", flips.new)):
        outputs.out.line(f"{word} is {_side(side)}", "dim")
    if flips.old.behaviour == flips.new.behaviour:
        outputs.out.line("they are the same in all that decides", "dim")
    said = [f"{plural(counts.scenarios, 'scenario')} on both, whatever version they name"]
    words = (("loosened", counts.loosened), ("tightened", counts.tightened), ("changed", counts.changed))
    if counts.differing:
        steps = ", ".join(f"{number} {word}" for word, number in words if number)
        said.append(f"{counts.differing} {'differs' if counts.differing == 1 else 'differ'} (steps: {steps})")
        verdicts = (("no longer pass", counts.no_longer_pass), ("now pass", counts.now_pass))
        said.extend(f"{number} {word}" for word, number in verdicts if number)
    else:
        said.append("nothing differs" if flips.whole else "nothing differs in what could run")
    if flips.left_out:
        said.append(f"{len(flips.left_out)} left out")
    bad = "red" if counts.loosened else "yellow" if counts.differing or not flips.whole else "green"
    outputs.out.line("; ".join(said), bad)


def _side(side: FlipSide) -> str:
    words = f"{side.id} {side.version} ({side.hash[:19]}…, {side.origin} {side.source})"
    return one_line(words)


def _place(found: ScenarioFlip, line: int) -> str:
    return f"{shown(found.file)}:{line}"


def _name(found: ScenarioFlip) -> str:
    return _of(found.id)


def _of(item: str) -> str:
    """The scenario of an item: its file stands before it already."""
    return shown(item.rpartition("::")[2], 80)


def _value(value: Any) -> str:
    return "nothing" if value is UNSET else shown(json.dumps(value, ensure_ascii=False), _VALUE)
