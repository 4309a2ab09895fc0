"""What a plain scalar of YAML means: the core schema of YAML 1.2 (section 10.3.2), which scenario.md asks for.

One deviation, so that no identifier changes silently: digits with a leading zero (``010``, ``-007``, ``01.5``) are
strings. ``0o17`` and ``0x1f`` are integers as the core schema says; ``no``, ``on``, dates, ``1:30`` and ``1_000``
are strings, for they were numbers and booleans in YAML 1.1 only.
"""

from __future__ import annotations

import re
from math import isinf
from typing import Literal

from pytest_fluxscenario.documents.json import INTEGER_MOST

#: Scalars that mean something else than their letters.
WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
#: What every number begins with, and few strings.
NUMERIC = frozenset("-+.0123456789")

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*+)")
_BASED = re.compile(r"0o[0-7]++|0x[0-9a-fA-F]++")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]++|(?:0|[1-9][0-9]*+)(?:\.[0-9]*+)?)(?:[eE][-+]?[0-9]++)?")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_INTEGER_LENGTH = len(str(-INTEGER_MOST))

#: Why a scalar has no value: the ends of the codes ``document.integer-range`` and so on.
Refusal = Literal["integer-range", "number-range", "not-a-number"]


class RefusedError(Exception):
    """A plain scalar that is a number, but none that every reader understands alike."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why)
        self.why: Refusal = why


def resolve(text: str) -> bool | int | float | str | None:
    """The value of a plain scalar. Raises RefusedError for integers beyond ±(2^53-1), infinities and NaN."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text, 10)
    if _BASED.fullmatch(text):
        return _integer(text, 8 if text[1] == "o" else 16)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if isinf(value):
            raise RefusedError("number-range")
        return value
    if _NOT_A_NUMBER.fullmatch(text):
        raise RefusedError("not-a-number")
    return text


def _integer(text: str, base: int) -> int:
    # Leading zeros of 0x and 0o do not count; converting what is longer than any allowed integer costs too much.
    digits = text if base == 10 else text[2:].lstrip("0") or "0"
    if len(digits) > (_INTEGER_LENGTH + 1 if base == 10 else 20):
        raise RefusedError("integer-range")
    value = int(digits, base)
    if abs(value) > INTEGER_MOST:
        raise RefusedError("integer-range")
    return value
