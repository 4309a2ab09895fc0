"""``fluxrig evidence html``: what a run left, as one page for people (evidence.md)."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs, one_line

if TYPE_CHECKING:
    from pytest_fluxscenario.evidence.verify import Verified

_HTML: Final = """\
The page needs no network and runs nothing: the verdict, what did not pass, each step with what was asked, expected and
came back, what it ran on, coverage, and the root hash. The evidence is verified first; where it is damaged, the page
says so at its top, and what is wrong. Lines of steps are looked up in the scenario files of this project, where they
have not changed since.

exit status: 0 written, 2 no evidence there, or it cannot be written, 3 the evidence is damaged"""
#: Problems of damaged evidence that a page tells; verify tells all.
_MOST: Final = 20


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    example = "fluxrig evidence html .fluxscenario/evidence -o build/report.html"
    one = command(commands, "html", "write a run as an HTML page, for people", example, _HTML)
    one.add_argument("folder", metavar="DIR", help="the folder with manifest.json and records.jsonl")
    one.add_argument("-o", "--output", metavar="FILE", default="report.html", help="the page (default: report.html)")
    one.set_defaults(run=_html)


def _html(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.base.fs import make_folder
    from pytest_fluxscenario.cli.project.ini import find_ini
    from pytest_fluxscenario.evidence.html import PageNotes, write_page
    from pytest_fluxscenario.evidence.verify import verify

    verified = verify(options.folder)
    start = os.getcwd()
    make_folder(os.path.dirname(os.path.abspath(options.output)))
    about = PageNotes(_damage(verified), verified.notes, verified=True)
    write_page(options.folder, options.output, find_ini([start], start).root, about)
    outputs.problems(verified.problems[:_MOST])
    said = verified.manifest.verdict if verified.intact else "damaged"
    outputs.out.line(one_line(f"{said}: {shown(options.output)}"), "" if verified.intact else "red")
    return exits.DONE if verified.intact else exits.DAMAGE


def _damage(verified: Verified) -> tuple[str, ...]:
    if verified.intact:
        return ()
    said = [str(problem) for problem in verified.problems[:_MOST]]
    more = len(verified.problems) + verified.more - len(said)
    first = "This evidence is not what was written: believe nothing on this page."
    return (first, *said, *([f"and {more} more: run fluxrig evidence verify"] if more else ()))
