"""Documents that are nearly right: seeded changes of good ones, the same on every run."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

_WORD = re.compile(rb"[\w.+-]+")
_MARK = re.compile(rb"[\s,:\[\]{}]")

_SCENARIO = b"""{
 "id": "SCN-7",
 "profile_id": "change-control",
 "profile_version": "1.4.0",
 "steps": [
  {
   "name": "submit",
   "action": "submit",
   "actor": {"id": "user-1", "role": "author"},
   "payload": {"change": "CHG-1", "risk": "high", "score": 0.5, "note": "a \\"note\\""},
   "expectation": {"status": "blocked", "route": null, "missing_artifacts": [], "hook_calls": {}}
  }
 ]
}
"""

JSON_DOCUMENTS = (
    _SCENARIO,
    b'{"id": "SCN-1", "profile_version": "1.4.0", "steps": [{"name": "s", "actor": {"id": "u", "role": "r"}}]}',
    b'[\n {"a": 1, "b": [true, false, null]},\n {"c": -12.50, "d": {"e": {}}},\n []\n]\n',
    '{"é": "\\u00e9 \\ud83d\\ude00 \\" \\\\ \\/", "😀": "\u2028", "n": [0, -1, 1.5, 2e3, 9007199254740991]}'.encode(),
    b'"x"',
    b"12",
    b'{"a":{"b":{"c":[[[[1]]]]}},"a2":"","":[{},{}]}',
    b'\xef\xbb\xbf{"k": "a\\nb\\tc", "l": [1,2,3,4,5,6,7,8]}\r\n',
)
JSON_TOKENS = (
    b'"', b"\\", b"\\\\", b'\\"', b"\\u0000", b"\\ud800", b"\\u0061", b"\\x", b"{", b"}", b"[", b"]", b",", b":",
    b"1e400",
    b"99999999999999999999", b"9007199254740992", b"0", b"-", b".", b"e", b"NaN", b"Infinity", b"null", b"true", b"nul",
    b"//", b"#", b"/**/", b" ", b"\n", b"\r", b"\t", b"\x00", b"\x1f", b"\x7f", b"\xff", b"\xed\xa0\x80", b"\xc3\xa9",
    b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80", b'"a":1,', b'"a":1,"a":2', b"'", b"\n<<<<<<< HEAD\n", b"\n=======\n",
    b"\xc2\xa0",
    b"[" * 70, b'{"a":' * 70, b"]" * 70, b"0.1234567890123456789", b"1.0", b"00", b"-0", b"\xff\xfe", b"\xe2\x80\xa8",
)  # fmt: skip

YAML_DOCUMENTS = (
    b"id: SCN-1\nprofile_version: '1.4.0'\nsteps:\n- name: s\n  actor: {id: u, role: r}\n  payload:\n    note: a b c\n",
    b"- a: 1\n  b: [true, no, ~]\n- c: -12.50\n  d: {e: {}}\n-\n  - x\n",
    'é: "\\u00e9 \\" \\\\"\n"k 2": \'it\'\'s\'\ntext: |\n  line\n\n  more\nfolded: >-\n  a\n  b\n'.encode(),
    b"# c\n---\na: 1\n---\n- 2\n...\n",
    b"%YAML 1.2\n---\n{a: [1, 2, {b: c}], \"d\": 'e'}\n",
    b"? a\n: b\n? c\n: - d\n  - e\n",
    b"plain\n text\n",
)
YAML_TOKENS = (
    b": ", b"- ", b"? ", b"\n", b"\r\n", b"\r", b"  ", b"\t", b"{", b"}", b"[", b"]", b",", b"&a ", b"*a",
    b"!!str ", b"! ", b"!<x>",
    b"!!", b"<<: ", b"<<: *a", b"%TAG ! x:\n", b"%YAML 1.1\n", b"%YAML 9.9\n", b"%", b"---\n", b"...\n", b"|",
    b">", b"|2-\n", b"#", b" #",
    b'"', b"'", b"\\", b'"\\0"', b'"\\ud800"', b'"\\UFFFFFFFF"', b'"\\x', b".nan", b"1e400",
    b"99999999999999999999", b"0x",
    b"0o7", b"1:30", b"null", b"true: ", b"1: ", b"@", b"`", b"=", b"\x00", b"\x01", b"\x85", b"\xc2\x85",
    b"\xe2\x80\xa8", b"\xff",
    b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80", b"\n<<<<<<< HEAD\n", b"\n=======\n", b"\n>>>>>>> x\n", b"[" * 70,
    b"- " * 70, b"{a: " * 70,
    b"? " * 70, b"a:\n a:\n  a:\n", b"\xff\xfe", b"\xed\xa0\x80", b"a: 1\na: 2\n", b"!!binary ",
    b"!!timestamp 2020-99-99",
)  # fmt: skip


def mutated(seed: int, count: int, documents: Sequence[bytes], tokens: Sequence[bytes]) -> Iterator[bytes]:
    """``count`` documents, each one to four changes away from one of ``documents``."""
    chance = random.Random(seed)  # noqa: S311 - the same documents on every run are the point
    for _ in range(count):
        document = chance.choice(documents)
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
            document = _change(chance, document, documents, tokens)
        yield document


def _change(chance: random.Random, data: bytes, documents: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    begin = chance.randint(0, len(data))
    end = min(len(data), begin + chance.choice((0, 1, 1, 2, 5, 20)))
    kind = chance.randrange(12)
    if kind >= 8:  # a word, or a mark, for another: often still a good document, with keys twice or odd scalars
        return _exchange(chance, data, _WORD if kind >= 10 else _MARK, tokens)
    if kind == 0 and begin < len(data):  # a bit of a byte
        return data[:begin] + bytes([data[begin] ^ (1 << chance.randrange(8))]) + data[begin + 1 :]
    if kind == 1:  # another byte
        return data[:begin] + bytes([chance.randrange(256)]) + data[begin + 1 :]
    if kind == 2:  # the end is missing
        return data[:begin]
    if kind == 3:  # the end of another document
        other = chance.choice(documents)
        return data[:begin] + other[chance.randint(0, len(other)) :]
    if kind == 4:  # a piece twice
        return data[:end] + data[begin:end] * chance.randint(1, 4) + data[end:]
    if kind == 5:  # a piece is missing
        return data[:begin] + data[end:]
    return data[:begin] + chance.choice(tokens) + data[(end if kind == 6 else begin) :]


def _exchange(chance: random.Random, data: bytes, pattern: re.Pattern[bytes], tokens: Sequence[bytes]) -> bytes:
    found = list(pattern.finditer(data))
    if not found:
        return data
    old = chance.choice(found)
    new = chance.choice(tokens) if chance.randrange(3) == 0 else chance.choice(found)[0]
    return data[: old.start()] + new + data[old.end() :]
