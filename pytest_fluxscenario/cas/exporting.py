"""Exporting: what the store holds, written as files again; importing them gives the same hash (store.md, "Export").

What stands at the path is the old content or the new. A file is replaced in one step; for a folder the old one is
moved aside first, and put back where the new one cannot take its place.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from pytest_fluxscenario.base.errors import FluxError, StoreError
from pytest_fluxscenario.base.fs import WriteError, make_folder, replace_file, write_error
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.scan import is_left_out, scan_folder
from pytest_fluxscenario.cas.scenarios import is_scenario_file
from pytest_fluxscenario.cas.trees import FileTree

_MANIFESTS: Final = frozenset(MANIFEST_FILES)
#: What of the files that an import leaves out may go with a folder that is replaced: nobody misses a cache.
_CACHES: Final = frozenset({"__pycache__"})
_OWNER_MAY_LOOK = 0o700
_OWNER_MAY_READ = 0o400
_ALL_MAY_READ = 0o444


def export_file(data: bytes, path: str, *, force: bool = False) -> None:
    """Write ``data`` as the file at ``path``, which is in the way only where ``force`` is not given.

    Raises StoreError where something stands there, WriteError where the system refuses.
    """
    if os.path.isdir(path) and not os.path.islink(path):
        raise _in_the_way(path, "is a folder, and this is one file", "name a file")
    if os.path.lexists(path) and not force:
        raise _exists(path)
    make_folder(os.path.dirname(os.path.abspath(path)))
    replace_file(path, data)


def export_tree(tree: FileTree, path: str, *, force: bool = False) -> None:
    """Write the files of a pack, with their modes, as the folder at ``path``, and nothing outside of it.

    An empty folder may stand there; with ``force`` also a pack, or for a suite a folder of scenario files, which is
    replaced whole, unless it holds files that are no part of it (a ``.git`` is not swept away). Raises StoreError for
    anything else that stands there, DamageError for a damaged blob, WriteError where the system refuses; then
    nothing has changed.
    """
    path = os.path.normpath(path)
    _check_folder(path, force=force, fresh=tree.entries.keys())
    parent, name = os.path.split(os.path.abspath(path))
    make_folder(parent)
    fresh = os.path.join(parent, f".{name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        _write_all(tree, fresh)
        _put(fresh, path)
    except WriteError as error:
        # The temporary folder is gone when this is read.
        raise WriteError(replace(problem, place=Place(shown(path))) for problem in error.problems) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write_all(tree: FileTree, folder: str) -> None:
    _make(folder)
    made = {""}
    for path, entry in tree.entries.items():
        parts = path.split("/")
        for end in range(1, len(parts)):
            above = "/".join(parts[:end])
            if above not in made:
                _make(os.path.join(folder, *parts[:end]))
                made.add(above)
        target = os.path.join(folder, *parts)
        replace_file(target, tree[path])
        _settle(target, runs=entry.mode == "755")


def _make(folder: str) -> None:
    """A folder that its owner can fill, whatever the umask."""
    make_folder(folder)
    try:
        mode = os.stat(folder).st_mode & 0o7777
        if mode & _OWNER_MAY_LOOK != _OWNER_MAY_LOOK:
            os.chmod(folder, mode | _OWNER_MAY_LOOK)
    except OSError as error:
        raise write_error(folder, error) from error


def _settle(path: str, *, runs: bool) -> None:
    """Its owner may read it whatever the umask; whoever may read what is to be run, may run it."""
    try:
        mode = os.stat(path).st_mode & 0o777
        settled = mode | _OWNER_MAY_READ
        if runs:
            settled |= (settled & _ALL_MAY_READ) >> 2
        if settled != mode:
            os.chmod(path, settled)
    except OSError as error:
        raise write_error(path, error) from error


def _put(fresh: str, path: str) -> None:
    """The new folder at its place."""
    aside = fresh.removesuffix(".tmp") + ".old.tmp"
    try:
        if not os.path.lexists(path):
            os.rename(fresh, path)
            return
        os.rename(path, aside)
        try:
            os.rename(fresh, path)
        except BaseException:
            os.rename(aside, path)
            raise
    except OSError as error:
        raise write_error(path, error) from error
    shutil.rmtree(aside, ignore_errors=True)


def _check_folder(path: str, *, force: bool, fresh: AbstractSet[str]) -> None:
    if not os.path.lexists(path):
        return
    if os.path.islink(path) or not os.path.isdir(path):
        raise _in_the_way(path, "is not a folder, and this becomes one", "name a folder")
    try:
        held = os.listdir(path)
    except OSError as error:
        raise _in_the_way(path, f"cannot be read: {shown(error.strerror or type(error).__name__)}", "") from error
    if not held:
        return
    if not force:
        raise _exists(path)
    was_pack, suite = not _MANIFESTS.isdisjoint(held), _MANIFESTS.isdisjoint(fresh)
    if was_pack == suite:
        what = "is a pack, and this is a suite" if was_pack else "is not empty and no pack"
        raise _in_the_way(path, f"{what}, so it is not replaced", "name a new folder")
    # Raises also for links and the like, which no import would take and no export brings back.
    parts = {
        file.real for file in scan_folder(path, path) if was_pack or file.path in fresh or is_scenario_file(file.path)
    }
    noun = "suite" if suite else "pack"
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(set(folders) - _CACHES)
        for file in sorted(files):
            real = os.path.join(folder, file)
            if real not in parts and not is_left_out(file):
                raise _in_the_way(real, f"is no part of the {noun}, and would be lost", "move it, or name a new folder")


def _exists(path: str) -> FluxError:
    return StoreError.of("export.exists", Place(shown(path)), "exists", "replace it with --force")


def _in_the_way(path: str, message: str, hint: str) -> FluxError:
    return StoreError.of("export.in-the-way", Place(shown(path)), message, hint)
