#!/usr/bin/env python3
"""Start the benchmarks: ``python benchmarks/run.py --help``."""

from __future__ import annotations

import sys
from pathlib import Path


def start() -> int:
    """Let the package ``benchmarks`` be found, whatever the working folder is, and hand over to its command."""
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from benchmarks.command import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(start())
