"""How command lines are declared: nouns with verbs, each with an example in its help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from pytest_fluxscenario.base.number import DAY, read_seconds
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.cli.console import exits


class Parser(argparse.ArgumentParser):
    """An argument parser that shows foreign text escaped."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and exit with 2."""
        self.print_usage(sys.stderr)
        self.exit(exits.USAGE, f"{self.prog}: {shown_lines(message)}\n")


class Version(argparse.Action):
    """Looks the version up when it is asked for, and prints it."""

    def __init__(self, option_strings: Sequence[str], **more: Any) -> None:
        super().__init__(option_strings, **{**more, "dest": argparse.SUPPRESS, "nargs": 0})

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print the version, and exit."""
        from pytest_fluxscenario.evidence.circumstances import tool

        print(tool())
        parser.exit(exits.DONE)


def duration(text: str, least: float = 0.0) -> float:
    """Seconds that an option names: more than none, ``least`` or more, and at most a day. Raises ArgumentTypeError."""
    seconds = read_seconds(text, least) if least else read_seconds(text)
    if seconds is None:
        from_ = f"{least:g} or more" if least else "more than 0"
        message = f"seconds, {from_} and at most {DAY:g}, are needed, not '{shown(text, 80)}'"
        raise argparse.ArgumentTypeError(message)
    return seconds


def count(text: str, most: int = 256) -> int:
    """A whole number that an option names, from 1 to ``most``. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 8 and 1 <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"a number from 1 to {most} is needed, not '{shown(text, 80)}'")
    return int(text)


def gear(text: str) -> str:
    """A gear that an option names. Raises ArgumentTypeError where it is empty, as of a variable that is not set."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty (engine asks the built-in engine)")
    return text


def add_redaction(parser: argparse.ArgumentParser, never: str) -> None:
    """Add ``--redact`` and ``--redact-env``; ``never`` is what does not happen to such text."""
    more: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("--redact", metavar="REGEX", help=f"text that is never {never}; may be repeated", **more)
    parser.add_argument(
        "--redact-env", metavar="NAME", help=f"a variable whose value is never {never}; may be repeated", **more
    )


def command(
    commands: argparse._SubParsersAction[Parser],
    verb: str,
    does: str,
    example: str,
    more: str = "",
) -> Parser:
    """Add one command with an example in its help."""
    return commands.add_parser(
        verb,
        help=does,
        description=f"{does[0].upper()}{does[1:]}." + (f"\n\n{more}" if more else ""),
        epilog=f"example: {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def verbs(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[Parser]:
    """The verbs of a noun."""
    return parser.add_subparsers(metavar="VERB", required=True, parser_class=Parser)
