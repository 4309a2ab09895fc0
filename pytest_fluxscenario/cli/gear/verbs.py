"""``fluxrig gear``: the engine for others to speak to, and others held against the rules (docs/gears.md)."""

from __future__ import annotations

import argparse

from pytest_fluxscenario.cli.console.parser import verbs
from pytest_fluxscenario.cli.gear import check, serve


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = verbs(parser)
    check.add(commands)
    serve.add(commands)
