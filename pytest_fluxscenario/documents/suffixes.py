"""The endings of the files that are documents, and of those that hold scenarios (scenario.md, "Which files")."""

from __future__ import annotations

from typing import Final

SUFFIXES: Final = (".json", ".yaml", ".yml")
#: A file that ends so holds scenarios, wherever it lies.
MARKED: Final = tuple(f".scenario{suffix}" for suffix in SUFFIXES)
#: So does each document directly in a folder of this name.
FOLDER: Final = "scenarios"
