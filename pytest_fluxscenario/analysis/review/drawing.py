"""The map of a process as SVG: drawn here, with nothing from outside; colour never says what a shape does not."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Final

from pytest_fluxscenario.analysis.review.layout import (
    CARD_LEFT,
    CARD_WIDTH,
    GATE_TEXT,
    LINE,
    PAD,
    TRACK,
    ActionBox,
    GateBox,
    Lane,
    Layout,
    lay_out,
)
from pytest_fluxscenario.analysis.review.words import counted
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.review import Packet
from pytest_fluxscenario.model.review_rules import RulesView

#: Route to its shape (corners around 0, 0; empty for a circle) and the sign in it.
_SHAPES: Final = {
    "Blocked": ("-4,-9 4,-9 9,-4 9,4 4,9 -4,9 -9,4 -9,-4", "\u00d7"),
    "AwaitApproval": ("0,-10 9,-5 9,5 0,10 -9,5 -9,-5", "\u2713"),
    "AskUser": ("", "?"),
    "InstructAgent": ("-8,-8 8,-8 8,8 -8,8", "i"),
}
_OTHER: Final = ("0,-10 10,0 0,10 -10,0", "•")
_LEGEND: Final = 26


def map_of(rules: RulesView, title: str, *, alone: bool = False) -> str:
    """The map; ``alone`` for a file of its own, with its style inside."""
    layout = lay_out(rules)
    return "".join(_parts(layout, rules, title, alone=alone))


def picture_of(packet: Packet) -> str:
    """The map of a packet as a file of its own; one that says so where the rules cannot be read."""
    about = packet.pack
    title = f"The process {about.id} {about.version}"
    if packet.rules is not None:
        return map_of(packet.rules, title, alone=True)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 440 40">\n'
        f"<title>{_text(title)}</title>\n"
        '<text x="8" y="24" font-family="sans-serif" font-size="13">The rules cannot be read.</text>\n</svg>\n'
    )


def style() -> str:
    """The CSS of the map, which a page around it has to hold."""
    return files(__package__).joinpath("map.css").read_text(encoding="utf-8")


def _parts(layout: Layout, rules: RulesView, title: str, *, alone: bool) -> Iterator[str]:
    height = layout.height + _LEGEND * 2 + (LINE + PAD if layout.more else 0)
    said = f"{counted(len(rules.actions), 'action')} and {counted(len(rules.gates), 'gate')}, from top to bottom. "
    said += "What the picture says stands beside it as a list."
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="map" viewBox="0 0 {layout.width} {height}" '
        f'role="img" aria-labelledby="map-title map-desc">\n<title id="map-title">{_text(title)}</title>\n'
        f'<desc id="map-desc">{_text(said)}</desc>\n'
    )
    if alone:
        yield f"<style>{style()}</style>\n"
        yield f'<rect class="back" width="{layout.width}" height="{height}"/>\n'
    yield _legend()
    yield f'<g transform="translate(0 {_LEGEND * 2})">\n'
    for lane in layout.lanes:
        yield from _lane(lane)
    for above, box in zip((None, *layout.boxes), layout.boxes, strict=False):
        yield from _action(box, above)
    if layout.more:
        yield f'<text class="soft" x="{CARD_LEFT}" y="{layout.height + LINE}">'
        yield f"{counted(layout.more, 'action')} more: see the list</text>\n"
    yield "</g>\n</svg>\n"


def _legend() -> str:
    """What the shapes mean, in two rows."""
    parts = []
    for number, route in enumerate(_SHAPES):
        x, y = 20 + (number % 2) * 150, 16 + (number // 2) * _LEGEND
        parts.append(
            f'<g transform="translate({x} {y})">{_sign(route)}<text class="text" x="16" y="4">{route}</text></g>'
        )
    boxes = (("mode-mock", "mock, shadow"), ("mode-real", "real"))
    for number, (kind, name) in enumerate(boxes):
        y = 6 + number * _LEGEND
        parts.append(
            f'<rect class="card {kind}" x="310" y="{y}" width="24" height="18" rx="4"/>'
            f'<text class="text" x="342" y="{y + 14}">{name}</text>'
        )
    return f'<g class="legend">{"".join(parts)}</g>\n'


def _sign(route: str) -> str:
    points, sign = _SHAPES.get(route, _OTHER)
    kind = f"route-{route}" if route in _SHAPES else "route-other"
    shape = f'<polygon points="{points}"/>' if points else '<circle r="9"/>'
    return f'<g class="sign {kind}">{shape}<text y="4">{sign}</text></g>'


def _action(box: ActionBox, above: ActionBox | None) -> Iterator[str]:
    start = above.bottom if above is not None and box.follows else box.entry
    yield f'<path class="way" d="M{TRACK} {start}V{box.y - 5}"/>'
    yield f'<path class="head" d="M{TRACK - 4} {box.y - 8}h8l-4 7z"/>'
    if not box.follows:
        yield f'<circle class="begin" cx="{TRACK}" cy="{box.entry}" r="4"/>'
    yield "\n"
    for gate in box.gates:
        yield from _gate(gate)
    mode = f" mode-{box.action.mode}" if box.action.mode else ""
    done = " completes" if box.action.completes else ""
    frame = f'x="{CARD_LEFT}" y="{box.y}" width="{CARD_WIDTH}" height="{box.height}" rx="7"'
    yield f'<rect class="card{mode}{done}" {frame}/>'
    if box.action.completes:
        inner = f'x="{CARD_LEFT + 4}" y="{box.y + 4}" width="{CARD_WIDTH - 8}" height="{box.height - 8}" rx="4"'
        yield f'<rect class="inner" {inner}/>'
    for number, row in enumerate(box.rows):
        y = box.y + PAD + 8 + number * LINE
        yield f'<text class="{row.style}" x="{CARD_LEFT + 12}" y="{y + 3}">{_text(row.text)}</text>'
    yield "\n"


def _gate(box: GateBox) -> Iterator[str]:
    if box.gate is not None:
        yield f'<g transform="translate({TRACK} {box.y + 10})">{_sign(box.gate.route)}</g>'
    for number, row in enumerate(box.rows):
        yield f'<text class="{row.style}" x="{GATE_TEXT}" y="{box.y + 11 + number * LINE}">{_text(row.text)}</text>'
    yield "\n"


def _lane(lane: Lane) -> Iterator[str]:
    right = CARD_LEFT + CARD_WIDTH
    for y, back in zip(lane.sources, lane.back, strict=True):
        kind = "way back" if back else "way"
        yield f'<path class="{kind}" d="M{right} {y}H{lane.x}V{lane.entry}H{TRACK + 8}"/>'
    yield f'<path class="head" d="M{TRACK + 11} {lane.entry - 4}v8l-7 -4z"/>\n'


def _text(text: str) -> str:
    return escape(shown(text, 2000))
