"""Content by its hash: that of the store, and what was sent to be run (fleet.md)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import FluxError, StoreError
from pytest_fluxscenario.base.names import hash_fault
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.contents import Held
from pytest_fluxscenario.cas.trees import read_tree
from pytest_fluxscenario.cas.trimming import Trimmer
from pytest_fluxscenario.cas.writing import write_blob, writing
from pytest_fluxscenario.fleet.mixer.refusal import Conflict, NotThere, Refused, refused
from pytest_fluxscenario.remote.case import PortableCase
from pytest_fluxscenario.remote.content import contents
from pytest_fluxscenario.remote.frames import unframed

#: Packs whose lists of files are held.
_MOST_HELD: Final = 64


@dataclass(slots=True)
class Content:
    """Reads both; what is sent is kept beside the store, which names nothing of it."""

    #: The blobs of the store; None without one.
    store: Blobs | None
    sent: Blobs
    #: Of what was sent: whoever asks for it has a use for it.
    trimmer: Trimmer = field(init=False)
    #: Tree to what it holds, of the packs that racks asked for last.
    _held: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.trimmer = Trimmer(self.sent)

    @property
    def blobs(self) -> Blobs:
        """Both as one, for reading."""
        return self.sent if self.store is None else _Both(self.sent.folder, self.sent.name, self.sent.most, self.store)

    def read(self, digest: str) -> bytes:
        """The bytes of a hash, verified. Raises Refused, NotThere; DamageError."""
        check_hash(digest)
        for blobs in self._all():
            if blobs.lies(digest):
                return blobs.read(digest)
        raise refused(NotThere, "content.none", f"there is no content of the hash {digest}")

    def small(self, digest: str, most: int) -> bytes:
        """The bytes of a hash, verified; empty for more than ``most``, and for what cannot be read now."""
        for blobs in self._all():
            try:
                if os.stat(blobs.path(digest)).st_size <= most:
                    return blobs.read(digest)
            except OSError:
                continue
            except FluxError:
                break  # whoever needs it asks for it, and is told what is wrong
        return b""

    def write(self, digest: str, data: bytes) -> None:
        """Keep what was sent, durably. Raises Refused where it has another hash, WriteError."""
        check_hash(digest)
        if sha256(data) != digest:
            raise refused(Refused, "content.hash", f"what was sent has not the hash {digest}")
        if self.store is None or not self.store.lies(digest):
            write_blob(self.sent, data)
            if not self.trimmer.touch(digest):
                # It was there, and has gone just now, before anybody could say that it is needed.
                write_blob(self.sent, data)

    def write_several(self, body: bytes) -> tuple[str, ...]:
        """Keep several contents, durably and all at once; gives their hashes.

        ``body`` is what ``remote.frames.framed`` makes of them. Raises Refused for anything else, WriteError.
        """
        several = unframed(body)
        if several is None:
            raise refused(Refused, "content.frames", "the body is no row of contents, each after its length")
        held = [Held(data, sha256(data)) for data in several]
        new = [one for one in held if self.store is None or not self.store.lies(one.digest)]
        with writing(self.sent) as writer:
            for one in new:
                writer.add(one)
            writer.settle()
        for one in new:
            if not self.trimmer.touch(one.digest):
                # As above.
                write_blob(self.sent, one.data)
        return tuple(one.digest for one in held)

    def lacks(self, digests: Iterable[str]) -> tuple[str, ...]:
        """Those that are not here. Raises Refused for what is no hash."""
        return tuple(digest for digest in dict.fromkeys(digests) if not self._lies(check_hash(digest)))

    def belongs(self, digest: str, case: PortableCase) -> bool:
        """Whether a case needs that content. Raises StoreError, DamageError where its pack cannot be read."""
        if digest in (case.content, case.pack.hash) or (case.spec is not None and digest == case.spec.hash):
            return True
        if case.pack.kind != "tree":
            return False
        held = self._held.get(case.pack.hash)
        if held is None:
            if len(self._held) >= _MOST_HELD:
                self._held.clear()
            held = self._held[case.pack.hash] = frozenset(
                entry.hash for entry in read_tree(self.blobs, case.pack.hash).entries.values()
            )
        return digest in held

    def check(self, cases: Iterable[PortableCase]) -> None:
        """Raise Conflict where something is not here that ``cases`` need, Refused for what can be no content."""
        lacking: dict[str, None] = {}
        whole: set[str] = set()
        here: set[str] = set()
        for case in cases:
            for digest in (case.content, case.pack.hash, *((case.spec.hash,) if case.spec else ())):
                if digest not in here and not self._lies(check_hash(digest)):
                    lacking[digest] = None
                here.add(digest)
            if case.pack.kind == "tree" and case.pack.hash not in lacking and case.pack.hash not in whole:
                lacking |= dict.fromkeys(self.lacks(self._below(case)))
                whole.add(case.pack.hash)
        if lacking:
            message = f"the content of {len(lacking)} hashes is not here, such as {next(iter(lacking))}"
            raise refused(Conflict, "run.content", message, "send it first: PUT /v1/content/HASH")

    def needed(self, cases: Iterable[PortableCase]) -> set[str]:
        """The hashes of all that some cases need, as far as it is here."""
        found: set[str] = set()
        for case in cases:
            if case.pack.kind == "tree" and case.pack.hash not in found:
                # Whoever runs one whose pack cannot be read is told.
                with contextlib.suppress(StoreError):
                    found.update(contents(case, self.blobs))
            found.update((case.content, case.pack.hash, *((case.spec.hash,) if case.spec else ())))
        return found

    def _below(self, case: PortableCase) -> list[str]:
        digest = case.pack.hash
        blobs = next(blobs for blobs in self._all() if blobs.lies(digest))
        try:
            return list(contents(case, blobs))
        except StoreError as error:
            message = f"the pack {digest} is no tree of files: {shown(error.problems[0].message)}"
            raise refused(Refused, "run.pack", message) from None

    def _lies(self, digest: str) -> bool:
        return (self.store is not None and self.store.lies(digest)) or self.trimmer.touch(digest)

    def _all(self) -> tuple[Blobs, ...]:
        return (self.sent,) if self.store is None else (self.store, self.sent)


@dataclass(frozen=True, slots=True)
class _Both(Blobs):
    """What was sent, and beside it the store."""

    store: Blobs = field(default_factory=lambda: Blobs(""))

    def path(self, digest: str) -> str:
        """Where the blob of that hash lies: in the store, where it has it."""
        there = self.store.path(digest)
        return there if os.path.lexists(there) else Blobs.path(self, digest)


def check_hash(digest: str) -> str:
    """``digest``. Raises Refused where it is none."""
    fault = hash_fault(digest)
    if fault:
        raise refused(Refused, "content.hash", f"'{shown(digest, 80)}': {fault}")
    return digest
