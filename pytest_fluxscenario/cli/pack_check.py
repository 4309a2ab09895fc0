"""``fluxrig pack check``: everything that is wrong with a pack, before a scenario runs (pack.md, "Validation")."""

from __future__ import annotations

import argparse
import os

from pytest_fluxscenario.base.errors import DamageError, FluxError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cli import exits
from pytest_fluxscenario.cli.parser import Parser, command
from pytest_fluxscenario.cli.render import Outputs, plural

_CHECK = """\
PACK is a pack's folder, or its manifest. Nothing of it is run.

exit status: 0 valid (there may be warnings), 1 not valid, 2 no such pack"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    example = "fluxrig pack check scenarios/local_patch_review"
    one = command(commands, "check", "say everything that is wrong with a pack", example, _CHECK)
    one.add_argument("pack", metavar="PACK", help="a pack's folder, or its manifest")
    one.set_defaults(run=_check)


def _check(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.packs.files import FolderFiles
    from pytest_fluxscenario.packs.load import load_pack

    folder = os.path.normpath(options.pack)
    if os.path.basename(folder) in MANIFEST_FILES:
        folder = os.path.dirname(folder) or "."
    if not os.path.isdir(folder):
        raise UsageError.of("pack.none", Place(shown(options.pack)), "there is no such folder")
    try:
        warnings = load_pack(FolderFiles(folder, "" if folder == "." else folder)).warnings
    except DamageError:
        raise
    except FluxError as error:
        outputs.error(error)
        outputs.out.line(f"{plural(len(error.problems), 'error')}: not valid", "red")
        return exits.NO
    outputs.problems(warnings)
    outputs.out.line("valid", "green")
    return exits.DONE
