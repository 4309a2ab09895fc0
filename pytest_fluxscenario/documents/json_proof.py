"""The quick way through a JSON file that is in order.

``msgspec`` decodes and encodes in a tenth of the time of the careful reader, but it keeps the last of two equal
keys, knows no limits, and recurses. So a file is decoded by it only after a proof, made of counting bytes, that
the careful reader would accept the same file and give the same data. Where the proof does not succeed nothing is
said about the file: the careful reader then decides.

The proof works on the *skeleton*: the text outside of strings. With escaped quotes and backslashes blanked, every
second piece between quotes is skeleton. On text that is not JSON this may be wrong from the first fault on, but
msgspec stops at that fault, and everything before it was counted right.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pytest_fluxscenario.documents.limits import Limits

# Escapes that need a look: NUL, and surrogates, paired or not.
_DOUBTFUL_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
# Fractions that every reader rounds alike without thinking; exponents are left to the careful reader.
_SMALL_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_INTEGER_DIGITS = 15
_NUMBER_DIGITS = 17
_WORDS = frozenset((b"true", b"false", b"null"))

_STRUCTURE = b" \t\n\r[]{},:"
_STRUCTURE_TO_SPACE = bytes.maketrans(_STRUCTURE, b" " * len(_STRUCTURE))
_NOT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_BRACES_TO_BRACKETS = bytes.maketrans(b"{}", b"[]")


def _blank_escapes(data: bytes) -> bytes:
    """Same length, so that offsets and lengths stay true."""
    return data.replace(b"\\\\", b"__").replace(b'\\"', b"__")


def prove(data: bytes, limits: Limits) -> tuple[Any, bool, int] | None:
    """The decoded data, whether it holds floats, and how many quotes it has; None where the proof fails.

    ``data`` is JSON text in UTF-8 without a byte order mark, of any size. The count of quotes is what ``quotes`` of the
    encoded data must give if no key was lost.
    """
    text = data
    if b"\\" in data:
        if b"\\u" in data and _DOUBTFUL_ESCAPE.search(data):
            return None
        text = _blank_escapes(data)
    pieces = text.split(b'"')
    if len(data) > limits.scalar_bytes and max(map(len, pieces)) > limits.scalar_bytes:
        return None
    skeleton = b"".join(pieces[::2])
    openers = skeleton.count(b"{") + skeleton.count(b"[")
    # Every value but the first follows a comma or an opener.
    if len(data) > limits.nodes and skeleton.count(b",") + openers + 1 > limits.nodes:
        return None
    if openers > limits.depth and not _shallow(skeleton, limits.depth):
        return None
    floats = _floats(skeleton, limits.scalar_bytes)
    if floats is None:
        return None
    try:
        return msgspec.json.decode(data), floats, len(pieces) - 1
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def quotes(encoded: bytes) -> int:
    """How many quotes of compact JSON begin or end a string; each key that a decoder dropped is two fewer."""
    return (_blank_escapes(encoded) if b"\\" in encoded else encoded).count(b'"')


def _shallow(skeleton: bytes, depth: int) -> bool:
    """Whether brackets nest at most ``depth`` deep: taking out the innermost pairs takes away one level."""
    brackets = skeleton.translate(_BRACES_TO_BRACKETS, _NOT_BRACKETS)
    for _ in range(depth):
        if not brackets:
            return True
        brackets = brackets.replace(b"[]", b"")
    return not brackets


def _floats(skeleton: bytes, scalar_bytes: int) -> bool | None:
    """Whether there are fractions; None where a number needs the careful reader."""
    if not skeleton.translate(None, _STRUCTURE):
        return False
    found = False
    for token in set(skeleton.translate(_STRUCTURE_TO_SPACE).split()):
        if token in _WORDS:
            continue
        if len(token) > min(_NUMBER_DIGITS, scalar_bytes) or not _SMALL_NUMBER.fullmatch(token):
            return None
        if b"." in token:
            found = True
        elif len(token) > _INTEGER_DIGITS:
            return None
    return found
