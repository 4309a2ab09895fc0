"""``fluxrig pack``: what is done with process packs before they are filed (pack.md). One module for each verb."""

from __future__ import annotations

import argparse

from pytest_fluxscenario.cli import pack_build, pack_check, pack_new, pack_prove, pack_sign
from pytest_fluxscenario.cli.parser import verbs

#: In the order of the help; each adds its command.
_VERBS = (pack_new, pack_check, pack_prove, pack_build, pack_sign)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = verbs(parser)
    for verb in _VERBS:
        verb.add(commands)
