"""Two runs of one scenario, step by step: what came back otherwise, and whether more is allowed or less."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from msgspec import UNSET

from pytest_fluxscenario.analysis.flips_run import Run, Told
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.values import ABSENT, same
from pytest_fluxscenario.model.flips import Direction, FieldFlip, StepAnswer, StepFlip

#: Takes secrets out of plain data.
Redact = Callable[[Any], Any]
#: The line of a part of the scenario.
Line = Callable[[Pointer], int]

_NOTHING = Told(reached=False, fault="", answer=None)


def compare_runs(old: Run, new: Run, names: tuple[str, ...], line: Line, redact: Redact) -> tuple[StepFlip, ...]:
    """The steps that differ, in order; ``names`` are those of the scenario's steps."""
    if old.fault or new.fault:
        if old.fault and new.fault:
            return ()
        told = [Told(not run.fault, f"cannot begin: {run.fault}" if run.fault else "", None) for run in (old, new)]
        return (_flip(0, "", line(("given",)), told[0], told[1], len(names), redact),)
    flips: list[StepFlip] = []
    pairs = [*zip(old.steps, new.steps, strict=True), (_NOTHING, _NOTHING)]
    for index, ((one, other), after) in enumerate(pairwise(pairs), 1):
        # From here on only one side went on: there is nothing to hold its answers against.
        parted = after[0].reached != after[1].reached
        if parted or not _alike(one, other):
            left = len(names) - index if parted else 0
            where = line(("steps", index - 1))
            flips.append(_flip(index, names[index - 1], where, one, other, left, redact))
        if parted:
            break
    return tuple(flips)


def _alike(one: Told, other: Told) -> bool:
    """Whether nothing differs. Why there is no answer on either side is no difference: neither says anything."""
    if one.answer is None or other.answer is None:
        return one.answer is other.answer
    return not _fields(one.answer, other.answer) and bool(one.fault) == bool(other.fault)


def _flip(index: int, name: str, line: int, old: Told, new: Told, unreached: int, redact: Redact) -> StepFlip:
    fields = tuple(
        FieldFlip(field, *(UNSET if value is ABSENT else redact(value) for value in pair))
        for field, pair in _fields(old.answer or {}, new.answer or {}).items()
    )
    return StepFlip(
        index, redact(name), line, direction(old, new), _answer(old, redact), _answer(new, redact), fields, unreached
    )


def _fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (old.get(name, ABSENT), new.get(name, ABSENT)) for name in dict.fromkeys((*old, *new))}
    return {name: (one, other) for name, (one, other) in pairs.items() if not same(one, other)}


def _answer(told: Told, redact: Redact) -> StepAnswer:
    answer = told.answer or {}
    words = (answer.get("status", ""), answer.get("route", ""), answer.get("gate_id", ""), told.fault)
    return StepAnswer(*(redact(word) for word in words))


def direction(old: Told, new: Told) -> Direction:
    """Whether NEW allows more than OLD, or less; neither where one of them gives no answer."""
    if old.answer is None or new.answer is None:
        return "changed"
    before, after = _allowed(old.answer), _allowed(new.answer)
    return "changed" if before == after else "loosened" if before < after else "tightened"


def _allowed(answer: Mapping[str, Any]) -> int:
    """How far an answer lets whoever asked go: not at all, on with the run, or out into the world."""
    if answer.get("status") != "ok":
        return 0
    return 2 if answer.get("route") == "MaterializeAllowed" else 1
