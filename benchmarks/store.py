"""The figures of the store: ``python -m benchmarks.store [--in FOLDER] [PART ...]``; all of them take some minutes.

Parts are import, index, writers, check and memory. What is compared runs in turn in one round, and of the ratios of the
rounds the median is told. The folder decides what a sync costs: name one on the disk that is of interest.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import store_import, store_index, store_memory, store_writers

_PARTS: Mapping[str, Callable[[Path], None]] = {
    "import": store_import.measure,
    "index": store_index.measure_import,
    "check": store_index.measure_check,
    "writers": store_writers.measure,
    "memory": store_memory.measure,
}


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description="The figures of the store.")
    parser.add_argument("parts", nargs="*", default=[], choices=[*_PARTS, []], metavar="PART", help=", ".join(_PARTS))
    parser.add_argument("--in", dest="folder", help="the folder to work in; a temporary one of the system otherwise")
    arguments = parser.parse_args()
    for part in arguments.parts or _PARTS:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as made:
            _PARTS[part](Path(made))


if __name__ == "__main__":
    main()
