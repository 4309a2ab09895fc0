"""Where problems of one text are gathered: offsets become lines and columns here."""

from __future__ import annotations

import re
from typing import NoReturn

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown

#: A text is given up after so many problems: the first ones matter, and all of them fit into 2 KB.
MOST = 6

_MARKER = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: .*)?\r?$", re.MULTILINE)
_BEGIN = re.compile(r"^<{7} ", re.MULTILINE)
_END = re.compile(r"^>{7} ", re.MULTILINE)
_MIDDLE = re.compile(r"^={7}\r?$", re.MULTILINE)


def place_of(name: str, text: str, offset: int, pointer: Pointer = ()) -> Place:
    """The line and column of a character of ``text``; a line ends at a line feed, and columns count characters."""
    return Place(name, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset), pointer)


class Trouble:
    """The problems of one text; reading goes on after ``note`` and ends with ``fail``."""

    __slots__ = ("name", "problems", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.problems = Problems()

    def place(self, offset: int) -> Place:
        """The place of a character."""
        return place_of(self.name, self.text, offset)

    def line(self, offset: int) -> int:
        """The line of a character."""
        return self.text.count("\n", 0, offset) + 1

    def note(self, code: str, offset: int, message: str, hint: str = "") -> None:
        """One problem that does not hinder reading on. Raises DocumentError when there are too many."""
        self.problems.add("document." + code, self.place(offset), message, hint)
        if len(self.problems.found) >= MOST:
            raise DocumentError(self.problems)

    def note_duplicate(self, key: str, offset: int, first: int) -> None:
        """A key that its mapping has already, since ``first``."""
        begin = self.place(first)
        what = f"the key '{shown(key, 60)}' stands here again; first in line {begin.line}, column {begin.column}"
        self.note("duplicate-key", offset, what, "one of them would be lost")

    def fail(self, code: str, offset: int, message: str, hint: str = "") -> NoReturn:
        """The problem that ends the reading: raises DocumentError with all that were noted before."""
        self.problems.add("document." + code, self.place(offset), message, hint)
        raise DocumentError(self.problems)

    def fail_syntax(self, offset: int, message: str, hint: str = "") -> NoReturn:
        """Like ``fail``, for text that is no JSON or YAML at all: a merge conflict in it is the better reason."""
        conflict = self.conflict(offset)
        if conflict is not None:
            self.problems.found.clear()
            self.fail_conflict(conflict)
        self.fail("syntax", offset, message, hint)

    def fail_conflict(self, offset: int) -> NoReturn:
        """Raises DocumentError: a marker that git left stands at ``offset``."""
        marker = self.text[offset : offset + 7]
        self.fail("conflict-marker", offset, f"a git conflict marker, {marker}", "resolve the merge conflict")

    def conflict(self, offset: int) -> int | None:
        """Where the first conflict marker stands, for text that could not be read at ``offset``."""
        marker = _MARKER.search(self.text)
        if marker:
            return marker.start()
        # Seven equals signs also underline headings: alone they count only where the reading ended.
        middle = _MIDDLE.search(self.text, self.text.rfind("\n", 0, max(0, self.text.rfind("\n", 0, offset))) + 1)
        if middle and middle.start() <= offset:
            return middle.start()
        return None

    def whole_conflict(self, start: int, end: int) -> int | None:
        """Where a merge conflict begins that lies as a whole between two offsets: in a scalar it may have been read."""
        first = _BEGIN.search(self.text, start, end)
        return first.start() if first and _END.search(self.text, first.end(), end) else None

    def finish(self) -> None:
        """Raises DocumentError when anything was noted."""
        if self.problems.found:
            raise DocumentError(self.problems)
