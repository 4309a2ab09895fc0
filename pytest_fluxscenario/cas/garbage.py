"""Collecting garbage: blobs that nothing names, and what writers that died left behind (store.md, "Garbage").

It runs under the lock, so that nobody begins to name a blob meanwhile. Where the index or a tree is damaged nobody
knows what is named, so nothing is removed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pytest_fluxscenario.base.clock import Clock, SystemClock
from pytest_fluxscenario.base.errors import DamageError
from pytest_fluxscenario.base.fs import is_temporary, remove_file, remove_folder, sync_folder, write_error
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.checking import check_index
from pytest_fluxscenario.cas.holdings import Holding, Named, holdings
from pytest_fluxscenario.cas.lock import PATIENCE, locked
from pytest_fluxscenario.cas.store import Store, open_store
from pytest_fluxscenario.cas.sums import Sums, entries, read_sums, write_sums

GRACE: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Removed:
    """One file that was removed, or would have been."""

    #: As it is shown.
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection did."""

    removed: tuple[Removed, ...]
    #: Unreferenced blobs and temporary files that are too young.
    young: int

    @property
    def bytes(self) -> int:
        """How much was removed."""
        return sum(one.size for one in self.removed)


def collect_garbage(
    folder: str,
    name: str = "",
    grace: timedelta = GRACE,
    *,
    dry_run: bool = False,
    clock: Clock = SystemClock(),  # noqa: B008 - a frozen value
    patience: float = PATIENCE,
) -> Collected | None:
    """Remove what nothing names and nobody has touched for ``grace``; None where there is no store.

    A file is as old as the last write to it. ``dry_run`` removes nothing, and says what would be. Raises DamageError
    where the index or a tree that it names is damaged, StoreError, WriteError.
    """
    name = name or folder
    if open_store(folder, name) is None:
        return None
    with locked(folder, name, patience):
        store = open_store(folder, name)
        if store is None:
            return None
        named = _named(store)
        before = clock.now() - grace
        found = [one for one in holdings(store.blobs) if one.role != "stray"]
        found += [Holding("temporary", file, folder, name) for file in sorted(os.listdir(folder)) if is_temporary(file)]
        unnamed = (one for one in found if one.role != "blob" or one.name not in named.by)
        shards = _old_shards(store.blobs, before)
        removed, young = _remove(unnamed, before, dry_run=dry_run)
        gone = [] if dry_run else [path for path in shards if remove_folder(path)]
        if gone:
            sync_folder(store.blobs.folder)
        if removed and not dry_run:
            _drop_lines(store)
    return Collected(tuple(removed), young)


def _remove(unnamed: Iterable[Holding], before: datetime, *, dry_run: bool) -> tuple[list[Removed], int]:
    """What was removed, durably, and how many files were too young. Raises WriteError."""
    removed: list[Removed] = []
    folders: set[str] = set()
    young = 0
    for holding in unnamed:
        size = _old(holding, before)
        if size is None:
            young += 1
            continue
        if not dry_run:
            remove_file(holding.path)
            folders.add(holding.folder)
        removed.append(Removed(holding.shown, size))
    for path in sorted(folders):
        sync_folder(path)
    return removed, young


def _named(store: Store) -> Named:
    """What the index leads to. Raises DamageError where that cannot be known for sure."""
    problems: list[Problem] = [one for one in check_index(store) if one.severity == "error"]
    roots = {entry.hash: str(entry) for entry in entries(store.index)}
    named = Named.follow(store.blobs, roots, roots)
    problems += [problem for error in named.faults for problem in error.problems]
    if problems:
        raise DamageError(problems)
    return named


def _old_shards(blobs: Blobs, before: datetime) -> list[str]:
    """The folders of blobs that nobody has written to since that moment; what was removed from them does not count.

    A writer that has just made its folder, and has nothing in it yet, finds it where it was.
    """
    try:
        names = os.listdir(blobs.folder)
        paths = [os.path.join(blobs.folder, name) for name in sorted(names) if len(name) == 2]
        # A link is old or young itself; it is no folder, and stays.
        return [path for path in paths if os.lstat(path).st_mtime <= before.timestamp()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise write_error(blobs.folder, error) from error


def _old(holding: Holding, before: datetime) -> int | None:
    """The size of what was last written before that moment; None for what is younger, or no file."""
    try:
        status = os.lstat(holding.path)
    except OSError as error:
        raise write_error(holding.path, error) from error
    # A folder in the place of a blob is for its owner to look at.
    if status.st_mtime > before.timestamp() or stat.S_ISDIR(status.st_mode):
        return None
    return status.st_size


def _drop_lines(store: Store) -> None:
    """Drop the lines of entries that the index does not have, once their blobs are gone."""
    data = read_sums(store.folder, store.name)
    if data is None:
        return
    filed = {str(entry) for entry in entries(store.index)}
    gone = {text for text in Sums.parse(data).intact - filed if not _lies(store.blobs, text.rpartition(" ")[2])}
    if gone:
        write_sums(store.folder, [line for line in data.split(b"\n") if line.rpartition(b" ")[0].decode() not in gone])


def _lies(blobs: Blobs, digest: str) -> bool:
    return os.path.lexists(blobs.path(digest))
