"""A packet as one HTML page that needs no network and runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

from pytest_fluxscenario.analysis.review import drawing
from pytest_fluxscenario.analysis.review.blocks import (
    Block,
    Code,
    Folded,
    Inline,
    Items,
    Line,
    Listing,
    Picture,
    Spot,
    Strong,
    Table,
    Text,
    Word,
    shortened,
)
from pytest_fluxscenario.analysis.review.contents import contents_of, headline
from pytest_fluxscenario.base import html
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.review import Packet

#: Where a name may break: behind its joints.
_JOINTS: Final = re.compile(r"(?<=[./_:,-])(?=[^\s./_:,-])")

#: Names of so many characters stand on one line.
_SHORT: Final = 14


def page_of(packet: Packet) -> Iterator[str]:
    """The page, piece by piece."""
    style = drawing.style() + html.style_of(__package__, "page.css")
    yield from html.document(headline(packet)[0], _Page(packet).parts(), style)


@dataclass(frozen=True, slots=True)
class _Page:
    """Writes the blocks of one packet."""

    packet: Packet

    def parts(self) -> Iterator[str]:
        title, verdict = headline(self.packet)
        first, *against = verdict
        grade = "ready" if self.packet.verdict.ready else "against"
        listed = "".join(f"<li>{self._line(line)}</li>" for line in against)
        below = f"<ul>{listed}</ul>" if listed else ""
        yield f"<h1>{html.text(title)}</h1>"
        yield f'<div class="verdict {grade}" role="status"><p>{self._line(first)}</p>{below}</div>'
        sections = list(contents_of(self.packet))
        links = "".join(f'<li><a href="#{one.key}">{one.title}</a></li>' for one in sections)
        yield f'<nav aria-label="Contents"><ul>{links}</ul></nav>'
        for section in sections:
            yield f'<section id="{section.key}"><h2>{section.title}</h2>'
            for block in section.blocks:
                yield self._block(block)
            yield "</section>"
        yield f"<footer>{html.text(self.packet.tool)}</footer>"

    def _block(self, block: Block) -> str:
        if isinstance(block, Text):
            return f"<p>{self._line(block.line)}</p>"
        if isinstance(block, Items):
            return self._items(block)
        if isinstance(block, Table):
            return self._table(block)
        if isinstance(block, Folded):
            inside = "".join(map(self._block, block.blocks))
            how = " open" if block.opened else ""
            return f"<details{how}><summary>{self._line(block.summary)}</summary>{inside}</details>"
        if isinstance(block, Listing):
            return f"<pre>{html.lines(block.text, 1 << 20)}</pre>"
        return self._picture(block)

    def _picture(self, block: Picture) -> str:
        rules, about = self.packet.rules, self.packet.pack
        if rules is None:
            return self._items(block.instead)
        drawn = drawing.map_of(rules, f"The process {about.id} {about.version}")
        listed = f"<details><summary>The same as a list</summary>{self._items(block.instead)}</details>"
        return f'<figure class="wide">{drawn}</figure>{listed}'

    def _table(self, table: Table) -> str:
        """A table whose rows are cards in a narrow window: each cell says what it is of."""
        columns = "".join(f'<th scope="col">{name}</th>' for name in table.head)
        rows = []
        for row in table.rows:
            first, *rest = map(self._line, row)
            cells = "".join(
                f'<td data-of="{name}">{cell}</td>' for name, cell in zip(table.head[1:], rest, strict=True)
            )
            rows.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
        return f"<table><thead><tr>{columns}</tr></thead><tbody>{''.join(rows)}</tbody></table>"

    def _items(self, items: Items) -> str:
        parts = []
        for item in items.items:
            if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Items):
                parts.append(f"<li>{self._line(item[0])}{self._items(item[1])}</li>")
            else:
                parts.append(f"<li>{self._line(item)}</li>")
        return f"<ul>{''.join(parts)}</ul>"

    def _line(self, line: Line) -> str:
        return "".join(map(self._inline, line))

    def _inline(self, inline: Inline) -> str:
        if isinstance(inline, Code):
            return _code(inline.text)
        if isinstance(inline, Spot):
            where = shortened(inline.text, self.packet.pack.where)
            return f"<small>{_code(where)}</small>" if where else ""
        if isinstance(inline, Word):
            return f'<strong class="{inline.tone}">{html.text(inline.text)}</strong>'
        if isinstance(inline, Strong):
            return f"<strong>{html.text(inline.text)}</strong>"
        return html.text(inline)


def _code(text: str) -> str:
    """A name that breaks at its joints, and elsewhere only where it has to."""
    if not text:
        return ""
    whole = shown(text, html.LONGEST)
    parts = _JOINTS.split(whole) if len(whole) > _SHORT else [whole]
    return f"<code>{'<wbr>'.join(map(escape, parts))}</code>"
