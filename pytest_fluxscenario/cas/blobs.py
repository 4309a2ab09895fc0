"""Blobs: bytes under the name of their SHA-256 (store.md)."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_fluxscenario.base.digest import Digest, sha256
from pytest_fluxscenario.base.errors import DamageError, FluxError, StoreError
from pytest_fluxscenario.base.names import hash_fault
from pytest_fluxscenario.base.opening import NO_FOLLOW, TO_READ
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.endings import Endings

#: Largest blob that is read or written, in bytes.
MOST_BYTES = 64 << 20

_CHUNK = 1 << 20
_TREE_HEAD = b'{"files":{'
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_CLONE_AGAIN = "put '* -text' into .gitattributes of the store, then check the blob out again"
#: What to do about a blob that is not what it was, or not there.
IMPORT_AGAIN = "import the same content again, or restore the blob from a copy"


@dataclass(frozen=True, slots=True)
class Verified:
    """A blob whose bytes have its hash."""

    size: int
    #: Whether it begins as JSON does whose first field is ``files``.
    may_be_tree: bool


@dataclass(frozen=True, slots=True)
class Blobs:
    """The blobs of one store. Reading needs no lock and no write access."""

    #: The ``blobs`` folder.
    folder: str
    #: How the folder is shown; the folder itself where nothing is said.
    name: str = ""
    #: Largest blob, in bytes.
    most: int = MOST_BYTES

    def read(self, digest: str) -> bytes:
        """The bytes whose SHA-256 is ``digest``, verified.

        Raises StoreError where there is no such blob or it cannot be read, DamageError where its bytes are others.
        """
        fault = hash_fault(digest)
        if fault:
            raise StoreError.of("store.hash", Place(self.name or self.folder), f"'{shown(digest, 80)}': {fault}")
        data = self._bytes(digest)
        if sha256(data) != digest:
            raise self._damage(digest, (data,))
        return data

    def read_named(self, digest: str) -> bytes:
        """The same for a blob that an index or a tree names: that it is gone is damage. Raises like ``read``."""
        try:
            return self.read(digest)
        except StoreError as error:
            if error.problems[0].code == "store.missing-blob":
                raise DamageError(error.problems) from None
            raise

    def verify(self, digest: str) -> Verified:
        """Read the blob of that hash piece by piece, and keep nothing of it. Raises like ``read``."""
        held = Digest()
        size = 0
        head = b""
        for piece in self._pieces(digest):
            head = head or piece[: len(_TREE_HEAD)]
            size += len(piece)
            held.add(piece)
        if held.hex != digest:
            raise self._damage(digest, self._pieces(digest))
        return Verified(size, head == _TREE_HEAD)

    def holds(self, digest: str) -> bool:
        """Whether the blob of that hash is there, and whole."""
        held = Digest()
        try:
            for piece in self._pieces(digest):
                held.add(piece)
        except StoreError:
            return False  # absent, or not readable as a file
        return held.hex == digest

    def lies(self, digest: str) -> bool:
        """Whether there is a file in the place of the blob of that hash, whatever it holds."""
        return os.path.lexists(self.path(digest))

    def size_fault(self, digest: str, size: int) -> FluxError | None:
        """What is wrong with a blob of so many bytes; None where nothing is."""
        if size <= self.most:
            return None
        message = f"{size} bytes are too many for a blob"
        return StoreError.of("store.blob-size", self._place(digest), message, self._limit())

    def path(self, digest: str) -> str:
        """Where the blob of that hash lies."""
        return os.path.join(self.folder, digest[:2], digest)

    def _bytes(self, digest: str) -> bytes:
        pieces = list(self._pieces(digest))
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _pieces(self, digest: str) -> Iterator[bytes]:
        try:
            descriptor = os.open(self.path(digest), TO_READ | NO_FOLLOW)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise self._damaged(digest, "not-a-file", "the blob is not a regular file", IMPORT_AGAIN)
                # Not more at once than there seems to be: room for it is made before it is known how much comes.
                step = min(_CHUNK, max(status.st_size + 1, 4096))
                length = 0
                while piece := os.read(descriptor, min(step, self.most + 1 - length)):
                    # What git-lfs or an editor made of a blob may be longer; what grows beyond the limit is left.
                    length += len(piece)
                    if length > self.most:
                        message = "the blob is too large"
                        raise StoreError.of("store.blob-size", self._place(digest), message, self._limit())
                    yield piece
            finally:
                os.close(descriptor)
        except (FileNotFoundError, NotADirectoryError):
            message = f"there is no blob {digest}"
            raise StoreError.of("store.missing-blob", self._place(digest), message, IMPORT_AGAIN) from None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EMLINK):
                raise self._damaged(digest, "link", "the blob is a link, not a file", IMPORT_AGAIN) from None
            said = shown(error.strerror or type(error).__name__)
            raise StoreError.of("store.unreadable", self._place(digest), f"the blob cannot be read: {said}") from error

    def _damage(self, digest: str, pieces: Iterable[bytes]) -> FluxError:
        """What the blob is instead, from its bytes."""
        size, head, endings = 0, b"", Endings()
        for piece in pieces:
            head = head or piece[: len(_LFS_POINTER)]
            size += len(piece)
            endings.add(piece)
        if head == _LFS_POINTER:
            message = "the blob is a Git LFS pointer, not the content"
            return self._damaged(digest, "lfs-pointer", message, "run 'git lfs pull', and keep the store out of LFS")
        change = endings.change(digest)
        if change:
            message = f"the line endings of the blob were changed {change}"
            return self._damaged(digest, "line-endings", message, _CLONE_AGAIN)
        message = f"the {size} bytes of the blob have another hash" if size else "the blob is empty"
        return self._damaged(digest, "damaged-blob", message, IMPORT_AGAIN)

    def _damaged(self, digest: str, code: str, message: str, hint: str) -> FluxError:
        return DamageError.of(f"store.{code}", self._place(digest), message, hint)

    def _place(self, digest: str) -> Place:
        return Place(f"{self.name or self.folder}/{digest[:2]}/{digest}")

    def _limit(self) -> str:
        return f"the limit is {self.most} bytes"
