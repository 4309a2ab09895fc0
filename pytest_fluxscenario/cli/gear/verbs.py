"""``fluxrig gear``: the engine for others to speak to, and others held against the rules (docs/gears.md)."""

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
from pytest_fluxscenario.cli.console.parser import command, duration, verbs
from pytest_fluxscenario.cli.console.render import Outputs, one_line, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_fluxscenario.analysis.conformance import Shown
    from pytest_fluxscenario.runner.case import Subject
    from pytest_fluxscenario.runner.suite import Suite

_TOKEN: Final = "FLUXRIG_GEAR_TOKEN"
_SERVE: Final = f"""\
Serves the built-in engine on one pack: on standard input and output (the default), as an HTTP server, or as an MCP
server with the tools fst.control and fst.gear (pip install 'pytest-fluxscenario[mcp]'). Whoever builds a control of
their own can hold it against this one. With --http the variable {_TOKEN} may hold a token, which callers must then
send as a bearer token.

exit status: 0 the input ended, 2 a pack or an address that cannot be used, 130 interrupted"""
_CHECK: Final = """\
Runs scenarios that show one rule of control.md each, on a pack that is made for it, and says where GEAR departs from
the rules. GEAR is stdio:COMMAND, http://HOST/PATH, mcp:COMMAND, mcp+http://HOST/PATH or module:function; {pack} in a
COMMAND becomes the folder of the pack. With --pack its scenarios are run on another pack: yours.

exit status: 0 no departure was found (--strict: and every rule was shown), 1 it departs, 2 it cannot be used"""
_COLOURS: Final = {"holds": "green", "departs": "red", "unshown": "yellow"}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = verbs(parser)
    example = "fluxrig gear check 'stdio:fluxrig gear serve {pack}'"
    one = command(commands, "check", "say where a control implementation departs from the rules", example, _CHECK)
    one.add_argument("gear", metavar="GEAR", help="the implementation")
    one.add_argument("--pack", metavar="DIR", help="another pack, with its scenarios")
    one.add_argument("--strict", action="store_true", help="a rule that cannot be shown counts as a departure")
    one.add_argument("--timeout", metavar="S", type=duration, default=30.0, help="seconds for one answer (default: 30)")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.add_argument("-v", "--verbose", action="store_true", help="a line for each scenario")
    one.set_defaults(run=_check)
    example = "fluxrig gear serve scenarios/local_patch_review --http 127.0.0.1:8091"
    one = command(commands, "serve", "answer control requests by the built-in engine", example, _SERVE)
    one.add_argument("pack", metavar="PACK", help="the folder of a pack, or its manifest")
    way = one.add_mutually_exclusive_group()
    way.add_argument("--http", metavar="HOST:PORT", help="serve HTTP; port 0 takes a free one")
    way.add_argument("--mcp", action="store_true", help="serve MCP on standard input and output")
    one.set_defaults(run=_serve)


def _serve(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.evidence.circumstances import tool
    from pytest_fluxscenario.gears.engine import engine_desk
    from pytest_fluxscenario.gears.serving import GearServer, serve_mcp, serve_stdio
    from pytest_fluxscenario.runtimes.none import NoHooks

    with ExitStack() as held:
        suite, subject = _subject(options.pack)
        held.callback(suite.close)
        hooks = subject.hooks or NoHooks(subject.ref.source)
        desk = engine_desk(subject.pack, subject.rules, hooks, tool().rpartition(" ")[2])
        if options.http is not None:
            address = _address(options.http)
            try:
                server = GearServer(desk, address, os.environ.get(_TOKEN))
            except OSError as error:
                place = Place(shown(options.http))
                raise UsageError.of("gear.address", place, f"cannot be served: {shown(error.strerror)}") from error
            held.callback(server.server_close)
            host, port = server.server_address[:2]
            outputs.err.line(f"serving {desk.about} on http://{host!s}:{port}/ (Ctrl-C ends it)")
            outputs.err.flush()
            server.serve_forever()
        elif options.mcp:
            try:
                serve_mcp(desk)
            except ImportError as error:
                hint = "pip install 'pytest-fluxscenario[mcp]'"
                raise UsageError.of("gear.mcp", Place(""), "MCP needs the extra 'mcp'", hint) from error
        else:
            serve_stdio(desk)
    return exits.DONE


def _subject(path: str) -> tuple[Suite, Subject]:
    """The pack at ``path`` made ready. Raises UsageError, ProfileError."""
    from pytest_fluxscenario.packs.files import FolderFiles
    from pytest_fluxscenario.packs.load import load_pack
    from pytest_fluxscenario.packs.opening import folder_of
    from pytest_fluxscenario.packs.resolve import Resolver
    from pytest_fluxscenario.runner.suite import Suite, make_subject
    from pytest_fluxscenario.runtimes.code import HookSettings
    from pytest_fluxscenario.runtimes.make import Runtimes

    folder = os.path.abspath(folder_of(path, shown(path)))
    runtimes = Runtimes(HookSettings.of(os.environ))
    pack = load_pack(FolderFiles(folder, os.path.relpath(folder).replace(os.sep, "/")))
    return Suite(folder, Resolver(folder, None), runtimes=runtimes), make_subject(pack, runtimes)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise UsageError.of("gear.address", Place(shown(text)), "is no address", "write HOST:PORT, as 127.0.0.1:8091")
    return host.strip("[]"), int(port)


def _check(options: argparse.Namespace, outputs: Outputs) -> int:
    from importlib.resources import as_file, files

    from pytest_fluxscenario.analysis.conformance import examine
    from pytest_fluxscenario.gears.opening import open_gear
    from pytest_fluxscenario.gears.port import Only
    from pytest_fluxscenario.gears.settings import GearSettings

    with ExitStack() as held:
        if options.pack is None:
            folder = str(held.enter_context(as_file(files("pytest_fluxscenario.gears") / "conformance")))
        else:
            from pytest_fluxscenario.packs.opening import folder_of

            folder = os.path.abspath(folder_of(options.pack, shown(options.pack)))
        # A function of a module is looked for where the command was started, as pytest would.
        held.callback(setattr, sys, "path", sys.path.copy())
        sys.path.insert(0, os.getcwd())
        named = options.gear.replace("{pack}", shlex.quote(folder))
        gear = open_gear(GearSettings(named, options.timeout, os.environ.get(_TOKEN)))
        if gear is None:
            raise UsageError.of("gear.setting", Place(""), "no gear is named", "write stdio:COMMAND, or another form")
        held.callback(gear.close)
        about = gear.about
        suite, chosen = _conformance(folder)
        suite.gears = Only(gear)
        held.callback(suite.close)
        found: list[Shown] = []
        for shown_one in examine(suite, chosen):
            found.append(shown_one)
            if options.verbose and not options.json:
                _tell(shown_one, outputs)
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


def _conformance(folder: str) -> tuple[Suite, list[tuple[str, str]]]:
    from pytest_fluxscenario.cli.project.ini import find_ini
    from pytest_fluxscenario.cli.project.selection import choose, read_targets
    from pytest_fluxscenario.cli.project.settings import Asked, make_settings
    from pytest_fluxscenario.packs.resolve import Resolver
    from pytest_fluxscenario.runner.suite import Suite

    start = os.getcwd()
    targets = read_targets([folder], start)
    settings = make_settings(find_ini([folder], start), Asked(), start)
    chosen = [(one.path, one.name) for one in choose(targets, settings)]
    return Suite(settings.root, Resolver(settings.root, None)), chosen


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
