"""The scenarios of a run in parts, each content like any other: named by its hash, sent once, and read by itself.

So a run of any size is asked for with a document that names its parts, and neither side holds all of it as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from pytest_fluxscenario.remote.case import PortableCase

#: Bytes of a part that are taken.
MOST_PART: Final = 4 << 20
#: Scenarios and bytes of a part as it is made, unless one alone is larger.
_CASES: Final = 500
_BYTES: Final = 1 << 20


def parts_of(cases: Iterable[PortableCase]) -> Iterator[bytes]:
    """The cases as documents, each a list of some of them, in order."""
    texts: list[bytes] = []
    size = 0
    for case in cases:
        text = msgspec.json.encode(case)
        if texts and (len(texts) == _CASES or size + len(text) > _BYTES):
            yield b"[" + b",".join(texts) + b"]"
            texts, size = [], 0
        texts.append(text)
        size += len(text)
    if texts:
        yield b"[" + b",".join(texts) + b"]"
