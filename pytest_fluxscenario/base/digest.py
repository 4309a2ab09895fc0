"""SHA-256, the one digest of this project (store.md)."""

from __future__ import annotations

import hashlib


def sha256(data: bytes) -> str:
    """64 lowercase hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_ref(data: bytes) -> str:
    """The digest as a ref: ``sha256:`` and 64 lowercase hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Digest:
    """The digest of bytes that come piece by piece."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """The next piece."""
        self._hash.update(data)

    @property
    def hex(self) -> str:
        """64 lowercase hex digits of the digest of all pieces so far."""
        return self._hash.hexdigest()

    @property
    def ref(self) -> str:
        """``sha256:`` and the digest of all pieces so far."""
        return "sha256:" + self._hash.hexdigest()
