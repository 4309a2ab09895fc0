"""Where something stands: a file, a line, a column, and the path into the document."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_fluxscenario.base.text import shown

Pointer = tuple[str | int, ...]


def json_pointer(pointer: Pointer) -> str:
    """The pointer as RFC 6901 writes it: ``("steps", 0)`` gives ``/steps/0``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One position of one file, as people and editors read it."""

    #: The file as it is shown: relative to the root where it lies below it.
    file: str
    #: 1-based; 0 where only the file is known.
    line: int = 0
    #: 1-based, in characters; 0 where only the line is known.
    column: int = 0
    #: The path into the document that leads here.
    pointer: Pointer = ()

    def __str__(self) -> str:
        # A file may be named by a stranger; 4,096 is the longest path that Linux knows.
        file = shown(self.file, 4096)
        if not self.line:
            return file
        if not self.column:
            return f"{file}:{self.line}"
        return f"{file}:{self.line}:{self.column}"
