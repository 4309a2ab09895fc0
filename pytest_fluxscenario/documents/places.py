"""Where everything in a file stands, for messages; read again when there is something to say."""

from __future__ import annotations

import re
from bisect import bisect_right

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.parse import parse
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.documents.tree import Inside, Spot

_LINE = re.compile("\n")


class Places:
    """The places of one file that could be read."""

    __slots__ = ("_lines", "_name", "_spots", "_text")

    def __init__(self, name: str, text: str, spots: tuple[Spot, ...]) -> None:
        self._name = name
        self._text = text
        self._spots = spots
        #: Where lines begin; found once, as whoever checks a document asks for thousands of places.
        self._lines: list[int] = []

    def at(self, document: int, pointer: Pointer, *, key: bool = False) -> Place:
        """The place of a value, or of its key; of the nearest thing around it where the document has no such value.

        The pointer of the place is the one that was asked for.
        """
        if not 0 <= document < len(self._spots):
            return Place(self._name, 0, 0, pointer)
        spot, missing = self._find(document, pointer)
        return self._place(spot[0] if key and not missing else spot[1], pointer)

    def _place(self, offset: int, pointer: Pointer) -> Place:
        lines = self._lines
        if not lines:
            lines.append(0)
            lines.extend(found.end() for found in _LINE.finditer(self._text))
        line = bisect_right(lines, offset)
        return Place(self._name, line, offset - lines[line - 1] + 1, pointer)

    def written(self, document: int, pointer: Pointer) -> str | None:
        """A scalar as it stands in the file, quotes and all: ``1.10`` is not ``1.1`` there.

        None for lists, mappings, and what is not there.
        """
        if not 0 <= document < len(self._spots):
            return None
        (_, start, end, inside), missing = self._find(document, pointer)
        return None if missing or inside is not None else self._text[start:end]

    def _find(self, document: int, pointer: Pointer) -> tuple[Spot, bool]:
        """The spot of a value, and whether it is missing: then the spot is of the nearest value around it."""
        spot = self._spots[document]
        for part in pointer:
            found = _step(spot[3], part)
            if found is None:
                return spot, True
            spot = found
        return spot, False


def _step(inside: Inside, part: str | int) -> Spot | None:
    if isinstance(inside, dict):
        return inside.get(part) if isinstance(part, str) else None
    if isinstance(inside, list) and isinstance(part, int) and 0 <= part < len(inside):
        spot: Spot = inside[part]
        return spot
    return None


def read_places(source: Source, limits: Limits = Limits()) -> Places:
    """Read a file again for its places. Raises DocumentError as ``read_elements`` does."""
    text, documents = parse(source, limits)
    return Places(source.name, text, tuple(document.spot for document in documents))
