"""``fluxrig pack check``: everything that is wrong with a pack, before a scenario runs (pack.md, "Validation")."""

from __future__ import annotations

import argparse
import os

from pytest_fluxscenario.base.errors import DamageError, FluxError
from pytest_fluxscenario.cli import exits
from pytest_fluxscenario.cli.parser import Parser, command
from pytest_fluxscenario.cli.render import Outputs, plural

_CHECK = """\
PACK is a pack's folder, its manifest, or an archive of it. Nothing of it is run.

exit status: 0 valid (there may be warnings), 1 not valid, 2 no such pack"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    example = "fluxrig pack check scenarios/local_patch_review"
    one = command(commands, "check", "say everything that is wrong with a pack", example, _CHECK)
    one.add_argument("pack", metavar="PACK", help="a pack's folder, its manifest, or an archive of it")
    one.set_defaults(run=_check)


def _check(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.packs.load import load_pack
    from pytest_fluxscenario.packs.opening import open_pack

    path = os.path.normpath(options.pack)
    files = open_pack(path, "" if path == "." else path)
    try:
        warnings = load_pack(files).warnings
    except DamageError:
        raise
    except FluxError as error:
        outputs.error(error)
        outputs.out.line(f"{plural(len(error.problems), 'error')}: not valid", "red")
        return exits.NO
    outputs.problems(warnings)
    outputs.out.line("valid", "green")
    return exits.DONE
