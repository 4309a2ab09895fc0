"""The raw results: JSON lines, first the run, then a line for each sample."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

from benchmarks.measure import Sample

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Run:
    """When, where and how the samples were taken."""

    date: str
    command: str
    machine: str
    #: The size at which every variant was timed.
    size: int
    rounds: int
    #: Tool to the versions that took part, and to the reason why it did not.
    versions: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


class BadResultsError(ValueError):
    """A file that is not one of raw results; the message names file and line."""


def machine() -> str:
    """This machine as the report names it: processor, cores, system, Python. Nothing that names its owner."""
    processor = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores ({models[0] if models else processor}), {platform.system()}, {python}"


def version_of(distribution: str) -> str:
    """The installed version, or ``unknown``."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def write_line(file: IO[str], document: Mapping[str, Any]) -> None:
    """Add one line and hand it to the system, so that an interrupted run keeps what it has."""
    file.write(json.dumps(document) + "\n")
    file.flush()


def write_run(file: IO[str], run: Run) -> None:
    """Begin a file of raw results."""
    write_line(file, {"run": asdict(run)})


def write_sample(file: IO[str], sample: Sample) -> None:
    """Add one sample."""
    write_line(file, sample.document())


def read(path: Path) -> tuple[Run, list[Sample]]:
    """What ``write_run`` and ``write_sample`` wrote. OSError; BadResultsError names the line that is wrong."""
    first, *rest = path.read_text(encoding="utf-8").splitlines() or [""]
    run = _line(path, 1, first, lambda document: Run(**document["run"]))
    return run, [_line(path, number, line, lambda document: Sample(**document)) for number, line in enumerate(rest, 2)]


def _line(path: Path, number: int, text: str, make: Callable[[Any], Made]) -> Made:
    try:
        return make(json.loads(text))
    except (KeyError, TypeError, ValueError) as error:
        raise BadResultsError(f"{path}:{number}: not a line of raw results ({error})") from error
