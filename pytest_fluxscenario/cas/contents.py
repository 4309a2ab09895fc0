"""Content that is to be filed, in memory or wherever it lies: large files are never held whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from pytest_fluxscenario.base.digest import Digest
from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Root, Source, stream_source


class Content(Protocol):
    """Bytes that become one blob."""

    @property
    def digest(self) -> str:
        """64 hex digits."""

    @property
    def size(self) -> int:
        """How many bytes."""

    def pieces(self) -> Iterator[bytes]:
        """The bytes, piece by piece; they may be had again.

        Raises FluxError where they cannot be read, and StoreError at their end where they are no longer what they were.
        """


@dataclass(frozen=True, slots=True)
class Held:
    """Content in memory."""

    data: bytes
    digest: str

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self.data)

    def pieces(self) -> Iterator[bytes]:
        """All in one."""
        yield self.data


@dataclass(frozen=True, slots=True)
class Lying:
    """Content of a file: read once to be hashed, and once more to be filed."""

    path: str
    #: How the file is shown.
    name: str
    #: The folder that it may not be led out of by a link.
    root: Root
    #: Bytes that it may have.
    most: int
    digest: str
    size: int

    @classmethod
    def look(cls, path: str, name: str, root: Root, most: int) -> Lying:
        """The content of the file at ``path``. Raises DocumentError, also for more than ``most`` bytes."""
        held = Digest()
        size = 0
        for piece in stream_source(path, name, Limits(file_bytes=most), root):
            held.add(piece)
            size += len(piece)
        return cls(path, name, root, most, held.hex, size)

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the file as it is now."""
        again = stream_source(self.path, self.name, Limits(file_bytes=self.most), self.root)
        return unchanged(again, self.digest, self.name)


def unchanged(pieces: Iterator[bytes], digest: str, name: str) -> Iterator[bytes]:
    """The pieces. Raises StoreError at their end where they are not those of ``digest``."""
    held = Digest()
    for piece in pieces:
        held.add(piece)
        yield piece
    if held.hex != digest:
        raise StoreError.of("import.changed", Place(name), "has changed while it was read", "import it again")


def read_content(content: Content, name: str, most: int) -> Source:
    """The content in memory, as much of it as a reader needs to see that it is more than ``most`` bytes."""
    kept: list[bytes] = []
    left = most + 1
    for piece in content.pieces():
        kept.append(piece[:left])
        left -= len(kept[-1])
        if not left:
            break
    return Source(name, b"".join(kept), content.digest)
