"""``fluxrig pack check``: everything that is wrong with a pack, before a scenario runs (pack.md, "Validation")."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs, one_line, plural
from pytest_fluxscenario.cli.project.stores import add_store, asked_store, newest_hint

if TYPE_CHECKING:
    from pytest_fluxscenario.analysis.pack_check import Checked

_CHECK: Final = """\
PACK is a pack's folder, its manifest, an archive (*.fstpack), a profile alone, or what the store has under name:tag or
sha256:HASH. Nothing of it is run. Prints a line for each finding: where it is, how bad, its code, what is wrong and
what to do. docs/codes explains each code.

exit status: 0 valid (there may be warnings), 1 not valid, 2 no such pack, 3 a damaged store"""
_COLOURS: Final = {"error": "red", "warning": "yellow"}


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    example = "fluxrig pack check scenarios/local_patch_review"
    one = command(commands, "check", "say everything that is wrong with a pack", example, _CHECK)
    one.add_argument("pack", metavar="PACK", help="a folder, a manifest, an archive, a profile, or a ref of the store")
    one.add_argument(
        "--json", action="store_true", help="the validation report as one JSON document on standard output"
    )
    one.add_argument("--strict", action="store_true", help="warnings count: a pack that has some is not valid")
    one.add_argument(
        "--classes", action="store_true", help="also list the scenario classes, and what the pack has of them"
    )
    add_store(one, "the store of a ref")
    one.set_defaults(run=_check)


def _check(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.analysis.pack_check import check_lone_profile, check_pack, report_of
    from pytest_fluxscenario.cli.project.packs import named_files
    from pytest_fluxscenario.packs.files import LoneProfile

    files = named_files(options.pack, lambda: asked_store(options), hint=partial(newest_hint, options)).files
    checked = check_lone_profile(files) if isinstance(files, LoneProfile) else check_pack(files)
    valid = not checked.count("error") and not (options.strict and checked.count("warning"))
    if options.json:
        import msgspec

        outputs.json(msgspec.to_builtins(report_of(checked, shown(options.pack))))
    else:
        _tell(checked, outputs, classes=options.classes)
        outputs.out.line(_verdict(checked, valid=valid), "green" if valid else "red")
    return exits.DONE if valid else exits.NO


def _tell(checked: Checked, outputs: Outputs, *, classes: bool) -> None:
    from pytest_fluxscenario.analysis.pack_check import report_of
    from pytest_fluxscenario.model.vocabulary import CLASSES

    for found in checked.findings:
        problem = found.problem
        outputs.out.write(f"{problem.place}: ")
        outputs.out.write(problem.severity, _COLOURS[problem.severity])
        hint = f" ({problem.hint})" if problem.hint else ""
        outputs.out.line(one_line(f" {problem.code}: {problem.message}{hint}"))
    if checked.draft.left_out:
        outputs.out.line(f"not looked at before the errors are gone: {', '.join(checked.draft.left_out)}")
    reports = report_of(checked, "").classes if classes else ()
    if reports:
        reports = tuple(one for one in reports if one.scenarios or one.name in CLASSES or one.asked)
        cells = [(one.name, str(one.scenarios), one.reason or ("" if one.scenarios else "missing")) for one in reports]
        outputs.out.table(("CLASS", "SCENARIOS", ""), cells)


def _verdict(checked: Checked, *, valid: bool) -> str:
    errors, warnings = checked.count("error"), checked.count("warning")
    counts = [plural(count, word) for count, word in ((errors, "error"), (warnings, "warning")) if count]
    said = f"{', '.join(counts)}: " if counts else ""
    return f"{said}{'valid' if valid else 'not valid'}{'' if valid or errors else ', as warnings count here'}"
