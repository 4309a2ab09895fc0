"""Content that a case needs: which, and how it comes to where the case is to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.trees import read_tree
from pytest_fluxscenario.cas.trimming import touch
from pytest_fluxscenario.cas.writing import write_blob
from pytest_fluxscenario.remote.case import PortableCase


def contents(case: PortableCase, blobs: Blobs) -> Iterator[str]:
    """The hashes of all that a case needs. Raises StoreError, DamageError where its pack's tree cannot be read."""
    yield from (case.content, case.pack.hash)
    if case.spec is not None:
        yield case.spec.hash
    if case.pack.kind == "tree":
        yield from (entry.hash for entry in read_tree(blobs, case.pack.hash).entries.values())


def bring(
    case: PortableCase,
    blobs: Blobs,
    fetch: Callable[[str], bytes],
    whole: set[str] | None = None,
    document: bytes = b"",
) -> None:
    """See that ``blobs`` holds all that a case needs; ``fetch`` gives the bytes of a hash from where it came.

    ``whole`` are packs and specs that were brought before, and is added to: a large pack is not looked through for each
    of its scenarios. A scenario that came along as ``document`` is not kept. Raises DamageError where the bytes have
    another hash, and what ``fetch`` and writing raise.
    """
    whole = set() if whole is None else whole
    if not document:
        _bring((case.content,), blobs, fetch)
    several = (case.pack.hash, *((case.spec.hash,) if case.spec else ()))
    lacking = [digest for digest in several if digest not in whole]
    _bring(lacking, blobs, fetch)
    if case.pack.kind == "tree" and case.pack.hash in lacking:
        _bring((entry.hash for entry in read_tree(blobs, case.pack.hash).entries.values()), blobs, fetch)
    whole.update(lacking)


def _bring(digests: Iterable[str], blobs: Blobs, fetch: Callable[[str], bytes]) -> None:
    for digest in digests:
        if touch(blobs, digest):
            continue
        data = fetch(digest)
        check_content(data, digest)
        write_blob(blobs, data)


def check_content(data: bytes, digest: str) -> None:
    """Raise DamageError where bytes that came from elsewhere have another hash."""
    if sha256(data) != digest:
        message = f"what came for the hash {shown(digest, 80)} has another one"
        raise DamageError.of("remote.content", Place("content"), message, "it is not used")
