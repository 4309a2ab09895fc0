"""Suites: the scenario files of a folder, filed as one tree (store.md, "Import")."""

from __future__ import annotations

import os
from collections.abc import Iterable

from pytest_fluxscenario.base.errors import DocumentError, StoreError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import MOST_BYTES
from pytest_fluxscenario.cas.parcels import Parcel, suite_parcel
from pytest_fluxscenario.cas.paths import path_fault, same_but_for_case
from pytest_fluxscenario.cas.scan import MOST_ENTRIES
from pytest_fluxscenario.cas.trees import BuiltTree, TreeEntry
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source, read_source


def read_suite(
    folder: str, paths: Iterable[str], name: str | None = None, tag: str | None = None, limits: Limits = Limits()
) -> Parcel:
    """The suite of the files ``paths`` below ``folder``, ready to be filed; its name is the folder's, if none is given.

    The bytes stay as they are, and the modes of the files mean nothing. Raises StoreError with everything that cannot
    be in a tree (links, impossible paths, two names equal but for case, too many, too large), DocumentError for what is
    no strict YAML or JSON.
    """
    problems = Problems()
    files: dict[str, bytes] = {}
    entries: dict[str, TreeEntry] = {}
    left, known = MOST_BYTES, sorted(paths)
    if len(known) > MOST_ENTRIES:
        raise StoreError.of("pack.entries", Place(folder), f"holds more than {MOST_ENTRIES} files", "split it")
    for path in known:
        source = _read(folder, path, problems, limits)
        if source is None:
            continue
        left -= len(source.data)
        if left < 0:
            raise StoreError.of("pack.size", Place(folder), f"holds more than {MOST_BYTES >> 20} MiB", "split it")
        files[path] = source.data
        entries[path] = TreeEntry(source.digest)
    for one, other in same_but_for_case(files):
        place = Place(f"{folder}/{shown(other)}")
        problems.add("pack.case", place, f"differs from {shown(one)} only in case", "rename one of them")
    if problems.found:
        raise StoreError(problems)
    stem = os.path.basename(os.path.abspath(folder))
    return suite_parcel(BuiltTree(entries, files), folder, stem, name, tag, limits)


def _read(folder: str, path: str, problems: Problems, limits: Limits) -> Source | None:
    """One file; None with what is wrong with it added to ``problems``."""
    place = Place(f"{folder}/{shown(path)}")
    fault = path_fault(path)
    if fault:
        problems.add("pack.path", place, fault, "rename it")
        return None
    real = os.path.join(folder, *path.split("/"))
    if os.path.islink(real):
        problems.add("pack.link", place, "is a link; a suite holds files only", "put a copy in its place")
        return None
    try:
        source = read_source(real, place.file, limits, root=folder)
        read_elements(source, limits, split=False)
    except DocumentError as error:
        problems.found += error.problems
        return None
    return source
