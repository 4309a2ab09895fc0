"""``fluxrig pack``: what is done with process packs before they are filed (pack.md). One module for each verb."""

from __future__ import annotations

import argparse

from pytest_fluxscenario.cli.console.parser import verbs
from pytest_fluxscenario.cli.pack import build, check, new, prove, sign

#: In the order of the help; each adds its command.
_VERBS = (new, check, prove, build, sign)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = verbs(parser)
    for verb in _VERBS:
        verb.add(commands)
