"""``fluxrig store``: check the whole store, remove what nothing names, merge its index (store.md)."""

from __future__ import annotations

import argparse
import math
from datetime import timedelta
from typing import Final

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.checking import Checked, check_store
from pytest_fluxscenario.cas.garbage import GRACE, Collected, collect_garbage
from pytest_fluxscenario.cas.store import no_store
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.store import merge
from pytest_fluxscenario.cli.console.parser import command, verbs
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Outputs, plural, problem_json
from pytest_fluxscenario.cli.store.staged import check
from pytest_fluxscenario.cli.project.stores import add_store, store_folder

_CHECK: Final = """\
Reads and hashes every blob, holds the index against index.sum, and looks for what is missing, left over or in the
wrong place. Writes nothing.

With --staged it looks at what git is about to commit instead: an entry that would change or vanish, a blob that would
be removed or renamed while an entry needs it, or that is not staged, and bytes that have another hash than the name.

exit status: 0 whole (there may be warnings), 1 it must not be committed, 2 no store, 3 damaged"""
_GC: Final = """\
Removes blobs that no entry of the index leads to, and what writers that died left behind, once nobody has written to
them for the grace period. Where the index is damaged nothing is removed.

exit status: 0 done, 2 no store or it cannot be written, 3 damaged"""
#: Longest grace period, in days.
_MOST_DAYS: Final = 36_500


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = verbs(parser)
    one = command(commands, "check", "say whether the store is whole", "fluxrig store check", _CHECK)
    staged = "instead, say whether git may commit what is staged of the store; for a hook of git"
    one.add_argument("--staged", action="store_true", help=staged)
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    add_store(one)
    one.set_defaults(run=_check)
    example = "fluxrig store gc --grace 30 --dry-run"
    one = command(commands, "gc", "remove the blobs that nothing names", example, _GC)
    days = f"days for which a file is left alone after it was written (default: {GRACE.days})"
    one.add_argument("--grace", metavar="DAYS", type=_days, default=GRACE, help=days)
    one.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    add_store(one)
    one.set_defaults(run=_gc)
    merge.add(commands)


def _days(text: str) -> timedelta:
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 <= days <= _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"a number of days from 0 to {_MOST_DAYS} is needed, not '{shown(text, 80)}'")
    return timedelta(days=days)


def _none(folder: str) -> StoreError:
    return no_store(folder, shown(folder), "make one with: fluxrig profile import PATH")


def _check(options: argparse.Namespace, outputs: Outputs) -> int:
    folder = store_folder(options)
    if options.staged:
        return check(folder, outputs, json=options.json)
    progress = Progress(outputs.err)
    try:
        checked = check_store(folder, shown(folder), lambda count: progress.tell(f"{plural(count, 'blob')} read"))
    finally:
        progress.end()
    if checked is None:
        raise _none(folder)
    if options.json:
        outputs.json(
            {
                "store": shown(folder),
                "verdict": "damaged" if checked.damaged else "whole",
                "entries": checked.entries,
                "blobs": checked.blobs,
                "bytes": checked.bytes,
                "problems": [problem_json(problem) for problem in checked.problems],
            }
        )
    else:
        outputs.problems(checked.problems)
        outputs.err.flush()
        outputs.out.line(f"{shown(folder)}: {_summary(checked)}", "red" if checked.damaged else "green")
    return exits.DAMAGE if checked.damaged else exits.DONE


def _summary(checked: Checked) -> str:
    entries = plural(checked.entries, "entry", "entries")
    errors = sum(problem.severity == "error" for problem in checked.problems)
    verdict = "whole" if not checked.damaged else f"damaged, {plural(errors, 'error')}"
    warnings = len(checked.problems) - errors
    told = f", {plural(warnings, 'warning')}" if warnings else ""
    return f"{entries}, {plural(checked.blobs, 'blob')}, {plural(checked.bytes, 'byte')}: {verdict}{told}"


def _gc(options: argparse.Namespace, outputs: Outputs) -> int:
    folder = store_folder(options)
    collected = collect_garbage(folder, shown(folder), options.grace, dry_run=options.dry_run)
    if collected is None:
        raise _none(folder)
    verb = "would remove" if options.dry_run else "removed"
    for one in collected.removed:
        outputs.out.line(f"{verb} {one.file}")
    outputs.out.line(f"{shown(folder)}: {verb} {_result(collected)}")
    return exits.DONE


def _result(collected: Collected) -> str:
    young = f"; {plural(collected.young, 'file')} too young" if collected.young else ""
    return f"{plural(len(collected.removed), 'file')}, {plural(collected.bytes, 'byte')}{young}"
