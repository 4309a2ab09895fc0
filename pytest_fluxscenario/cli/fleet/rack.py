"""``fluxrig rack``: workers of a fleet (docs/fleet.md)."""

from __future__ import annotations

import argparse

from pytest_fluxscenario.cli.console.parser import verbs
from pytest_fluxscenario.cli.fleet import rack_admin, rack_start


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = verbs(parser)
    rack_start.add(commands)
    rack_admin.add(commands)
