"""``fluxrig store merge``: git's merge driver for the index of a store (store.md, "Git")."""

from __future__ import annotations

import argparse
import os
from typing import Final

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.fs import replace_file
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.index import INDEX_FILE, INDEX_LIMITS
from pytest_fluxscenario.cas.merging import merge_indexes
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.documents.source import read_source

#: What tells git.
EXAMPLE: Final = 'git config merge.fluxrig-store.driver "fluxrig store merge %O %A %B %P"'
_MERGE: Final = """\
Git calls it for index.json once it is told to, by the line below, in each clone or with --global for all of them. What
one side added or removed is taken over, whatever stands beside it. Where a tag has one content here and another there,
both lines are left between conflict markers, and no command reads the store until one of them is taken out.

exit status: 0 merged, 1 a tag has two contents, 2 a file cannot be used, 3 a side is no index"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    one = command(commands, "merge", "merge two versions of an index, for git", EXAMPLE, _MERGE)
    one.add_argument("base", metavar="BASE", help="what both come from; an empty file where they come from nothing")
    one.add_argument("ours", metavar="OURS", help="one version, which the result is written to")
    one.add_argument("theirs", metavar="THEIRS", help="the other version")
    one.add_argument("path", metavar="PATH", help="the index as it is called in messages")
    one.set_defaults(run=_merge)


def _merge(options: argparse.Namespace, outputs: Outputs) -> int:
    path = str(options.path)
    if os.path.basename(path) != INDEX_FILE:
        message, hint = f"is no {INDEX_FILE}", f"in .gitattributes only {INDEX_FILE} has merge=fluxrig-store"
        raise UsageError.of("merge.path", Place(shown(path)), message, hint)
    base, ours, theirs = (
        read_source(str(file), shown(file), INDEX_LIMITS).data for file in (options.base, options.ours, options.theirs)
    )
    merged = merge_indexes(base, ours, theirs, shown(path))
    replace_file(str(options.ours), merged.data)
    outputs.problems(merged.problems)
    if merged.damaged:
        return exits.DAMAGE
    return exits.DONE if merged.clean else exits.NO
