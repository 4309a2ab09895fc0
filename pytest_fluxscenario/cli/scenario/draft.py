"""``fluxrig scenario draft``: scenarios for what a pack's suite does not show, for a person to review."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Outputs, one_line, plural
from pytest_fluxscenario.cli.project.stores import add_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_fluxscenario.analysis.drafts.drafting import Draft, Missed, Sorted
    from pytest_fluxscenario.analysis.drafts.search import Search
    from pytest_fluxscenario.cli.scenario.bench import Bench
    from pytest_fluxscenario.model.drafts import DraftsReport

_DRAFT: Final = """\
Looks for what no scenario of PACK shows: points of its coverage (gates, conditions, routes, approvals …) that none
reaches, and mutants of its rules that none notices. For each, requests are tried on the rules until one shows it: first
one that is allowed, then those that differ from it in one thing, then in two. The least that does is written as a
scenario with the answers that came back, run, and kept only if it passes.

A draft says what the rules do, not what they should do. So it is marked skip, and counts for nothing until somebody has
reviewed it and taken that line out. What a draft that waits shows is not drafted again. Nothing is overwritten.

exit status: 0 all that was wanted is drafted, or nothing was missing, 1 something was not reached or was left out,
2 bad usage or a pack that cannot be used, 3 damage, 130 interrupted"""
_MOST: Final = 20
#: Below the pack.
_FOLDER: Final = os.path.join("scenarios", "drafts")


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    example = "fluxrig scenario draft scenarios/local_patch_review --gate rule_waiver_requires_approval"
    one = command(commands, "draft", "write scenarios for what the suite does not show", example, _DRAFT)
    one.add_argument("pack", metavar="PACK", help="a pack's folder, or its manifest")
    for name, metavar, what in (
        ("gate", "ID", "what belongs to a gate"),
        ("action", "ID", "what requests for an action show"),
        ("route", "ROUTE", "what belongs to the gates with a route"),
        ("mutant", "ID", "a mutant, as fluxrig mutate names it"),
    ):
        help_ = f"only {what}; may be repeated"
        one.add_argument(f"--{name}", metavar=metavar, action="append", default=[], help=help_)
    one.add_argument("--all", action="store_true", help=f"as many files as it takes (default: at most {_MOST})")
    one.add_argument("-o", "--output", metavar="DIR", help=f"where files are written (default: {_FOLDER} in PACK)")
    one.add_argument("--dry-run", action="store_true", help="print the scenarios, and write nothing")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    add_store(one, "where specs are looked up")
    one.set_defaults(run=_draft)


def _draft(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.analysis.drafts.drafting import Draft, drafts_for, sort_out
    from pytest_fluxscenario.analysis.drafts.search import Search
    from pytest_fluxscenario.analysis.drafts.wanted import Asked, chosen, targets_of
    from pytest_fluxscenario.cli.scenario.bench import open_bench

    begun = seconds()
    asked = Asked(tuple(options.gate), tuple(options.action), tuple(options.route), tuple(options.mutant))
    bench = open_bench(options.pack, options.store)
    folder = options.output or os.path.join(bench.folder, _FOLDER)
    progress = Progress(outputs.err)
    drafts: list[tuple[Draft, str]] = []
    missed: list[Missed] = []
    try:
        targets = chosen(targets_of(bench.ground), asked, bench.pack.profile)
        found = sort_out(targets, bench.shown)
        search = Search(bench.ground)
        where = bench.name_in(folder)
        for one in drafts_for(found.wanted, search, bench.runner, where):
            if isinstance(one, Draft):
                drafts.append((one, _write(one, folder, options, outputs, progress)))
            else:
                missed.append(one)
            progress.tell(f"{len(drafts)} drafted, {len(missed)} not reached, {search.count} requests tried")
            if len(drafts) == _MOST and not options.all:
                break
    finally:
        progress.end()
        bench.close()
    report = _report(bench, search, found, drafts, missed)
    if options.json:
        import msgspec

        outputs.json(msgspec.to_builtins(report))
    else:
        _tell(report, found, outputs, seconds() - begun)
    return exits.NO if report.missed or report.left else exits.DONE


def _write(draft: Draft, folder: str, options: argparse.Namespace, outputs: Outputs, progress: Progress) -> str:
    """Write one draft, or print it; gives its path."""
    path = ""
    if not options.dry_run:
        from pytest_fluxscenario.analysis.drafts.write import write_new

        path = os.path.relpath(write_new(folder, draft.scenario.id, draft.text))
    if not options.json:
        progress.end()
        if options.dry_run:
            outputs.out.line("---")
            outputs.out.write(draft.text)
        else:
            more = f", and {len(draft.also)} more" if draft.also else ""
            outputs.out.line(one_line(f"{shown(path)}: {draft.target.id}{more}"))
    return path


def _report(
    bench: Bench, search: Search, found: Sorted, drafts: list[tuple[Draft, str]], missed: list[Missed]
) -> DraftsReport:
    from pytest_fluxscenario.analysis.mutation.report import place_of
    from pytest_fluxscenario.model.drafts import DraftReport, DraftsReport, MissedReport

    written = tuple(
        DraftReport(one.scenario.id, path, (one.target.id, *(other.id for other in one.also)), one.text)
        for one, path in drafts
    )
    failed = []
    for one in missed:
        place = place_of(one.target.pointer, bench.draft)
        failed.append(MissedReport(one.target.id, place.file, place.line, one.why))
    done = {name for one in written for name in one.shows} | {one.id for one in failed}
    pack = bench.pack
    return DraftsReport(
        process_id=pack.profile.id,
        process_version=pack.profile.version,
        profile_hash=pack.profile_hash,
        shown=tuple(one.id for one in found.shown),
        waiting=tuple(one.id for one in found.waiting),
        drafts=written,
        missed=tuple(failed),
        left=tuple(one.id for one in found.wanted if one.id not in done),
        tried=search.count,
        cut=search.cut,
        without_example=tuple(sorted(bench.ground.unknown)),
        broken_hooks=tuple(sorted(bench.hooks.broken)),
        tired_hooks=tuple(sorted(bench.hooks.tired)),
    )


def _tell(report: DraftsReport, found: Sorted, outputs: Outputs, duration: float) -> None:
    for missed in report.missed:
        place = f"{shown(missed.file)}:{missed.line}" if missed.line else shown(missed.file)
        outputs.out.write(f"{place}: ")
        outputs.out.write("not reached", "red")
        outputs.out.line(one_line(f" {missed.id}: {missed.why}"))
    if report.missed:
        _tell_bounds(report, outputs.err.line)
    if report.waiting:
        outputs.err.line(f"{plural(len(report.waiting), 'thing')} more are shown by drafts that wait for their review")
    if report.left:
        message = f"{plural(len(report.left), 'thing')} not looked at: review these drafts first, or ask for --all"
        outputs.err.line(message, "yellow")
    if not found.wanted:
        outputs.out.line(f"nothing is missing: the suite shows {_of(found)}", "green")
        return
    drafted = sum(len(one.shows) for one in report.drafts)
    said = f"{drafted} of {len(found.wanted)} drafted in {plural(len(report.drafts), 'scenario')}, to be reviewed"
    said = said if report.drafts else "nothing was drafted"
    lacking = f"; {len(report.missed)} not reached" if report.missed else ""
    style = "red" if report.missed else "green"
    outputs.out.line(f"{said}{lacking} ({plural(report.tried, 'request')} tried, {duration:.1f} s)", style)


def _of(found: Sorted) -> str:
    count = len(found.shown) + len(found.waiting)
    return f"{len(found.shown)} of {count}, and drafts that wait show the rest" if found.waiting else f"all {count}"


def _tell_bounds(report: DraftsReport, line: Callable[[str], None]) -> None:
    """What a larger search, or an example, might reach."""
    for names, what in (
        (report.without_example, "no example was found that the rules admit of: "),
        (report.broken_hooks, "no result came from: "),
        (report.tired_hooks, "not called any more, after many calls: "),
        (report.cut, "not all requests were tried for: "),
    ):
        if names:
            line(one_line(what + ", ".join(names)))
