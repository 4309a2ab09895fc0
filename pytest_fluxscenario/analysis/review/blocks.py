"""What a packet says, block by block, whatever it is written in: foreign text stays apart from what we say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

#: Things of one kind that are listed one by one; the JSON form has all.
MOST_LISTED: Final = 200
#: How a word is meant to look; what it says it says in letters too.
Tone = Literal["good", "bad", "warn", "soft"]


@dataclass(frozen=True, slots=True)
class Code:
    """A name, a hash, a place or a value, to be shown letter by letter."""

    text: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word of ours that stands out."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Strong:
    """Text that stands out."""

    text: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file, below what it is the place of; of a file of the pack without the pack's folder."""

    text: str


#: One piece of a line; a bare ``str`` is text, foreign or not.
Inline = str | Code | Word | Strong | Spot
Line = Sequence[Inline]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    line: Line


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of a row is its heading."""

    head: Sequence[str]
    rows: Sequence[Sequence[Line]]


@dataclass(frozen=True, slots=True)
class Items:
    """A list, whose items may have lists below them."""

    items: Sequence[Line | tuple[Line, Items]]


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks that are looked at when they are asked for."""

    summary: Line
    blocks: Sequence[Block]
    #: Whether they are to be seen at once.
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """The map of the process, where it can be drawn; ``instead`` says the same in words."""

    instead: Items


@dataclass(frozen=True, slots=True)
class Listing:
    """The text of a file, line by line."""

    text: str


Block = Text | Table | Items | Folded | Picture | Listing


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the packet."""

    #: For links.
    key: str
    title: str
    blocks: Sequence[Block]


def said(*parts: Inline | Line) -> Line:
    """Pieces and lines as one line."""
    found: list[Inline] = []
    for part in parts:
        if isinstance(part, str | Code | Word | Strong | Spot):
            found.append(part)
        else:
            found.extend(part)
    return found


def shortened(where: str, folder: str) -> str:
    """A place of a file below ``folder`` as seen from there."""
    return where.removeprefix(f"{folder}/") if folder not in ("", ".") else where


def listed(lines: Sequence[Line]) -> list[Block]:
    """A list, and how many more there are."""
    more = len(lines) - MOST_LISTED
    return [Items(lines[:MOST_LISTED]), *([Text([f"and {more} more."])] if more > 0 else [])]


def names(words: Sequence[str], nothing: str = "") -> Line:
    """Names one after the other, with commas."""
    found: list[Inline] = []
    for word in words:
        found += [", ", Code(word)] if found else [Code(word)]
    return found or ([nothing] if nothing else [])
