"""The line that says how far a long command is."""

from __future__ import annotations

import io

from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Output


def test_a_terminal_is_told_and_left_clean() -> None:
    stream = io.StringIO()
    progress = Progress(Output(stream, terminal=True), beat=0)
    progress.tell("1 of 2 mutants")
    progress.tell("2 of 2 mutants")
    progress.end()
    assert stream.getvalue() == "\r\x1b[K1 of 2 mutants\r\x1b[K2 of 2 mutants\r\x1b[K"


def test_a_pipe_gets_nothing() -> None:
    stream = io.StringIO()
    progress = Progress(Output(stream), beat=0)
    progress.tell("1 of 2 mutants")
    progress.end()
    assert stream.getvalue() == ""


def test_what_is_short_is_not_told() -> None:
    stream = io.StringIO()
    progress = Progress(Output(stream, terminal=True), beat=3600)
    progress.tell("1 of 2 mutants")
    progress.end()
    assert stream.getvalue() == ""
