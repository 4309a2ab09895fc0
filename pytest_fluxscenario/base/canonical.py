"""Canonical JSON as RFC 8785 (JCS) defines it: one text for one value, so that its hash means the value.

msgspec's sorted encoding gives the same bytes but for four things: floats (ECMAScript writes ``1e21`` where others
write ``1000000000000000000000.0``), integers that no double holds, NaN and infinities (it writes ``null``), and keys
beyond the basic plane (JCS sorts by UTF-16 units). All are looked for in the encoded text; only a text that may hold
one of them takes the slow way.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from pytest_fluxscenario.base.digest import sha256_ref

_encode_sorted = msgspec.json.Encoder(order="sorted").encode
# In compact JSON a number or null follows a key, a bracket or a comma, or stands alone. The same run inside a string
# only costs time.
_CAREFUL = re.compile(rb"(?:^|\":|[\[,])(?:-?[0-9]+[.eE]|-?[0-9]{16}|null)")
#: Largest integer that a JSON number keeps (RFC 8785, appendix D).
_LARGEST = 2**53 - 1
_ASTRAL = re.compile(rb"[\xf0-\xf4]")


def canonical(value: Any) -> bytes:
    """The canonical JSON of ``value`` (plain data or msgspec structs), UTF-8.

    Raises ValueError for NaN and infinities, which JSON does not have, for integers beyond ±(2^53-1), and for lone
    surrogates; TypeError for what is no JSON at all.
    """
    encoded = _encode_sorted(value)
    if _CAREFUL.search(encoded) is None and (encoded.isascii() or _ASTRAL.search(encoded) is None):
        return encoded
    return _write(msgspec.to_builtins(value, order="sorted")).encode()


def canonical_without_floats(value: Any) -> bytes:
    """Like ``canonical``, for a value that its caller knows to hold no float."""
    encoded = _encode_sorted(value)
    if encoded.isascii() or _ASTRAL.search(encoded) is None:
        return encoded
    return _write(msgspec.to_builtins(value, order="sorted")).encode()


def canonical_ref(value: Any) -> str:
    """``sha256:`` and the hash of the canonical JSON of ``value``."""
    return sha256_ref(canonical(value))


def plain(value: Any) -> Any:
    """A copy of ``value`` as it would be read from its JSON: objects, lists, strings, numbers, booleans, null.

    For a value that has a canonical form; what ``canonical`` refuses may come out as something else.
    """
    return msgspec.json.decode(msgspec.json.encode(value))


def _write(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{_write(item)}" for key, item in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_write, value)) + "]"
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise ValueError(f"JSON numbers keep no integer beyond ±{_LARGEST}")
    return json.dumps(value)


def _number(value: float) -> str:
    """A float as ECMAScript's Number::toString writes it (RFC 8785, 3.2.2.3)."""
    if not math.isfinite(value):
        raise ValueError("JSON has no NaN and no infinities")
    if value == 0:
        return "0"
    sign, text = ("-", repr(-value)) if value < 0 else ("", repr(value))
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).rstrip("0") if fraction != "0" else whole
    point = len(whole) + int(exponent or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = point - 1
    tail = f"e{'+' if power > 0 else '-'}{abs(power)}"
    return f"{sign}{digits[0]}{'.' + digits[1:] if count > 1 else ''}{tail}"
