"""``fluxrig gear check``: where a control implementation departs from the rules (docs/gears.md)."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command, duration
from pytest_fluxscenario.cli.console.render import Outputs, one_line, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_fluxscenario.analysis.conformance import Shown
    from pytest_fluxscenario.gears.port import Gear

_TOKEN: Final = "FLUXRIG_GEAR_TOKEN"
_CHECK: Final = """\
Runs scenarios that show one rule of control.md each, on a pack that is made for it, and says where GEAR departs from
the rules. GEAR is stdio:COMMAND, http://HOST/PATH, mcp:COMMAND, mcp+http://HOST/PATH or module:function; {pack} in a
COMMAND becomes the folder of the pack. With --pack its scenarios are run on another pack: yours.

exit status: 0 no departure was found (--strict: and every rule was shown), 1 it departs, 2 it cannot be used"""
_COLOURS: Final = {"holds": "green", "departs": "red", "unshown": "yellow"}


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    example = "fluxrig gear check 'stdio:fluxrig gear serve {pack}'"
    one = command(commands, "check", "say where a control implementation departs from the rules", example, _CHECK)
    one.add_argument("gear", metavar="GEAR", help="the implementation")
    one.add_argument("--pack", metavar="DIR", help="another pack, with its scenarios")
    one.add_argument("--strict", action="store_true", help="a rule that cannot be shown counts as a departure")
    one.add_argument("--timeout", metavar="S", type=duration, default=30.0, help="seconds for one answer (default: 30)")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.add_argument("-v", "--verbose", action="store_true", help="a line for each scenario")
    one.set_defaults(run=_check)


def _check(options: argparse.Namespace, outputs: Outputs) -> int:
    found: list[Shown] = []
    with ExitStack() as held:
        folder = _folder(options.pack, held)
        gear = _gear(options, folder, held)
        about = gear.about
        for one in _examined(gear, folder, held):
            found.append(one)
            if options.verbose and not options.json:
                _tell(one, outputs)
    if not found:
        hint = "name a pack with scenarios"
        raise UsageError.of("gear.scenarios", Place(shown(folder)), "has no scenarios to show a rule with", hint)
    counts = {kind: sum(one.finding == kind for one in found) for kind in ("holds", "departs", "unshown")}
    if options.json:
        outputs.json(
            {"gear": str(about), "features": sorted(about.features), "counts": counts, "scenarios": _json(found)}
        )
    else:
        _say(found, counts, str(about), outputs, verbose=options.verbose)
    return exits.NO if counts["departs"] or (options.strict and counts["unshown"]) else exits.DONE


def _folder(pack: str | None, held: ExitStack) -> str:
    """The pack whose scenarios show the rules: the one that is named, or the one that is made for it."""
    if pack is None:
        from importlib.resources import as_file, files

        return str(held.enter_context(as_file(files("pytest_fluxscenario.gears") / "conformance")))
    from pytest_fluxscenario.packs.opening import folder_of

    return os.path.abspath(folder_of(pack, shown(pack)))


def _gear(options: argparse.Namespace, folder: str, held: ExitStack) -> Gear:
    """The implementation, opened. Raises UsageError for what names none, and what opening it raises."""
    from pytest_fluxscenario.gears.opening import open_gear
    from pytest_fluxscenario.gears.settings import GearSettings

    # A function of a module is looked for where the command was started, as pytest would.
    held.callback(setattr, sys, "path", sys.path.copy())
    sys.path.insert(0, os.getcwd())
    named = options.gear.replace("{pack}", shlex.quote(folder))
    gear = open_gear(GearSettings(named, options.timeout, os.environ.get(_TOKEN)))
    if gear is None:
        raise UsageError.of("gear.setting", Place(""), "no gear is named", "write stdio:COMMAND, or another form")
    held.callback(gear.close)
    return gear


def _examined(gear: Gear, folder: str, held: ExitStack) -> Iterator[Shown]:
    """What each scenario of the folder shows of the gear. Raises FluxError for a pack that cannot be used."""
    from pytest_fluxscenario.analysis.conformance import examine
    from pytest_fluxscenario.cli.project.ini import find_ini
    from pytest_fluxscenario.cli.project.selection import choose, read_targets
    from pytest_fluxscenario.cli.project.settings import Asked, make_settings
    from pytest_fluxscenario.gears.port import Only
    from pytest_fluxscenario.packs.resolve import Resolver
    from pytest_fluxscenario.runner.suite import Suite

    start = os.getcwd()
    targets = read_targets([folder], start)
    settings = make_settings(find_ini([folder], start), Asked(), start)
    suite = Suite(settings.root, Resolver(settings.root, None), gears=Only(gear))
    held.callback(suite.close)
    return examine(suite, [(one.path, one.name) for one in choose(targets, settings)])


def _tell(one: Shown, outputs: Outputs) -> None:
    outputs.out.line(f"{one.finding:<8} {one.rule} {shown(one.id.rpartition('::')[2])}", _COLOURS[one.finding])


def _say(found: Sequence[Shown], counts: dict[str, int], about: str, outputs: Outputs, *, verbose: bool) -> None:
    out = outputs.out
    alike = len({one.why for one in found}) == 1 and counts["departs"] == len(found) > 1
    if alike:
        # Such as a server of another pack: that is one thing that is wrong, and not one with each rule.
        hint = "if it serves another pack: --pack names that one, and {pack} in a command is the folder of this one"
        out.line(one_line(f"no rule could be looked at: {found[0].why} ({hint})"), "red")
    for one in found:
        if one.finding == "departs" and not alike:
            out.line(one_line(f"{one.place}: departs from {one.rule}: {one.says}"), "red")
            for line in one.lines or (one.why,):
                out.line(f"    {line}")
    reasons = dict.fromkeys(one.why for one in found if one.finding == "unshown")
    for why in reasons:
        names = [shown(one.id.rpartition("::")[2]) for one in found if one.why == why]
        out.line(one_line(f"not shown: {', '.join(names)}: {why}"), "yellow")
    if verbose or counts["departs"]:
        out.line("")
    said = f"{counts['holds']} of {plural(len(found), 'scenario')} hold on {about}"
    more = [
        f"{counts['departs']} depart" if counts["departs"] else "",
        f"{counts['unshown']} could not be shown" if counts["unshown"] else "",
    ]
    colour = "red" if counts["departs"] else "yellow" if counts["unshown"] else "green"
    out.line(", ".join(part for part in (said, *more) if part), colour)


def _json(found: Sequence[Shown]) -> list[dict[str, object]]:
    return [
        {
            "id": one.id,
            "rule": one.rule,
            "says": one.says,
            "finding": one.finding,
            "place": str(one.place),
            "why": one.why,
        }
        for one in found
    ]
