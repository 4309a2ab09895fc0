"""The files of a folder that belong to its pack (store.md, "Import")."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from pytest_fluxscenario.base.errors import FluxError, StoreError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.paths import path_fault, same_but_for_case
from pytest_fluxscenario.cas.store import is_store

Mode = Literal["644", "755"]

#: faults.md, "Names, refs, packs".
MOST_ENTRIES: Final = 4_096
_CACHES: Final = frozenset({"__pycache__", "__MACOSX"})
#: What systems and interpreters leave behind.
_LITTER: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_LITTER_SUFFIXES: Final = (".pyc", ".pyo")
_OWNER_MAY_RUN: Final = 0o100


@dataclass(frozen=True, slots=True, order=True)
class ScannedFile:
    """One file that belongs to a pack."""

    #: POSIX, relative to the pack, NFC.
    path: str
    #: Where it lies, as the system spells it.
    real: str
    mode: Mode


def scan_folder(folder: str, name: str, under: str = "") -> tuple[ScannedFile, ...]:
    """The files below ``folder`` (or its part ``under``), sorted by path; messages show the folder as ``name``.

    Left out: folders whose name begins with a dot (git, caches, evidence), ``__pycache__``, virtual environments,
    stores, litter. Raises StoreError with everything that cannot belong to a pack: links, special files, impossible
    paths, two names equal but for case, more than 4,096 files, a folder that cannot be read.
    """
    problems = Problems()
    files: list[ScannedFile] = []
    for entry, path in _walk(folder, name, under, problems):
        place = _place(name, path)
        fault = path_fault(path)
        if entry.is_symlink():
            problems.add("pack.link", place, "is a link; a pack holds files only", "put a copy in its place")
        elif not entry.is_file(follow_symlinks=False):
            problems.add("pack.special-file", place, "is not a regular file", "take it out of the pack")
        elif fault:
            problems.add("pack.path", place, fault, "rename it")
        else:
            mode: Mode = "755" if entry.stat(follow_symlinks=False).st_mode & _OWNER_MAY_RUN else "644"
            files.append(ScannedFile(path, entry.path, mode))
        if len(files) > MOST_ENTRIES:
            raise _too_many(name)
    files.sort()
    for one, other in same_but_for_case(file.path for file in files):
        message = f"differs from {shown(one)} only in case"
        problems.add("pack.case", _place(name, other), message, "rename one of them")
    for before, file in pairwise(files):
        if before.path == file.path:
            problems.add("pack.twice", _place(name, file.path), "is there twice, in two Unicode forms", "keep one")
    if problems.found:
        raise StoreError(problems)
    return tuple(files)


def _walk(folder: str, name: str, under: str, problems: Problems) -> Iterator[tuple[os.DirEntry[str], str]]:
    pending = [(os.path.join(folder, *under.split("/")) if under else folder, under)]
    folders = 0
    while pending:
        current, path = pending.pop()
        folders += 1
        if folders > MOST_ENTRIES:
            raise _too_many(name)
        try:
            with os.scandir(current) as entries:
                found = list(entries)
        except OSError as error:
            said = shown(error.strerror or type(error).__name__)
            problems.add("pack.unreadable", _place(name, path), f"cannot be read: {said}")
            continue
        for entry in found:
            below = unicodedata.normalize("NFC", f"{path}/{entry.name}" if path else entry.name)
            if entry.is_dir(follow_symlinks=False):
                if not _is_pruned(entry):
                    pending.append((entry.path, below))
            elif not _is_litter(entry.name):
                yield entry, below


def is_left_out(path: str) -> bool:
    """Whether the file at ``path`` (relative to the pack) is by its name no part of it: git's, a cache's, litter."""
    *folders, name = path.split("/")
    return any(map(_is_cache, folders)) or _is_litter(name)


def _is_cache(folder: str) -> bool:
    return folder.startswith(".") or folder in _CACHES


def _is_litter(name: str) -> bool:
    return name in _LITTER or name.endswith(_LITTER_SUFFIXES)


def _is_pruned(entry: os.DirEntry[str]) -> bool:
    if _is_cache(entry.name):
        return True
    return os.path.lexists(os.path.join(entry.path, "pyvenv.cfg")) or is_store(entry.path)


def _place(name: str, path: str) -> Place:
    return Place("/".join(part for part in (name, shown(path)) if part) or ".")


def _too_many(name: str) -> FluxError:
    return StoreError.of(
        "pack.entries", _place(name, ""), f"holds more than {MOST_ENTRIES} files or folders", "split the pack"
    )
