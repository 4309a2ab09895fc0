"""Several contents in one request: a request for each costs more than the scenario that needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

#: Bytes of the length that stands before each content.
_LENGTH: Final = 4
#: Bytes and contents that are sent at a time, unless a single one is larger.
_BATCH_BYTES: Final = 4 << 20
_BATCH: Final = 1_000


def in_batches(contents: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The contents in the order in which they come, as many at a time as are sent in one request."""
    several: list[bytes] = []
    size = 0
    for data in contents:
        if several and (len(several) == _BATCH or size + len(data) > _BATCH_BYTES):
            yield several
            several, size = [], 0
        several.append(data)
        size += len(data)
    if several:
        yield several


def framed(contents: Iterable[bytes]) -> bytes:
    """Several contents as one body: each after its length, four bytes with the highest first."""
    return b"".join(part for data in contents for part in (len(data).to_bytes(_LENGTH), data))


def unframed(body: bytes) -> list[bytes] | None:
    """The contents in such a body; None where it is none."""
    found: list[bytes] = []
    at = 0
    while at < len(body):
        begin = at + _LENGTH
        at = begin + int.from_bytes(body[at:begin])
        if at > len(body) or begin > len(body):
            return None
        found.append(body[begin:at])
    return found
