"""Writing blobs: those of one call become durable together (store.md, "What holds")."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pytest_fluxscenario.base.batch import Batch
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.fs import WriteError, make_folder, write_error
from pytest_fluxscenario.base.names import hash_fault
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.contents import Content, Held


@dataclass(slots=True)
class Writer:
    """Writes the blobs that are missing or damaged."""

    blobs: Blobs
    _batch: Batch
    #: Folder of blobs to what lies in it, of those that were looked at.
    _shards: dict[str, set[str]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def add(self, content: Content) -> None:
        """Keep this too.

        Raises StoreError for more bytes than a blob may have, what reading the content raises, WriteError.
        """
        digest = content.digest
        if digest in self._seen:
            return
        fault = self.blobs.size_fault(digest, content.size)
        if fault:
            raise fault
        path = self.blobs.path(digest)
        shard = os.path.dirname(path)
        held = self._shards.get(shard)
        if held is None:
            held = self._shards[shard] = self._look(shard)
        # What another process writes meanwhile is the same bytes, and is replaced by them.
        if digest in held and self.blobs.holds(digest):
            # Whoever wrote it may have died between the rename and this.
            self._batch.touch(shard)
        else:
            self._write(shard, path, content)
        self._seen.add(digest)

    def settle(self) -> None:
        """Make all of them durable, and be it that others wrote them. Raises WriteError."""
        self._batch.settle()

    def _write(self, shard: str, path: str, content: Content) -> None:
        try:
            self._batch.add(path, content.pieces())
        except WriteError:
            if os.path.lexists(shard):
                raise
            # A collection of garbage found the folder empty, and took it away.
            self._batch.make_folder(shard)
            self._batch.add(path, content.pieces())

    def _look(self, shard: str) -> set[str]:
        if not os.path.isdir(shard):
            self._batch.make_folder(shard)
            return set()
        try:
            held = set(os.listdir(shard))
        except OSError as error:
            raise write_error(shard, error) from error
        if all(hash_fault(name) for name in held):
            # Whoever made the folder may have died before this; whoever put a blob in it has come past it.
            self._batch.touch_first(self.blobs.folder)
        return held


@contextmanager
def writing(blobs: Blobs) -> Iterator[Writer]:
    """A writer of blobs; what it has not settled when this is left is taken back. Raises WriteError."""
    make_folder(blobs.folder)
    with Batch(blobs.folder) as batch:
        yield Writer(blobs, batch)


def write_blob(blobs: Blobs, data: bytes) -> str:
    """Keep ``data`` and give its hash; a blob that is there but damaged is repaired.

    Durable when this returns. Raises StoreError for more than ``most`` bytes, WriteError where the system refuses.
    """
    content = Held(data, sha256(data))
    fault = blobs.size_fault(content.digest, content.size)
    if fault:
        raise fault
    with writing(blobs) as writer:
        writer.add(content)
        writer.settle()
    return content.digest
