"""``fluxrig spec``: file specs in the store, and look at what is there (store.md)."""

from __future__ import annotations

import argparse

from pytest_fluxscenario.cli.store.artifacts import Noun, add_verbs
from pytest_fluxscenario.cli.console.parser import verbs

_NOUN = Noun(
    "specs",
    "spec",
    "a spec",
    "a file, a folder (each YAML and JSON file in it), or - for standard input",
    "card",
    "specs/card.yaml",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    add_verbs(verbs(parser), _NOUN)
