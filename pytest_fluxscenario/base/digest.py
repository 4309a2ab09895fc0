"""SHA-256, the one digest of this project (store.md)."""

from __future__ import annotations

import hashlib


def sha256(data: bytes) -> str:
    """64 lowercase hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_ref(data: bytes) -> str:
    """The digest as a ref: ``sha256:`` and 64 lowercase hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()
