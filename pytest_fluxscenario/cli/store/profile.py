"""``fluxrig profile``: file process packs in the store, and look at what is there (store.md)."""

from __future__ import annotations

import argparse

from pytest_fluxscenario.cli.store.artifacts import Noun, add_verbs
from pytest_fluxscenario.cli.console.parser import verbs

_NOUN = Noun(
    "profiles",
    "profile",
    "a process pack, or a profile alone,",
    "a pack's folder, its archive (*.fstpack), or a profile alone as YAML or JSON",
    "local_patch_review",
    "scenarios/local_patch_review",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    add_verbs(verbs(parser), _NOUN)
