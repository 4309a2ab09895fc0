"""Bytes to text: UTF-8 and nothing else (RFC 8259, section 8.1), no NUL, not empty."""

from __future__ import annotations

import re
from typing import NoReturn

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.documents.trouble import Trouble

_BOM = b"\xef\xbb\xbf"
_SAVE = "save the file as UTF-8"

# Longest first: the mark of UTF-32 begins with the one of UTF-16.
_OTHER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
# The first character of JSON or YAML is nearly always ASCII, so where its NULs are tells the encoding.
_OTHER_NULS = (
    (re.compile(rb"\x00\x00\x00[^\x00]|[^\x00]\x00\x00\x00"), "UTF-32"),
    (re.compile(rb"(?:\x00[^\x00]){2}|(?:[^\x00]\x00){2}|[^\x00]\x00\Z|\x00[^\x00]\Z"), "UTF-16"),
)


def read_text(source: Source, limits: Limits) -> str:
    """The text of a file, without its byte order mark.

    Raises DocumentError when it is too large, in another encoding, empty, or holds a NUL.
    """
    data = source.data
    if len(data) > limits.file_bytes:
        hint = f"the limit file_bytes is {limits.file_bytes}"
        raise DocumentError.of("document.file-size", Place(source.name), f"holds {len(data)} bytes", hint)
    _refuse_wide(source)
    body = data[3:] if data.startswith(_BOM) else data
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        _refuse_bytes(source.name, body, error.start)
    if not text.strip():
        what = "holds only white space" if text else "is empty"
        raise DocumentError.of("document.empty", Place(source.name), f"the file {what}")
    nul = text.find("\x00")
    if nul >= 0:
        Trouble(source.name, text).fail("nul", nul, "a NUL character", "take it out")
    return text


def _refuse_wide(source: Source) -> None:
    head = source.data[:4]
    for mark, encoding in _OTHER_MARKS:
        if head.startswith(mark):
            raise DocumentError.of("document.encoding", Place(source.name), f"the file is {encoding}", _SAVE)
    if b"\x00" in head:
        for pattern, encoding in _OTHER_NULS:
            if pattern.match(head):
                raise DocumentError.of("document.encoding", Place(source.name), f"the file seems {encoding}", _SAVE)


def _refuse_bytes(name: str, body: bytes, start: int) -> NoReturn:
    before = body[:start].decode()
    trouble = Trouble(name, before)
    if body[start] == 0xED and body[start + 1 : start + 2] >= b"\xa0":
        trouble.fail("surrogate", len(before), "half of a surrogate pair, which is no character", _SAVE)
    trouble.fail("encoding", len(before), f"the byte 0x{body[start]:02x} is not UTF-8", _SAVE)
