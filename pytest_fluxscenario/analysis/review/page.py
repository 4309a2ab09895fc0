"""A packet as one HTML page that needs no network and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_fluxscenario.analysis.review import drawing
from pytest_fluxscenario.analysis.review.blocks import (
    Block,
    Code,
    Folded,
    Inline,
    Items,
    Line,
    Picture,
    Section,
    Strong,
    Table,
    Text,
    Word,
)
from pytest_fluxscenario.analysis.review.contents import contents_of, headline
from pytest_fluxscenario.base import html
from pytest_fluxscenario.model.review import Packet


def page_of(packet: Packet) -> Iterator[str]:
    """The page, piece by piece."""
    style = drawing.style() + html.style_of(__package__, "page.css")
    yield from html.document(headline(packet)[0], _parts(packet), style)


def _parts(packet: Packet) -> Iterator[str]:
    title, verdict = headline(packet)
    first, *against = verdict
    grade = "ready" if packet.verdict.ready else "against"
    listed = "".join(f"<li>{_line(line)}</li>" for line in against)
    yield f"<h1>{html.text(title)}</h1>"
    below = f"<ul>{listed}</ul>" if listed else ""
    yield f'<div class="verdict {grade}" role="status"><p>{_line(first)}</p>{below}</div>'
    sections = list(contents_of(packet))
    links = "".join(f'<li><a href="#{one.key}">{one.title}</a></li>' for one in sections)
    yield f'<nav aria-label="Contents"><ul>{links}</ul></nav>'
    for section in sections:
        yield from _section(section, packet)
    yield f"<footer>{html.text(packet.tool)}</footer>"


def _section(section: Section, packet: Packet) -> Iterator[str]:
    yield f'<section id="{section.key}"><h2>{section.title}</h2>'
    for block in section.blocks:
        yield _block(block, packet)
    yield "</section>"


def _block(block: Block, packet: Packet) -> str:
    if isinstance(block, Text):
        return f"<p>{_line(block.line)}</p>"
    if isinstance(block, Items):
        return _items(block)
    if isinstance(block, Table):
        return html.table(block.head, [[_line(cell) for cell in row] for row in block.rows])
    if isinstance(block, Folded):
        inside = "".join(_block(one, packet) for one in block.blocks)
        return f"<details><summary>{_line(block.summary)}</summary>{inside}</details>"
    return _picture(block, packet)


def _picture(block: Picture, packet: Packet) -> str:
    if packet.rules is None:
        return _items(block.instead)
    drawn = drawing.map_of(packet.rules, f"The process {packet.pack.id} {packet.pack.version}")
    listed = f"<details><summary>The same as a list</summary>{_items(block.instead)}</details>"
    return f'<figure class="wide">{drawn}</figure>{listed}'


def _items(items: Items) -> str:
    parts = []
    for item in items.items:
        if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Items):
            parts.append(f"<li>{_line(item[0])}{_items(item[1])}</li>")
        else:
            parts.append(f"<li>{_line(item)}</li>")
    return f"<ul>{''.join(parts)}</ul>"


def _line(line: Line) -> str:
    return "".join(map(_inline, line))


def _inline(inline: Inline) -> str:
    if isinstance(inline, Code):
        return html.code(inline.text) if inline.text else ""
    if isinstance(inline, Word):
        return f'<strong class="{inline.tone}">{html.text(inline.text)}</strong>'
    if isinstance(inline, Strong):
        return f"<strong>{html.text(inline.text)}</strong>"
    return html.text(inline)
