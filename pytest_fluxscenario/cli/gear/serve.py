"""``fluxrig gear serve``: the built-in engine, for others to speak to (docs/gears.md)."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs

if TYPE_CHECKING:
    from pytest_fluxscenario.runner.case import Subject
    from pytest_fluxscenario.runner.suite import Suite

_TOKEN: Final = "FLUXRIG_GEAR_TOKEN"
_SERVE: Final = f"""\
Serves the built-in engine on one pack: on standard input and output (the default), as an HTTP server, or as an MCP
server with the tools fst.control and fst.gear (pip install 'pytest-fluxscenario[mcp]'). Whoever builds a control of
their own can hold it against this one. With --http the variable {_TOKEN} may hold a token, which callers must then
send as a bearer token.

exit status: 0 the input ended, 2 a pack or an address that cannot be used, 130 interrupted"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
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
    from pytest_fluxscenario.gears.serving import GearServer, serve_stdio
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
                from pytest_fluxscenario.gears.serving_mcp import serve_mcp
            except ImportError as error:
                hint = "pip install 'pytest-fluxscenario[mcp]'"
                raise UsageError.of("gear.mcp", Place(""), "MCP needs the extra 'mcp'", hint) from error
            serve_mcp(desk)
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
