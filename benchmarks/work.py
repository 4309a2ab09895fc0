"""The folders of work: written once, compared with what they should hold on every later run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scenarios import scenarios
from benchmarks.tools.base import Tool


@dataclass(frozen=True, slots=True)
class Written:
    """What a call of ``prepare`` did."""

    files: int
    changed: int
    removed: int


def folder_of(tool: Tool, size: int, work: Path) -> Path:
    """Where the work of one tool and one size lies."""
    return work / str(size) / tool.folder


def _same(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def prepare(tool: Tool, size: int, work: Path) -> Written:
    """See that the tool's folder holds exactly its files of ``size`` scenarios; what runs left there stays.

    Files that are right are not touched: a file system is erratic for minutes after many files went,
    so a folder is never deleted and written anew. OSError when it cannot be written.
    """
    folder = folder_of(tool, size, work)
    folder.mkdir(parents=True, exist_ok=True)
    wanted: set[Path] = set()
    changed = 0
    for name, text in tool.files(scenarios(size)):
        path = folder / name
        wanted.add(path)
        data = text.encode("utf-8")
        if not _same(path, data):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            changed += 1
    # Only work of an older generator is removed: files of a kind and place that the tool writes many of.
    kinds = {(path.parent, "".join(path.suffixes)) for path in wanted}
    stale = [
        path
        for parent in {parent for parent, _ in kinds}
        for path in parent.iterdir()
        if path not in wanted and path.is_file() and (parent, "".join(path.suffixes)) in kinds
    ]
    for path in stale:
        path.unlink()
    if changed or stale:
        os.sync()
    return Written(len(wanted), changed, len(stale))
