"""Where everything of the map lies: one action below the other, its gates on the way in, jumps in lanes beside.

The way from an action to the next one is a line that leads through the gates of the next one. What leads further than
to the next one below goes by a lane on the right: one lane for each action that is led to so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.review_rules import ActionView, GateView, RulesView

#: Actions that are drawn, and gates of one of them; the list beside the map has all.
MOST_ACTIONS: Final = 60
MOST_GATES: Final = 16
#: Sizes, in the units of the picture.
CARD_LEFT: Final = 8
CARD_WIDTH: Final = 424
TRACK: Final = 26
GATE_TEXT: Final = 46
LINE: Final = 15
PAD: Final = 9
_GAP: Final = 22
_GATE_GAP: Final = 7
_LANE: Final = 10
#: Characters of a line of text and of a line of names; those of East Asia count twice.
_TEXT: Final = 60
_NAMES: Final = 54
_LONGEST: Final = 240


@dataclass(frozen=True, slots=True)
class Row:
    """One line of text."""

    text: str
    #: ``name``, ``text``, ``soft`` or a word for how it stands out.
    style: str


@dataclass(frozen=True, slots=True)
class GateBox:
    """A gate on the way in."""

    gate: GateView | None
    y: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ActionBox:
    """An action with its gates above it."""

    action: ActionView
    #: Where the ways in come together.
    entry: int
    gates: tuple[GateBox, ...]
    y: int
    height: int
    rows: tuple[Row, ...]
    #: Whether the action above leads here.
    follows: bool

    @property
    def bottom(self) -> int:
        """The lower edge of the box."""
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Lane:
    """A way to one action from others that do not stand right above it."""

    x: int
    #: Where it leads to, and the places where it is entered.
    entry: int
    sources: tuple[int, ...]
    #: Whether it leads only back, or also back.
    back: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole map."""

    width: int
    height: int
    boxes: tuple[ActionBox, ...]
    lanes: tuple[Lane, ...]
    #: Actions that are not drawn.
    more: int


def lay_out(rules: RulesView) -> Layout:
    """The map of some rules; the same rules give the same map."""
    gates = {gate.id: gate for gate in rules.gates}
    drawn = rules.actions[:MOST_ACTIONS]
    boxes: list[ActionBox] = []
    y = PAD
    for at, action in enumerate(drawn):
        follows = at > 0 and action.id in drawn[at - 1].next
        boxes.append(_box(action, gates, y, follows=follows))
        y = boxes[-1].bottom + _GAP
    lanes = _lanes(boxes)
    right = max((lane.x for lane in lanes), default=CARD_LEFT + CARD_WIDTH) + PAD
    return Layout(right, y - _GAP + PAD, tuple(boxes), lanes, len(rules.actions) - len(drawn))


def _box(action: ActionView, gates: Mapping[str, GateView], top: int, *, follows: bool) -> ActionBox:
    entry = top
    y = entry + PAD
    found: list[GateBox] = []
    for name in action.gates[:MOST_GATES]:
        rows = tuple(_gate_rows(gates[name]))
        found.append(GateBox(gates[name], y, rows))
        y += len(rows) * LINE + _GATE_GAP
    if len(action.gates) > MOST_GATES:
        found.append(GateBox(None, y, (Row(f"and {len(action.gates) - MOST_GATES} more gates", "soft"),)))
        y += LINE + _GATE_GAP
    y += PAD if not found else 4
    rows = tuple(_action_rows(action))
    return ActionBox(action, entry, tuple(found), y, len(rows) * LINE + PAD * 2 - 3, rows, follows)


def _gate_rows(gate: GateView) -> Iterator[Row]:
    yield from (Row(line, "name") for line in wrapped(gate.id, _NAMES - 5))
    yield from (Row(line, "text") for line in wrapped(f"{gate.route} {gate.stops}", _TEXT - 4))
    if gate.hook:
        yield from (Row(line, "hook") for line in wrapped(f"hook {gate.hook}; if it fails: {gate.hook_failure}", 50))


def _action_rows(action: ActionView) -> Iterator[Row]:
    yield from (Row(line, "title") for line in wrapped(action.id, _NAMES - 4))
    if action.description:
        yield from (Row(line, "text") for line in wrapped(action.description, _TEXT))
    told = [(f"by {', '.join(action.roles) or 'nobody'}", "soft")]
    if action.leaves:
        told.append((f"leaves {', '.join(action.leaves)}", "soft"))
    if action.hooks:
        told.append((f"hook {', '.join(action.hooks)} looks at it", "hook"))
    if action.mode:
        told.append((f"{action.mode}: materializes {', '.join(action.scope) or 'nothing'}", f"mode-{action.mode}"))
    if action.completes:
        told.append(("completes the run", "done"))
    for text, style in told:
        yield from (Row(line, style) for line in wrapped(text, _TEXT))


def _lanes(boxes: Sequence[ActionBox]) -> tuple[Lane, ...]:
    at = {box.action.id: number for number, box in enumerate(boxes)}
    led: dict[int, list[tuple[int, int]]] = {}
    for number, box in enumerate(boxes):
        jumps = [at[name] for name in box.action.next if name in at and at[name] != number + 1]
        for step, target in enumerate(dict.fromkeys(jumps)):
            led.setdefault(target, []).append((number, box.y + PAD + 6 + step * 7))
    ordered = sorted(led.items(), key=lambda entry: (_span(entry, boxes)[1] - _span(entry, boxes)[0], entry[0]))
    taken: list[list[tuple[int, int]]] = []
    lanes = []
    for target, sources in ordered:
        low, high = _span((target, sources), boxes)
        free = (n for n, spans in enumerate(taken) if all(high < one or other < low for one, other in spans))
        column = next(free, len(taken))
        if column == len(taken):
            taken.append([])
        taken[column].append((low, high))
        x = CARD_LEFT + CARD_WIDTH + 12 + column * _LANE
        back = tuple(number >= target for number, _ in sources)
        lanes.append(Lane(x, boxes[target].entry, tuple(y for _, y in sources), back))
    return tuple(lanes)


def _span(entry: tuple[int, list[tuple[int, int]]], boxes: Sequence[ActionBox]) -> tuple[int, int]:
    ends = [boxes[entry[0]].entry, *(y for _, y in entry[1])]
    return min(ends), max(ends)


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` characters, cut where it is very long; at least one line."""
    lines = [""]
    for word in shown(text, _LONGEST).split(" "):
        rest = word
        while _wide(rest) > width:
            if lines[-1]:
                lines.append("")
            cut = _fitting(rest, width)
            lines[-1] = rest[:cut]
            lines.append("")
            rest = rest[cut:]
        joined = f"{lines[-1]} {rest}" if lines[-1] else rest
        if _wide(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(rest)
    return [line for line in lines if line] or [""]


def _wide(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _fitting(text: str, width: int) -> int:
    """How many characters fit, at best up to a joint of a name."""
    most = len(text)
    while _wide(text[:most]) > width:
        most -= 1
    joint = max(text.rfind(mark, 0, most) for mark in "._-/") + 1
    return joint if joint > most // 2 else max(most, 1)
