"""``fluxrig scenario``: run scenarios without pytest, compare what two versions make of them, keep them (cli.md)."""

from __future__ import annotations

import argparse

from pytest_fluxscenario.cli.console.parser import verbs
from pytest_fluxscenario.cli.scenario import draft, run
from pytest_fluxscenario.cli.scenario.diff import add_diff
from pytest_fluxscenario.cli.store.artifacts import Noun, add_verbs

_NOUN = Noun(
    "scenarios",
    "scenario",
    "a scenario, or a suite of them,",
    "a file, a folder (each scenario file in it), or - for standard input",
    "approval_required",
    "scenarios",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = verbs(parser)
    add_verbs(commands, _NOUN)
    add_diff(commands, _NOUN)
    run.add(commands)
    draft.add(commands)
