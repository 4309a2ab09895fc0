"""``fluxrig mutate``: what a pack's scenarios would notice, were its rules weaker (cli.md)."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.number import read_number
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import count
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.cli.project.stores import add_store

if TYPE_CHECKING:
    from pytest_fluxscenario.analysis.mutation.hunt import Hunt, Verdict
    from pytest_fluxscenario.analysis.mutation.journal import Journal
    from pytest_fluxscenario.analysis.mutation.mutant import Mutant

_MUTATE: Final = """\
The rules of PACK are weakened on purpose, one change at a time: a gate is dropped, a condition always holds, a role may
ask for what it may not. The pack's scenarios run on each such mutant until one fails. A mutant that none notices is
shown with its line, its change, and what would notice it. Where the rules themselves prove that no scenario can, it is
told apart and does not count.

PACK is a pack's folder, its manifest, an archive (*.fstpack), or what the store has under name:tag or sha256:HASH.
A run that is cut off goes on where it was, as long as pack and scenarios are the same.

exit status: 0 the score is at least --fail-under, 1 it is not, 2 no such pack, or a scenario that does not pass on it,
3 damage, 130 interrupted"""
#: Where a run that was cut off is kept, below the root.
_FOLDER: Final = os.path.join(".fluxscenario", "mutants")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command; the noun is its own verb."""
    parser.description = f"Show what the scenarios of a pack would notice.\n\n{_MUTATE}"
    parser.epilog = "example: fluxrig mutate scenarios/local_patch_review --fail-under 95 --workers 2"
    parser.add_argument("pack", metavar="PACK", help="a folder, a manifest, an archive, or a ref of the store")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--html", metavar="FILE", help="also write a page that a browser shows")
    parser.add_argument(
        "--fail-under", metavar="N", type=_percent, default=100.0, help="the least score, in percent (default: 100)"
    )
    parser.add_argument(
        "--workers", metavar="N", type=count, default=1, help="processes that share the work (default: 1)"
    )
    parser.add_argument(
        "--matrix",
        action="store_true",
        help="try every scenario on every mutant, and say which scenarios nothing would be missed without",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each mutant, also for those noticed")
    add_store(parser, "the store of a ref, and of specs")
    parser.set_defaults(run=_mutate)


def _percent(text: str) -> float:
    percent = read_number(text, 0, 100)
    if percent is None:
        raise argparse.ArgumentTypeError(f"a number from 0 to 100 is needed, not '{shown(text, 80)}'")
    return percent


def _mutate(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.analysis.mutation.hunt import Hunt
    from pytest_fluxscenario.analysis.mutation.journal import Journal
    from pytest_fluxscenario.analysis.mutation.operators import mutants_of
    from pytest_fluxscenario.analysis.mutation.process import Process
    from pytest_fluxscenario.analysis.mutation.report import report_of
    from pytest_fluxscenario.cli.pack.noticed import tell_mutants
    from pytest_fluxscenario.cli.pack.suite import open_suite
    from pytest_fluxscenario.evidence.circumstances import tool

    begun = seconds()
    suite = open_suite(options.pack, options.store, options.workers, goals=options.matrix)
    process = Process.of(suite.pack)
    mutants = mutants_of(process)
    journal = Journal.of(
        os.path.join(suite.root, _FOLDER),
        tool=tool(),
        pack=suite.pack.behaviour_hash,
        suite=suite.trials.hash,
        tried="every" if options.matrix else "until noticed",
    )
    hunt = Hunt(process, suite.trials.passing, suite.close, options.matrix)
    try:
        results = _hunt(hunt, mutants, journal, options.workers, outputs)
    finally:
        suite.close()
    report = report_of(suite.pack, suite.draft, suite.trials, results, every=options.matrix)
    if options.html is not None:
        from pytest_fluxscenario.analysis.mutation.page import page_of
        from pytest_fluxscenario.base.fs import replace_file

        replace_file(options.html, page_of(report).encode())
    if options.json:
        import msgspec

        outputs.json(msgspec.to_builtins(report))
    else:
        tell_mutants(report, options, outputs, seconds() - begun)
    return exits.DONE if report.score.percent >= options.fail_under else exits.NO


def _hunt(
    hunt: Hunt, mutants: tuple[Mutant, ...], journal: Journal, workers: int, outputs: Outputs
) -> list[tuple[Mutant, Verdict]]:
    """All mutants with their verdicts, in order; what an earlier run left is not done again."""
    from pytest_fluxscenario.analysis.mutation.workers import hunt_in

    known = dict(journal.open())
    progress = Progress(outputs.err)
    try:
        left = [mutant for mutant in mutants if mutant.id not in known]
        for number, (mutant, verdict) in enumerate(hunt_in(workers, hunt, left), len(mutants) - len(left) + 1):
            known[mutant.id] = verdict
            journal.add(mutant.id, verdict)
            progress.tell(f"{number} of {plural(len(mutants), 'mutant')}")
        journal.finish()
    finally:
        progress.end()
        journal.close()
    return [(mutant, known[mutant.id]) for mutant in mutants]
