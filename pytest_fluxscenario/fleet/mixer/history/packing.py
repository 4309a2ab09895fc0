"""Texts that are much alike, each packed for itself: what they have in common is a dictionary that stands beside them.

A record of 4.4 KB takes some 500 bytes so, and is read without the others. Which dictionary a packed text needs stands
in it (zlib, RFC 1950: DICTID), so that it keeps its own, whatever is packed later.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

#: Of zlib: as fast as the lowest one where there is a dictionary, and smaller.
_LEVEL: Final = 2
#: Bytes of a text that are its dictionary at most: zlib looks no further back.
_MOST: Final = 32 << 10
#: The bit of a packed text's second byte that says that it needs a dictionary.
_NEEDS: Final = 0x20
#: Bytes of a packed text that say how it was packed, and with which dictionary.
_HEAD: Final = 6


@dataclass(slots=True)
class Packer:
    """Packs and unpacks; a text is packed with the latest dictionary."""

    _latest: bytes = b""
    #: By their Adler-32.
    _known: dict[int, bytes] = field(default_factory=dict)

    @property
    def has_words(self) -> bool:
        """Whether there is a dictionary."""
        return bool(self._latest)

    def learn(self, words: bytes) -> None:
        """From now on ``words`` are the dictionary."""
        self._latest = words
        self._known[zlib.adler32(words)] = words

    def unpack(self, packed: bytes) -> bytes:
        """The text. Raises KeyError where its dictionary was never learned, zlib.error for what is no packed text."""
        if len(packed) < _HEAD or not packed[1] & _NEEDS:
            return zlib.decompress(packed)
        unpacking = zlib.decompressobj(zdict=self._known[int.from_bytes(packed[2:_HEAD])])
        text = unpacking.decompress(packed)
        if not unpacking.eof:
            # Of half a packed text the library gives half a text, and says nothing.
            raise zlib.error("a packed text ends too early")
        return text

    def pack(self, text: bytes) -> bytes:
        """The text, packed."""
        return packed(text, self._latest)


def packed(text: bytes, words: bytes = b"") -> bytes:
    """The text, packed with ``words`` as its dictionary; empty for none."""
    if not words:
        return zlib.compress(text, _LEVEL)
    packing = zlib.compressobj(_LEVEL, zdict=words)
    return packing.compress(text) + packing.flush()


def words_of(texts: Iterable[bytes]) -> bytes:
    """The dictionary for texts like these: the largest of them, as far as it is of use."""
    return max(texts, key=len, default=b"")[-_MOST:]
