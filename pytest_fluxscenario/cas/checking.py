"""Checking a store: everything that can be wrong with it, found without writing anything (store.md, "Check").

Errors are damage: bytes that are not what they were, content that is named and not there. Warnings are what a writer
that died may leave behind, and what may go wrong later.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_fluxscenario.base.errors import DocumentError, FluxError, StoreError
from pytest_fluxscenario.base.fs import is_temporary
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem, Problems, Severity
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import IMPORT_AGAIN, Blobs
from pytest_fluxscenario.cas.holdings import Holding, Named, holdings
from pytest_fluxscenario.cas.index import INDEX_FILE, INDEX_LIMITS
from pytest_fluxscenario.cas.store import BLOBS_FOLDER, Store, open_store
from pytest_fluxscenario.cas.sums import SUM_FILE, Entry, Sums, entries, fits, read_sums
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import read_places
from pytest_fluxscenario.documents.source import Source, read_source

GIT_FILE = ".gitattributes"
_COPY = "restore it from git or a copy"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    #: Entries of the index, blobs that lie there, and their bytes.
    entries: int
    blobs: int
    bytes: int
    problems: tuple[Problem, ...]

    @property
    def damaged(self) -> bool:
        """Whether anything is wrong that is more than a warning."""
        return any(problem.severity == "error" for problem in self.problems)


def check_store(folder: str, name: str = "", progress: Callable[[int], None] = lambda _: None) -> Checked | None:
    """Check the store in ``folder``, shown as ``name``; None where there is none.

    Reads and hashes every blob, and tells ``progress`` how many it has read. Takes no lock and writes nothing. Raises
    StoreError for a folder that cannot be read.
    """
    name = name or folder
    problems = Problems()
    store = _open(folder, name, problems)
    if store is None and not problems.found:
        return None
    filed = tuple(entries(store.index)) if store is not None else ()
    if store is not None:
        # After the index, which every import writes last: nothing that is being imported looks like damage.
        problems.found += check_index(store)
    blobs = Blobs(os.path.join(folder, BLOBS_FOLDER), f"{name}/{BLOBS_FOLDER}")
    seen = _read_all(blobs, problems, progress)
    if store is not None:
        _check_named(store, filed, seen, problems)
    _check_litter(folder, name, problems)
    return Checked(len(filed), len(seen.sizes), sum(seen.sizes.values()), tuple(problems.found))


def _open(folder: str, name: str, problems: Problems) -> Store | None:
    try:
        return open_store(folder, name)
    except FluxError as error:
        problems.found += error.problems
        return None


def check_index(store: Store) -> list[Problem]:
    """What is wrong with the index of ``store``: entries that are not those that were imported (docs/adr/0015)."""
    problems = Problems()
    cut = not store.index_bytes.endswith(b"\n")
    file = f"{store.name}/{SUM_FILE}"
    try:
        data = read_sums(store.folder, store.name)
    except FluxError as error:
        return list(error.problems)
    if cut:
        # Beside index.sum it was written by this package, which ends every line; another tool may not.
        severity: Severity = "warning" if data is None else "error"
        hint = "the next import writes it anew" if data is None else _COPY
        problems.add("store.index-cut", Place(store.index.file), "the last line has no end", hint, severity)
    if data is None:
        if any(store.index.names.values()):
            hint = "the next import makes one of the index as it is then"
            problems.add("store.no-sums", Place(file), "is missing: the index cannot be checked", hint, "warning")
        return problems.found
    if fits(store.index, data):
        return problems.found
    sums = Sums.parse(data)
    for number, text in sums.damaged:
        message = f"the line is not as it was written: {shown(text, 120)}"
        problems.add("store.damaged-sum", Place(file, number), message, _COPY)
    known = {str(entry): entry for entry in entries(store.index)}
    unmatched = [entry for text, entry in known.items() if text not in sums.intact]
    left = sorted(sums.intact - known.keys())
    places = _places(store, unmatched)
    for entry in unmatched:
        message = f"{_word(entry)} is not as it was imported: {SUM_FILE} has no line for it"
        problems.add("store.index-changed", places[entry], message, _likely(entry, left))
    tags = {text.rpartition(" ")[0] for text in known}
    for text in left if not unmatched else ():
        if text.rpartition(" ")[0] not in tags:
            message = f"has a line for {shown(text, 240)}, which is not in the index"
            hint = "an import was cut off, or the index lost it: import it again"
            problems.add("store.unfiled", Place(file), message, hint, "warning")
    return problems.found


def _likely(entry: Entry, left: Sequence[str]) -> str:
    """What to do about an entry that has changed, and what it was, where one line differs from it in one part only."""
    for text in left:
        parts = text.split(" ")
        if len(parts) == 4 and sum(a != b for a, b in zip(parts, str(entry).split(" "), strict=True)) == 1:
            return f"it was {shown(text, 240)}; {_COPY}"
    return f"{_COPY}, or import it again"


def _word(entry: Entry) -> str:
    return f"{entry.kind} {entry.name}:{entry.tag}"


def _places(store: Store, wanted: Sequence[Entry]) -> Mapping[Entry, Place]:
    if not wanted:
        return {}
    source = Source(store.index.file, store.index_bytes, "")
    places = read_places(source, INDEX_LIMITS)
    return {entry: places.at(0, (entry.kind, entry.name, entry.tag)) for entry in wanted}


@dataclass(slots=True)
class _Seen:
    """The blobs that lie there."""

    #: Hash to bytes.
    sizes: dict[str, int] = field(default_factory=dict)
    #: Those that are not what their name says; they have been told.
    bad: set[str] = field(default_factory=set)
    #: Those that begin like a tree document.
    trees: list[str] = field(default_factory=list)


def _read_all(blobs: Blobs, problems: Problems, progress: Callable[[int], None]) -> _Seen:
    seen = _Seen()
    for holding in holdings(blobs):
        if holding.role != "blob":
            problems.found.append(_misplaced(holding))
            continue
        try:
            found = blobs.verify(holding.name)
        except StoreError as error:
            seen.sizes[holding.name] = 0
            seen.bad.add(holding.name)
            problems.found += error.problems
        else:
            seen.sizes[holding.name] = found.size
            if found.may_be_tree:
                seen.trees.append(holding.name)
        progress(len(seen.sizes))
    return seen


def _misplaced(holding: Holding) -> Problem:
    if holding.role == "temporary":
        return _left_behind(holding.shown)
    message = "is no blob: its name is not the hash of a blob of this folder"
    return Problem("store.stray", Place(holding.shown), message, "take it out of the store", "warning")


def _left_behind(file: str) -> Problem:
    hint = "fluxrig store gc removes it when it is old enough"
    return Problem("store.temporary", Place(file), "was left behind by a writer that died", hint, "warning")


def _check_named(store: Store, filed: Sequence[Entry], seen: _Seen, problems: Problems) -> None:
    roots: dict[str, str] = {}
    for entry in filed:
        if entry.hash not in roots:
            roots[entry.hash] = _word(entry)
    missing = [entry for entry in filed if entry.hash not in seen.sizes]
    places = _places(store, missing)
    for entry in missing:
        message = f"{_word(entry)} names a blob that is not there, {entry.hash}"
        problems.add("store.missing-blob", places[entry], message, IMPORT_AGAIN)
    named = Named.follow(store.blobs, roots, [digest for digest in seen.trees if digest in roots])
    for error in named.faults:
        problems.found += error.problems
    for digest, by in named.by.items():
        if digest not in seen.sizes and digest not in roots:
            message = f"the blob is not there, but {by} names it"
            problems.add("store.missing-blob", _place(store, digest), message, IMPORT_AGAIN)
    if named.faults or any(digest in seen.bad or digest not in seen.sizes for digest in roots):
        return  # what it names is not known, so nothing is called an orphan
    for digest in sorted(seen.sizes.keys() - named.by.keys() - seen.bad):
        message = "nothing names this blob"
        hint = "fluxrig store gc removes it when it is old enough"
        problems.add("store.unreferenced", _place(store, digest), message, hint, "warning")


def _place(store: Store, digest: str) -> Place:
    return Place(f"{store.blobs.name}/{digest[:2]}/{digest}")


def _check_litter(folder: str, name: str, problems: Problems) -> None:
    """What lies beside the index."""
    problems.found += [_left_behind(f"{name}/{file}") for file in sorted(os.listdir(folder)) if is_temporary(file)]
    hint = f"write '* -text', '{INDEX_FILE} merge=fluxrig-store' and '{SUM_FILE} merge=union' into it, a line each"
    place = Place(f"{name}/{GIT_FILE}")
    path = os.path.join(folder, GIT_FILE)
    if not os.path.lexists(path):
        message = "is missing: git may change the line endings of blobs"
        problems.add("store.no-gitattributes", place, message, hint, "warning")
        return
    try:
        lines = read_source(path, place.file, Limits(), root=folder).data.split(b"\n")
    except DocumentError as error:
        problems.found += error.problems
        return
    if [b"*", b"-text"] not in [line.split() for line in lines]:
        message = "does not keep git from changing the line endings of blobs"
        problems.add("store.no-gitattributes", place, message, hint, "warning")
