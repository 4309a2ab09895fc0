"""The reader of YAML: the events of the parser, never its constructors, and limits at every event.

What PyYAML builds from a text can be anything, of any size, and building it recurses; the events before that are
flat, cheap, and carry their places. Everything that makes the text mean something other than it shows is refused:
anchors, aliases, merge keys, tags, and directives other than ``%YAML 1.2``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError
from yaml.scanner import ScannerError

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents import yaml_faults, yaml_scalars
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.tree import Document, Inside, Spot, too_large
from pytest_fluxscenario.documents.trouble import Trouble

_SURROGATE = re.compile("[\ud800-\udfff]")
# Breaks of YAML 1.1, which the parser heeds, and plain characters of 1.2: a line that is shown as one would be two.
# And a byte order mark within the text, which is white space to one parser and a letter to the other.
_ODD = re.compile("[\x85\u2028\u2029\ufeff]")
_SHOWN = 60
_KINDS = {type(None): "null", bool: "a boolean", int: "an integer", float: "a number"}

_REFUSED_NUMBERS = {
    "integer-range": "the integer {} is beyond ±(2^53-1)",
    "number-range": "the number {} is too large",
    "not-a-number": "{} is no number that can be compared",
}


def read_yaml(name: str, text: str, limits: Limits) -> tuple[Document, ...]:
    """The documents of the stream ``text``, at least one.

    Raises DocumentError with every problem up to the first that makes the rest unreadable, whatever the parser
    raised for it.
    """
    reader = _Reader(name, text, limits)
    odd = None if text.isascii() else _ODD.search(text)
    if odd is not None:
        mark = odd[0] == "\ufeff"
        kind, readers = ("byte order mark", "parsers") if mark else ("line break", "YAML 1.1 and 1.2")
        what = f"the {kind} U+{ord(odd[0]):04X}, which {readers} read differently"
        reader.trouble.fail(kind.replace(" ", "-"), odd.start(), what, "write it as an escape in double quotes")
    try:
        documents = reader.read(_events(text))
    except DocumentError:
        raise
    except yaml.MarkedYAMLError as error:
        yaml_faults.refuse_marked(reader.trouble, error)
    except ReaderError:
        yaml_faults.refuse_unprintable(reader.trouble)
    except Exception as error:  # noqa: BLE001 - the parser raises more than it says: ValueError, IndexError, ...
        reader.trouble.fail_syntax(reader.position, f"not readable as YAML: {shown(type(error).__name__)}")
    reader.trouble.finish()
    return documents


class _PythonLoader(yaml.SafeLoader):
    """The parser in Python, which alone passes over directives that it does not know."""

    def scan_directive(self) -> Any:
        token = super().scan_directive()
        if token.name not in {"YAML", "TAG"}:
            raise ScannerError("while scanning a directive", token.start_mark, "found unknown directive name", None)
        return token


def _events(text: str) -> Iterator[Any]:
    # Without libyaml the parser in Python gives the same events, many times slower.
    events: Iterator[Any] = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", _PythonLoader))
    return events


class _Reader:
    __slots__ = ("conflicts", "floats", "limits", "nodes", "position", "small", "text", "trouble")

    def __init__(self, name: str, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.trouble = Trouble(name, text)
        # So many characters are within the limit of bytes whatever they are.
        self.small = limits.scalar_bytes // 4
        self.nodes = 0
        self.floats = False
        #: Where the last event began, for errors that do not say where.
        self.position = 0
        self.conflicts = self.trouble.whole_conflict(0, len(text)) is not None

    def read(self, events: Iterator[Any]) -> tuple[Document, ...]:
        limits, trouble = self.limits, self.trouble
        top: list[Any] = []
        spots: list[Spot] = []
        # What is being filled, a list or a mapping, and the spots of what is in it; the top list holds documents.
        data: Any = top
        inside: Any = spots
        stack: list[tuple[Any, Any]] = []
        # The key that waits for its value.
        key: str | None = None
        key_at = 0
        value: Any
        within: Inside
        for event in events:
            kind = type(event)
            if kind is ScalarEvent:
                start = self.position = event.start_mark.index
                value = self._scalar(event)
                if key is None and type(data) is dict:
                    key = value if type(value) is str and value != "<<" else self._odd_key(event)
                    key_at = start
                    if key in inside:
                        trouble.note_duplicate(key, start, inside[key][0])
                    continue
                end, within = event.end_mark.index, None
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                start = self.position = event.start_mark.index
                if key is None and type(data) is dict:
                    trouble.fail("key-type", start, "a key that is a list or a mapping", "keys are strings")
                self._check_properties(event, start)
                value = {} if kind is MappingStartEvent else []
                end, within = start, {} if kind is MappingStartEvent else []
            else:
                if kind is MappingEndEvent or kind is SequenceEndEvent:
                    data, inside = stack.pop()
                else:
                    self._check_other(event)
                continue
            self.nodes += 1
            if self.nodes > limits.nodes:
                trouble.fail("nodes", start, "too many values", f"the limit nodes is {limits.nodes}")
            if key is None:
                data.append(value)
                inside.append((start, start, end, within))
            else:
                data[key] = value
                inside[key] = (key_at, start, end, within)
                key = None
            if within is not None:
                stack.append((data, inside))
                if len(stack) > limits.depth:
                    trouble.fail("depth", start, "nested too deep", f"the limit depth is {limits.depth}")
                data, inside = value, within
        self._check_empty(top, spots)
        return tuple(Document(value, spot, self.floats) for value, spot in zip(top, spots, strict=True))

    def _check_other(self, event: Any) -> None:
        """An alias, or what parts the documents of a stream."""
        start = event.start_mark.index
        if isinstance(event, AliasEvent):
            what = f"an alias, *{shown(event.anchor, _SHOWN)}"
            self.trouble.fail("alias", start, what, "write out what it stands for")
        if isinstance(event, DocumentStartEvent):
            if event.version is not None and tuple(event.version) != (1, 2):
                version = shown(".".join(str(part) for part in event.version), _SHOWN)
                self.trouble.note("directive", start, f"a directive, %YAML {version}", "this is read as YAML 1.2")
            if event.tags:
                self.trouble.note("directive", start, "a %TAG directive", "tags are refused: take it out")

    def _check_empty(self, top: list[Any], spots: list[Spot]) -> None:
        if not top:
            self.trouble.fail("empty", 0, "the file holds no document, only comments")
        for index, (_, start, end, inside) in enumerate(spots):
            if start == end and inside is None and top[index] is None:
                which = "the document" if len(top) == 1 else f"document {index + 1} of the stream"
                self.trouble.note("empty", start, f"{which} is empty", "write null if nothing is meant")

    def _scalar(self, event: Any) -> Any:
        """The value of a scalar: of a plain one by the core schema, of every other its text."""
        value = event.value
        style = event.style
        simple = event.tag is None and event.anchor is None and len(value) <= self.small and not self.conflicts
        if simple and not style and value not in yaml_scalars.WORDS and value[0] not in yaml_scalars.NUMERIC:
            return value
        start = self.position
        self._check_properties(event, start)
        if too_large(value, self.limits.scalar_bytes):
            hint = f"the limit scalar_bytes is {self.limits.scalar_bytes}"
            self.trouble.note("scalar-size", start, "one value is too large", hint)
            return ""
        resolved = value if style else self._resolve(value, start)
        if style == '"':
            self._check_escaped(value, start)
        # In a block scalar the markers are indented; in quotes they can stand at the beginning of a line.
        if self.conflicts:
            conflict = self.trouble.whole_conflict(start, event.end_mark.index)
            if conflict is not None:
                self.trouble.fail_conflict(conflict)
        return resolved

    def _resolve(self, value: str, start: int) -> bool | int | float | str | None:
        try:
            resolved = yaml_scalars.resolve(value)
        except yaml_scalars.RefusedError as refused:
            what = _REFUSED_NUMBERS[refused.why].format(shown(value, _SHOWN))
            self.trouble.note(refused.why, start, what, "quote it if it is text")
            return 0
        if type(resolved) is float:
            self.floats = True
        return resolved

    def _odd_key(self, event: Any) -> str:
        """A key that is a merge key, or not a string where it is not quoted."""
        written = str(event.value)
        if event.style:
            return written
        if written == "<<":
            self.trouble.note("merge-key", self.position, "a merge key, <<", "write the keys out, or quote '<<'")
        elif written:
            try:
                kind = _KINDS[type(yaml_scalars.resolve(written))]
            except yaml_scalars.RefusedError:  # noted already, as every scalar is
                return written
            what = f"the key {shown(written, _SHOWN)} is {kind}, not a string"
            self.trouble.note("key-type", self.position, what, f"quote it: '{shown(written, _SHOWN)}'")
        else:
            self.trouble.note("key-type", self.position, "a key is missing before the colon")
        return written

    def _check_escaped(self, value: str, start: int) -> None:
        """What only escapes can bring into a string."""
        if "\x00" in value:
            self.trouble.note("nul", start, "a NUL character in a string", "take it out")
        if not value.isascii() and _SURROGATE.search(value):
            self.trouble.note("surrogate", start, "half of a surrogate pair in a string", "write the character itself")

    def _check_properties(self, event: Any, start: int) -> None:
        if event.anchor is not None:
            hint = "aliases are refused, so it is of no use: take it out"
            self.trouble.note("anchor", start, f"an anchor, &{shown(event.anchor, _SHOWN)}", hint)
        if event.tag is not None:
            tag = shown(event.tag.replace("tag:yaml.org,2002:", "!!"), _SHOWN)
            self.trouble.note("tag", start, f"a tag, {tag}", "take it out; quote what shall be a string")
