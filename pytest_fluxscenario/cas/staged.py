"""What the next commit would do to a store (store.md, "Git"): held against the commit that it follows.

An entry stays, with the hash that it has; what it leads to is there, as bytes that have their hash. A merge follows two
commits: an entry of either stays, and where they do not agree on one, it has what one of them says.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pytest_fluxscenario.base.errors import DamageError, FluxError, StoreError
from pytest_fluxscenario.base.names import hash_fault
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem, Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.git import GitFile, Objects, Repository
from pytest_fluxscenario.cas.holdings import Named
from pytest_fluxscenario.cas.index import INDEX_FILE, INDEX_LIMITS, Index, Kind
from pytest_fluxscenario.cas.store import BLOBS_FOLDER
from pytest_fluxscenario.cas.sums import SUM_FILE, SUM_LIMITS, Entry, Sums, entries

#: Kind, name, tag.
_Key = tuple[Kind, str, str]
_LINK: Final = "120000"
_ADD: Final = "git add it with the others"
_IMMUTABLE: Final = "an entry stays as it is: restore it, and import other content under a new tag"


@dataclass(frozen=True, slots=True)
class StagedCheck:
    """What was found of a store that is about to be committed."""

    #: Entries of the staged index, and those that the commit adds.
    entries: int
    added: int
    problems: Problems

    @property
    def refused(self) -> bool:
        """Whether it must not be committed."""
        return bool(self.problems.errors)

    @property
    def damaged(self) -> bool:
        """Whether what is staged is no store that could be read."""
        return any(problem.code not in _REFUSALS for problem in self.problems.errors)


#: What a store that can be read may still not become; every other error is damage.
_REFUSALS: Final = frozenset(
    f"staged.{code}" for code in ("unmerged", "no-index", "removed-entry", "changed-entry", "missing-blob", "no-sum")
)


def check_staged(folder: str, name: str) -> StagedCheck | None:
    """Check what is staged of the store in ``folder``, shown as ``name``; None where git has nothing of it.

    Writes nothing, and looks at nothing in the working tree but at which files there are. Raises GitError where git
    cannot be asked.
    """
    repository = Repository.around(folder)
    inside = repository.inside(folder)
    commits = [one for one in map(repository.commit, ("HEAD", "MERGE_HEAD")) if one is not None]
    parents = [repository.files(commit, inside) for commit in commits]
    staged = repository.staged(inside)
    if not staged.files and not staged.unmerged and not any(parents):
        return None
    with repository.objects() as objects:
        return _Check(folder, name, objects, staged.files, parents).run(staged.unmerged)


@dataclass(frozen=True, slots=True)
class _StagedBlobs(Blobs):
    """The blobs that are staged: read, held against their hashes and judged like those of a folder."""

    objects: Objects = field(kw_only=True)
    files: Mapping[str, GitFile] = field(kw_only=True)

    def _pieces(self, digest: str) -> Iterator[bytes]:
        file = self.files.get(_path(digest))
        place = Place(f"{self.name}/{digest[:2]}/{digest}")
        if file is None:
            raise StoreError.of("staged.missing-blob", place, "is not staged", _ADD)
        if file.mode == _LINK:
            raise DamageError.of("staged.link", place, "the blob is a link, not a file", "stage the file itself")
        length = 0
        for piece in self.objects.pieces(file.object):
            length += len(piece)
            if length > self.most:
                raise StoreError.of(
                    "store.blob-size", place, "the blob is too large", f"the limit is {self.most} bytes"
                )
            yield piece


@dataclass(slots=True)
class _Check:
    """The check of one store: what is staged, and what the commits hold that it follows."""

    folder: str
    name: str
    objects: Objects
    files: Mapping[str, GitFile]
    parents: Sequence[Mapping[str, GitFile]]
    problems: Problems = field(default_factory=Problems)

    def run(self, unmerged: Sequence[str]) -> StagedCheck:
        for path in unmerged:
            self._add("unmerged", path, "is not merged yet", "resolve the conflict, and git add it")
        if unmerged:
            return StagedCheck(0, 0, self.problems)
        filed = self._staged_entries()
        if filed is None:
            return StagedCheck(0, 0, self.problems)
        before = [self._parent_entries(parent) for parent in self.parents]
        new = {key: digest for key, digest in filed.items() if not any(one.get(key) == digest for one in before)}
        if INDEX_FILE in self.files:
            self._check_entries(filed, before)
            self._check_sums(new)
        blobs = _StagedBlobs("", f"{self.name}/{BLOBS_FOLDER}", objects=self.objects, files=self.files)
        bad = self._check_bytes(blobs)
        gone = any(path not in self.files for parent in self.parents for path in parent if _digest(path))
        self._check_named(blobs, filed if gone or bad else new, bad)
        if ".gitattributes" not in self.files and os.path.lexists(os.path.join(self.folder, ".gitattributes")):
            message = "is not staged: a clone could change the line endings of blobs"
            self.problems.add("staged.no-gitattributes", self._place(".gitattributes"), message, _ADD, "warning")
        return StagedCheck(len(filed), len(new), self.problems)

    def _place(self, path: str) -> Place:
        return Place(f"{self.name}/{path}")

    def _add(self, code: str, path: str, message: str, hint: str) -> None:
        self.problems.add(f"staged.{code}", self._place(path), message, hint)

    def _restore(self, path: str) -> str:
        return f"restore it: git restore --staged --worktree {shown(self.name)}/{path}"

    def _staged_entries(self) -> Mapping[_Key, str] | None:
        """The entries that are staged; None where what is staged is no index."""
        file = self.files.get(INDEX_FILE)
        if file is not None:
            try:
                return self._entries(file, f"{self.name}/{INDEX_FILE}")
            except FluxError as error:
                self.problems.found += error.problems
                return None
        elif any(INDEX_FILE in parent for parent in self.parents):
            self._add("no-index", INDEX_FILE, "would be removed", self._restore(INDEX_FILE))
        elif any(map(_digest, self.files)):
            self._add("no-index", INDEX_FILE, "is not staged, and blobs are", _ADD)
        return {}

    def _parent_entries(self, parent: Mapping[str, GitFile]) -> Mapping[_Key, str]:
        file = parent.get(INDEX_FILE)
        if file is None:
            return {}
        try:
            return self._entries(file, f"{self.name}/{INDEX_FILE}")
        except FluxError as error:
            for problem in error.problems:
                message = f"before this commit, so nothing is held against it: {problem.message}"
                self.problems.add("staged.parent", problem.place, message, problem.hint, "warning")
            return {}

    def _entries(self, file: GitFile, name: str) -> Mapping[_Key, str]:
        data = self.objects.read(file.object, INDEX_LIMITS.file_bytes)
        return {(entry.kind, entry.name, entry.tag): entry.hash for entry in entries(Index.parse(data, name))}

    def _check_entries(self, filed: Mapping[_Key, str], before: Sequence[Mapping[_Key, str]]) -> None:
        for key in sorted({key for one in before for key in one}):
            said = f"{key[0]} {key[1]}:{key[2]}"
            held = [one[key] for one in before if key in one]
            digest = filed.get(key)
            if digest is None:
                self._add("removed-entry", INDEX_FILE, f"{said} would be removed", _IMMUTABLE)
            elif digest not in held:
                message = f"{said} is sha256:{held[0][:12]}…, and would become sha256:{digest[:12]}…"
                self._add("changed-entry", INDEX_FILE, message, _IMMUTABLE)

    def _check_sums(self, new: Mapping[_Key, str]) -> None:
        file = self.files.get(SUM_FILE)
        if file is None:
            if any(SUM_FILE in parent for parent in self.parents):
                self._add("no-sum", SUM_FILE, "would be removed", self._restore(SUM_FILE))
            elif os.path.lexists(os.path.join(self.folder, SUM_FILE)):
                self._add("no-sum", SUM_FILE, "is not staged", _ADD)
            return
        intact = Sums.parse(self.objects.read(file.object, SUM_LIMITS.file_bytes)).intact
        for (kind, name, tag), digest in sorted(new.items()):
            if str(Entry(kind, name, tag, digest)) not in intact:
                self._add("no-sum", SUM_FILE, f"has no line for {kind} {name}:{tag} as it is staged", _ADD)

    def _check_bytes(self, blobs: Blobs) -> set[str]:
        """The hashes of new blobs whose bytes have another one; they are told."""
        bad: set[str] = set()
        for path, file in self.files.items():
            digest = _digest(path)
            if digest is None or any(parent.get(path) == file for parent in self.parents):
                continue
            try:
                blobs.verify(digest)
            except StoreError as error:
                bad.add(digest)
                self.problems.found += [_staged_hint(problem) for problem in error.problems]
        return bad

    def _check_named(self, blobs: Blobs, filed: Mapping[_Key, str], bad: set[str]) -> None:
        """Whether what these entries lead to is staged."""
        roots = {digest: f"{kind} {name}:{tag}" for (kind, name, tag), digest in sorted(filed.items())}
        there = [digest for digest in roots if digest not in bad and _path(digest) in self.files]
        named = Named.follow(blobs, roots, there)
        for error in named.faults:
            self.problems.found += error.problems
        for digest, by in named.by.items():
            path = _path(digest)
            if path in self.files:
                continue
            held = next((parent[path] for parent in self.parents if path in parent), None)
            other = next((one for one, file in self.files.items() if held and file.object == held.object), None)
            hint = self._restore(path)
            if other is not None:
                self._add("missing-blob", path, f"would become {shown(other)}, and {by} names it", hint)
            elif held is not None:
                self._add("missing-blob", path, f"would be removed, and {by} names it", hint)
            elif os.path.lexists(os.path.join(self.folder, path)):
                self._add("missing-blob", path, f"is not staged, and {by} names it", _ADD)
            else:
                self._add("missing-blob", path, f"is not there, and {by} names it", "import the same content again")


def _staged_hint(problem: Problem) -> Problem:
    """A problem of a blob, with what to do about it while it is staged."""
    if problem.code != "store.line-endings":
        return problem
    hint = "write '* -text' into .gitattributes of the store, then: git add --renormalize, on the store"
    return replace(problem, hint=hint)


def _path(digest: str) -> str:
    return f"{BLOBS_FOLDER}/{digest[:2]}/{digest}"


def _digest(path: str) -> str | None:
    """The hash that a path in the store stands for; None where it is no blob's."""
    digest = path.rpartition("/")[2]
    return digest if not hash_fault(digest) and path == _path(digest) else None
