"""The careful reader of JSON (RFC 8259, and nothing beyond it): no recursion, every place known, every fault named."""

from __future__ import annotations

import re
from math import isinf
from typing import Any

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents import json_faults
from pytest_fluxscenario.documents.json import INTEGER_MOST
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.tree import Document, Inside, Spot, too_large
from pytest_fluxscenario.documents.trouble import Trouble

# Nothing here gives back what it took: each pattern looks at a character once.
_STRING = r'"([^"\\\x00-\x1f]*+)"'
_VALUE = re.compile(_STRING + r"|(-?(?:0|[1-9][0-9]*+))((?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)|(true|false|null)|([\[{])")
_KEY = re.compile(_STRING)
_GAP = re.compile(r"[ \t\n\r]++")
_COLON = re.compile(r"[ \t\n\r]*+:[ \t\n\r]*+")
_CHUNK = re.compile(r'[^"\\\x00-\x1f]*+')
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt])|u([0-9a-fA-F]{4}))')

_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}
_INTEGER_LENGTH = len(str(-INTEGER_MOST))


def read_json(name: str, text: str, limits: Limits) -> Document:
    """The one document of ``text``.

    Raises DocumentError with every problem up to the first that makes the rest unreadable.
    """
    reader = _Reader(name, text, limits)
    document = reader.read()
    reader.trouble.finish()
    return document


class _Reader:
    __slots__ = ("floats", "limits", "nodes", "text", "trouble")

    def __init__(self, name: str, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.trouble = Trouble(name, text)
        self.nodes = 0
        self.floats = False

    def read(self) -> Document:
        text, limits, skip = self.text, self.limits, self._skip
        top: list[Any] = []
        spots: list[Spot] = []
        # What is being filled: a list or a mapping, the spots of what is in it, and where it began.
        data: Any = top
        inside: Any = spots
        opened = 0
        stack: list[tuple[Any, Any, int]] = []
        key: str | None = None
        key_at = 0
        position = skip(0)
        while True:
            start = position
            value, within, position = self._value(start, opened)
            if key is None:
                data.append(value)
                inside.append((start, start, position, within))
            else:
                data[key] = value
                inside[key] = (key_at, start, position, within)
            comma = True
            if within is not None:
                stack.append((data, inside, opened))
                data, inside, opened, comma = value, within, start, False
                if len(stack) > limits.depth:
                    self.trouble.fail("depth", opened, "nested too deep", f"the limit depth is {limits.depth}")
            while stack:
                position = skip(position)
                if not text.startswith("}" if type(data) is dict else "]", position):
                    break
                data, inside, opened = stack.pop()
                position += 1
                comma = True
            else:
                break
            if comma:
                if not text.startswith(",", position):
                    json_faults.refuse_after_value(self.trouble, position, opened)
                position = skip(position + 1)
            key = None
            if type(data) is dict:
                key_at = position
                key, position = self._key(position, opened)
                if key in inside:
                    self.trouble.note_duplicate(key, key_at, inside[key][0])
        position = skip(position)
        if position != len(text):
            json_faults.refuse_trailing(self.trouble, position)
        return Document(top[0], spots[0], self.floats)

    def _skip(self, position: int) -> int:
        found = _GAP.match(self.text, position)
        return found.end() if found else position

    def _value(self, position: int, opened: int) -> tuple[Any, Inside, int]:
        """The scalar at ``position``, or the beginning of a list or mapping: then with an inside for its spots."""
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            self.trouble.fail("nodes", position, "too many values", f"the limit nodes is {self.limits.nodes}")
        found = _VALUE.match(self.text, position)
        if found is None:
            if self.text.startswith('"', position):
                value, end = self._string(position)
                return value, None, end
            json_faults.refuse_value(self.trouble, position, opened)
        end = found.end()
        string, integer, rest, word, opener = found.groups()
        if string is not None:
            if too_large(string, self.limits.scalar_bytes):
                self._note_large(position)
            return string, None, end
        if opener is not None:
            if opener == "{":
                return {}, {}, end
            return [], [], end
        if word is not None:
            return _WORDS[word], None, end
        return self._number(position, integer, rest), None, end

    def _number(self, position: int, integer: str, rest: str) -> int | float:
        number = integer + rest
        if len(number) > self.limits.scalar_bytes:
            self._note_large(position)
            return 0
        if rest:
            self.floats = True
            value = float(number)
            if isinf(value):
                self.trouble.note("number-range", position, f"the number {shown(number, 40)} is too large", "quote it")
            return value
        if len(integer) > _INTEGER_LENGTH or abs(int(integer)) > INTEGER_MOST:
            what = f"the integer {shown(integer, 40)} is beyond ±(2^53-1)"
            self.trouble.note("integer-range", position, what, "not every reader keeps it exactly: quote it")
            return 0
        return int(integer)

    def _key(self, position: int, opened: int) -> tuple[str, int]:
        """The key at ``position``, and where its value begins."""
        found = _KEY.match(self.text, position)
        if found is not None:
            key, end = found[1], found.end()
            if too_large(key, self.limits.scalar_bytes):
                self._note_large(position)
        elif self.text.startswith('"', position):
            key, end = self._string(position)
        else:
            json_faults.refuse_key(self.trouble, position, opened)
        colon = _COLON.match(self.text, end)
        if colon is None:
            json_faults.refuse_after_key(self.trouble, self._skip(end), opened)
        return key, colon.end()

    def _string(self, start: int) -> tuple[str, int]:
        """A string with escapes, or one that is wrong, and where it ends."""
        text, position = self.text, start + 1
        pieces: list[str] = []
        while True:
            chunk = _CHUNK.match(text, position)
            if chunk is not None:
                pieces.append(chunk[0])
                position = chunk.end()
            if text.startswith('"', position):
                break
            escape = _ESCAPE.match(text, position)
            if escape is None:
                json_faults.refuse_in_string(self.trouble, position, start)
            character, digits = escape.groups()
            end = escape.end()
            if character is not None:
                pieces.append(_ESCAPED[character])
            else:
                code = int(digits, 16)
                if 0xD800 <= code < 0xDC00:
                    low = _ESCAPE.match(text, end)
                    if low is not None and low[2] is not None and 0xDC00 <= int(low[2], 16) < 0xE000:
                        code = 0x10000 + ((code - 0xD800) << 10) + int(low[2], 16) - 0xDC00
                        end = low.end()
                if 0xD800 <= code < 0xE000:
                    what = f"half of a surrogate pair, {escape[0]}, which is no character"
                    self.trouble.note("surrogate", position, what, "write both halves, or the character itself")
                elif code == 0:
                    self.trouble.note("nul", position, "a NUL character, \\u0000", "take it out")
                pieces.append(chr(code))
            position = end
        value = "".join(pieces)
        if too_large(value, self.limits.scalar_bytes):
            self._note_large(start)
        return value, position + 1

    def _note_large(self, position: int) -> None:
        hint = f"the limit scalar_bytes is {self.limits.scalar_bytes}"
        self.trouble.note("scalar-size", position, "one value is too large", hint)
