"""``fluxrig``: reads the command line, starts the command, makes every error a line and an exit status (cli.md).

Each noun's module is imported when it is the one that is asked for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NamedTuple

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, Version
from pytest_fluxscenario.cli.console.render import Outputs


class Noun(NamedTuple):
    """The first word of a command."""

    #: Where its commands are declared, below this package.
    room: str
    module: str
    #: What they do.
    does: str


#: In the order of the help.
NOUNS = {
    "scenario": Noun(
        "scenario",
        "verbs",
        "run scenarios without pytest, see which verdicts flip between versions, keep them in the store",
    ),
    "evidence": Noun("evidence", "verbs", "verify, show and split the evidence of a run"),
    "spec": Noun("store", "spec", "file specs in the store, and look at what is there"),
    "profile": Noun("store", "profile", "file process packs in the store, and look at what is there"),
    "pack": Noun("pack", "verbs", "begin, check and build process packs"),
    "coverage": Noun("evidence", "coverage", "show what runs have seen of their profiles, and what is missing"),
    "mutate": Noun("pack", "mutate", "weaken the rules of a pack, and see what its scenarios notice"),
    "review": Noun("review", "packet", "write what a reviewer needs to decide on a pack"),
    "gear": Noun("gear", "verbs", "serve the engine to others, and hold a control implementation against the rules"),
    "store": Noun("store", "verbs", "check the whole store, remove what nothing names, merge its index in git"),
    "run": Noun("fleet", "run", "run what a Mixer's store has on its racks, and look at the runs of a Mixer"),
    "rack": Noun("fleet", "rack", "run scenarios for a Mixer, and say which racks may"),
    "schema": Noun("evidence", "schema", "print the JSON Schema of a document"),
}
_EXITS = "exit status: 0 done, 1 the answer is no, 2 bad usage or unusable input, 3 damage, 130 interrupted"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives its exit status. SystemExit for bad usage, ``--help`` and ``--version``."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    outputs = Outputs.of_process()
    try:
        options = _parser(arguments).parse_args(arguments)
        status: int = options.run(options, outputs)
    except FluxError as error:
        outputs.error(error)
        status = error.exit_status
    except KeyboardInterrupt:
        outputs.err.line("interrupted")
        status = exits.INTERRUPTED
    except RecursionError:
        outputs.err.line("the input is nested too deep")
        status = exits.USAGE
    except OSError as error:
        name = f"{shown(error.filename)}: " if error.filename else ""
        outputs.err.line(f"{name}{shown(error.strerror or type(error).__name__)}")
        status = exits.USAGE
    return _closed(outputs, status)


def _closed(outputs: Outputs, status: int) -> int:
    """The exit status, once everything is written; what could not be written is no success."""
    outputs.out.flush()
    if outputs.out.fault is not None:
        outputs.err.line(f"standard output cannot be written: {outputs.out.fault}")
        status = status or exits.USAGE
    outputs.err.flush()
    return status


def _parser(arguments: Sequence[str]) -> Parser:
    parser = Parser(
        prog="fluxrig",
        description="Scenarios of process packs: run them, read their evidence, keep packs in a store.",
        epilog=f"example: fluxrig scenario run scenarios/local_patch_review\n\n{_EXITS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=Version, help="show the version and exit")
    nouns = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    for noun, (room, module, does) in NOUNS.items():
        added = nouns.add_parser(
            noun,
            help=does,
            description=does[0].upper() + does[1:] + ".",
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if noun == asked:
            from importlib import import_module

            import_module(f"pytest_fluxscenario.cli.{room}.{module}").add(added)
    return parser


if __name__ == "__main__":
    sys.exit(main())
