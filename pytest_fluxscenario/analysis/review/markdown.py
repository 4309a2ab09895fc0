"""A packet as Markdown (GitHub's), which also reads as plain text; foreign text can be no markup in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.analysis.review.blocks import (
    Block,
    Code,
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
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.model.review import Packet

#: Longest text in one place, in characters; the JSON form has all of it.
LONGEST: Final = 2000
#: What may begin markup, a link or a formula: an underline only at the edge of a word.
_MARKUP: Final = re.compile(r"[\\`*\[\]{}<>|~&$#!@]|(?<!\w)_|_(?!\w)|(?<=:)/(?=/)|(?<=www)\.", re.IGNORECASE)
_TICKS: Final = re.compile(r"`+")


def markdown_of(packet: Packet) -> str:
    """The whole packet."""
    return "\n".join(_Writer(packet.pack.where).lines(packet)) + "\n"


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes blocks; ``folder`` is that of the pack."""

    folder: str

    def lines(self, packet: Packet) -> Iterator[str]:
        title, verdict = headline(packet)
        yield f"# {plain(title)}"
        yield ""
        for number, line in enumerate(verdict):
            yield f"> {self._line(line)}" if number == 0 else f"> - {self._line(line)}"
            if number == 0 and len(verdict) > 1:
                yield ">"
        for section in contents_of(packet):
            yield ""
            yield f"## {section.title}"
            for block in section.blocks:
                yield ""
                yield from self._block(block, 3)

    def _block(self, block: Block, level: int) -> Iterator[str]:
        if isinstance(block, Text):
            yield self._line(block.line)
        elif isinstance(block, Items):
            yield from self._items(block, "")
        elif isinstance(block, Picture):
            yield from self._items(block.instead, "")
        elif isinstance(block, Table):
            yield f"| {' | '.join(block.head)} |"
            yield f"|{'---|' * len(block.head)}"
            for row in block.rows:
                yield f"| {' | '.join(self._line(cell, cell=True) for cell in row)} |"
        elif isinstance(block, Listing):
            yield from _listing(block.text)
        else:
            yield f"{'#' * min(level, 6)} {self._line(block.summary)}"
            for one in block.blocks:
                yield ""
                yield from self._block(one, level + 1)

    def _items(self, items: Items, indent: str) -> Iterator[str]:
        for item in items.items:
            if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Items):
                yield f"{indent}- {self._line(item[0])}"
                yield from self._items(item[1], indent + "  ")
            else:
                yield f"{indent}- {self._line(item)}"

    def _line(self, line: Line, *, cell: bool = False) -> str:
        return "".join(self._inline(inline, cell=cell) for inline in line)

    def _inline(self, inline: Inline, *, cell: bool) -> str:
        if isinstance(inline, Code):
            return code(inline.text, cell=cell)
        if isinstance(inline, Spot):
            where = shortened(inline.text, self.folder)
            return f" ({code(where, cell=cell)})" if where else ""
        if isinstance(inline, Word):
            return f"**{plain(inline.text)}**" if inline.tone != "soft" else plain(inline.text)
        if isinstance(inline, Strong):
            return f"**{plain(inline.text)}**"
        return plain(inline)


def _listing(text: str) -> Iterator[str]:
    fence = "`" * max(3, *(len(run) + 1 for run in _TICKS.findall(text)), 3)
    yield fence
    yield shown_lines(text).rstrip("\n")
    yield fence


def plain(text: str) -> str:
    """Text that is nothing but text, on one line."""
    return _MARKUP.sub(lambda found: "\\" + found.group(), shown(text, LONGEST))


def code(text: str, *, cell: bool = False) -> str:
    """Text as it is, in a span that nothing in it ends; in a ``cell`` a pipe would end that."""
    safe = shown(text, LONGEST)
    safe = safe.replace("|", "\\|") if cell else safe
    if not safe.strip():
        return ""
    fence = "`" * (max((len(run) for run in _TICKS.findall(safe)), default=0) + 1)
    space = " " if safe[0] in "` " or safe[-1] in "` " else ""
    return f"{fence}{space}{safe}{space}{fence}"
