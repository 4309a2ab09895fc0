"""What commands write: tables and colour on a terminal, plain text in a pipe; and a pipe that closes ends no run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown

#: Words of colour to the codes of terminals.
_CODES: Final[Mapping[str, str]] = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}
#: What becomes of a scenario or a step, to its colour.
COLOURS: Final[Mapping[str, str]] = {
    "passed": "green",
    "failed": "red",
    "error": "red",
    "crashed": "red",
    "skipped": "yellow",
    "xfailed": "yellow",
    "incomplete": "yellow",
    "not_run": "dim",
}


@dataclass(slots=True)
class Output:
    """One stream that a command writes to. Text is escaped by whoever writes it."""

    #: None where the program was started without it.
    stream: TextIO | None
    colour: bool = False
    terminal: bool = False
    #: What the system said when it took no more; None while it does, and for a reader that has gone.
    fault: str | None = field(default=None, init=False)
    _open: bool = field(default=True, init=False)

    def write(self, text: str, style: str = "") -> None:
        """Write ``text``; ``style`` is a word of colour."""
        if self.stream is None or not self._open:
            return
        if style and self.colour:
            text = f"\x1b[{_CODES[style]}m{text}\x1b[0m"
        try:
            self.stream.write(text)
        except (OSError, ValueError) as error:
            self._close(error)

    def line(self, text: str = "", style: str = "") -> None:
        """Write a line."""
        self.write(text, style)
        self.write("\n")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str] = ()) -> None:
        """Write rows below a header; ``styles`` has one for each row, or none at all."""
        first, *others = _lines(header, rows)
        self.line(first, "bold")
        for line, style in zip(others, styles or [""] * len(others), strict=True):
            self.line(line, style)

    def data(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.flush()
        if self.stream is None or not self._open:
            return
        try:
            self.stream.buffer.write(data)
        except (OSError, ValueError) as error:
            self._close(error)

    def flush(self) -> None:
        """Hand over what was written."""
        if self.stream is None or not self._open:
            return
        try:
            self.stream.flush()
        except (OSError, ValueError) as error:
            self._close(error)

    def _close(self, error: OSError | ValueError) -> None:
        """The reader has gone, or the disk is full: the work goes on, for its evidence and its exit status."""
        self._open = False
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            self.fault = error.strerror or type(error).__name__
        if self.stream is not None:
            # Python flushes once more when it ends, and would complain.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)


def output(stream: TextIO | None) -> Output:
    """An output on ``stream``; NO_COLOR and a pipe mean no colour."""
    if stream is None:
        return Output(None)
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        # A locale that lacks a character is no reason to stop.
        reconfigure(errors="backslashreplace")
    terminal = stream.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Output(stream, colour, terminal)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Answers go to ``out``, messages to ``err``."""

    out: Output
    err: Output

    @classmethod
    def of_process(cls) -> Outputs:
        """Standard output and standard error."""
        return cls(output(sys.stdout), output(sys.stderr))

    def json(self, value: Any) -> None:
        """One JSON document on standard output."""
        import json

        self.out.line(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True))

    def problems(self, problems: Iterable[Problem]) -> None:
        """A line for each problem on standard error."""
        for problem in problems:
            style = "yellow" if problem.severity == "warning" else "red"
            self.err.line(f"{'warning: ' if problem.severity == 'warning' else ''}{one_line(str(problem))}", style)

    def error(self, error: FluxError) -> None:
        """A line for each problem of an error on standard error."""
        self.problems(error.problems)


def one_line(text: str) -> str:
    """``text`` on one line with nothing in it that moves a cursor; a message that is shown is at most 2 KB."""
    return shown(text, 2000)


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as JSON."""
    return {
        "code": problem.code,
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "message": problem.message,
        "hint": problem.hint,
        "severity": problem.severity,
    }


def _lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with columns below one another, the last as long as it is."""
    whole = [tuple(header), *map(tuple, rows)]
    widths = [max(len(row[column]) for row in whole) for column in range(len(header))]
    lines = []
    for row in whole:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def plural(count: int, word: str, many: str = "") -> str:
    """``1 record``, ``2 records``; ``many`` where the plural is another word."""
    return f"{count} {word}" if count == 1 else f"{count} {many or word + 's'}"
