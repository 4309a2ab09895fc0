"""The objects of one file: what scenario.md calls one scenario, several in a list, or a stream of documents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.documents import json_proof
from pytest_fluxscenario.documents.json import Json
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.parse import is_yaml, parse
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.documents.tree import Document

_BETWEEN = re.compile(rb"[ \t\n\r,]*+")
_ASTRAL = re.compile(rb"[\xf0-\xf4]")


@dataclass(frozen=True, slots=True)
class Element:
    """One top-level object of a file: the whole document, an item of a top-level list, or a document of a stream."""

    #: Plain data; whoever gets it must not change it.
    data: Json
    #: Compact JSON of the data, keys in the order of the file.
    encoded: bytes
    #: The line in which it begins, from 1.
    line: int
    #: Which document of a YAML stream it is in, from 0.
    document: int = 0
    #: The path to it in its document: empty, or the index in the top-level list.
    pointer: Pointer = ()
    #: Whether sorting its keys with msgspec gives canonical JSON (RFC 8785): no float, no character beyond the BMP
    #: (of which RFC 8785 sorts the surrogates). False also where that is not known.
    plain: bool = False


def read_elements(source: Source, limits: Limits = Limits(), *, split: bool = True) -> tuple[Element, ...]:
    """The elements of a JSON or YAML file, in its order; the suffix of its name tells which it is.

    With ``split`` the items of a top-level list are elements of their own, so an empty list gives none; without it
    every document is one element. Raises DocumentError with the problems of the whole file: RFC 8259 and the core
    schema of YAML 1.2 say what is strict, and anchors, tags, duplicate keys and the like are refused beyond them.
    """
    elements = None if is_yaml(source.name) else read_quickly(source, limits, split=split)
    return read_carefully(source, limits, split=split) if elements is None else elements


def read_carefully(source: Source, limits: Limits, *, split: bool) -> tuple[Element, ...]:
    """The elements of a file by the reader that names every fault. Raises DocumentError."""
    text, documents = parse(source, limits)
    return tuple(_elements(documents, text, split=split))


def read_quickly(source: Source, limits: Limits, *, split: bool) -> tuple[Element, ...] | None:
    """What ``read_carefully`` returns for a JSON file; None where that cannot be told cheaply, or it raises."""
    data = source.data
    if len(data) > limits.file_bytes:
        return None
    proven = json_proof.prove(data, limits)
    if proven is None:
        return None
    value, floats, quotes = proven
    if split and type(value) is list:
        return _split_quickly(data, value, floats, quotes)
    encoded = msgspec.json.encode(value)
    if json_proof.quotes(encoded) != quotes:
        return None
    line = 1 if data[:1] in (b"{", b"[") else data.count(b"\n", 0, len(data) - len(data.lstrip(b" \t\n\r"))) + 1
    return (Element(value, encoded, line, 0, (), not floats and _in_bmp(encoded)),)


def _split_quickly(data: bytes, items: list[Json], floats: bool, quotes: int) -> tuple[Element, ...] | None:
    pieces = msgspec.json.decode(data, type=list[msgspec.Raw])
    found: list[Element] = []
    line, counted, end = 1, 0, data.index(b"[") + 1
    for index, (item, piece) in enumerate(zip(items, pieces, strict=True)):
        between = _BETWEEN.match(data, end)
        start = between.end() if between else end
        line += data.count(b"\n", counted, start)
        counted, end = start, start + len(memoryview(piece))
        encoded = msgspec.json.encode(item)
        quotes -= json_proof.quotes(encoded)
        found.append(Element(item, encoded, line, 0, (index,), not floats and _in_bmp(encoded)))
    return tuple(found) if quotes == 0 else None


def _in_bmp(encoded: bytes) -> bool:
    return encoded.isascii() or _ASTRAL.search(encoded) is None


def _elements(documents: Iterable[Document], text: str, *, split: bool) -> Iterable[Element]:
    line, counted = 1, 0
    for number, document in enumerate(documents):
        data, (_, start, _, inside) = document.data, document.spot
        parts: Iterable[tuple[Pointer, Json, int]] = (((), data, start),)
        if split and isinstance(data, list) and isinstance(inside, list):
            parts = (((at,), item, spot[1]) for at, (item, spot) in enumerate(zip(data, inside, strict=True)))
        for pointer, item, offset in parts:
            line += text.count("\n", counted, offset)
            counted = offset
            encoded = msgspec.json.encode(item)
            plain = not document.floats and _in_bmp(encoded)
            yield Element(item, encoded, line, number, pointer, plain)
