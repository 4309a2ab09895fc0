"""One document of a pack: its data, and the places in it, which are looked up when there is something to say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.base.values import type_name
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import Places, read_places
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.model.shapes import decode, shape_problems
from pytest_fluxscenario.packs.files import PackFiles

_Kind = TypeVar("_Kind", bound=msgspec.Struct)


@dataclass(frozen=True)
class PackDocument:
    """One object of plain data, and the file that it was read from."""

    source: Source
    data: dict[str, Any]
    #: The data as compact JSON.
    encoded: bytes
    limits: Limits

    @cached_property
    def places(self) -> Places:
        """Where everything stands; read from the source when it is first asked for."""
        return read_places(self.source, self.limits)

    def at(self, pointer: Pointer, key: bool = False) -> Place:
        """The place of a value, or of its key; of what is nearest around it where it is left out."""
        return self.places.at(0, pointer, key=key)

    def decode(self, kind: type[_Kind]) -> _Kind:
        """The document as a value of that type. Raises ProfileError with every fault of its shape."""
        try:
            return decode(kind, self.encoded)
        except msgspec.ValidationError as error:
            problems = shape_problems(kind, self.data, self.at, lambda pointer: self.places.written(0, pointer))
            raise ProfileError(problems) from error

    def decode_open(self, kind: type[_Kind], problems: Problems) -> _Kind:
        """Like ``decode``, for a type that allows other fields: each of those is a warning in ``problems``.

        Where the shape is wrong, the error tells the warnings too: a misspelt field is a missing one.
        """
        unknown = Problems()
        self._warn_unknown(kind, unknown)
        try:
            value = self.decode(kind)
        except ProfileError as error:
            raise ProfileError((*error.problems, *unknown)) from error
        problems.found.extend(unknown)
        return value

    def _warn_unknown(self, kind: type[msgspec.Struct], problems: Problems) -> None:
        """Add a warning for every field that ``kind`` does not know, in it and in the structs below it."""
        pending: list[tuple[Any, Pointer, Any]] = [(kind, (), self.data)]
        while pending:
            wanted, pointer, value = pending.pop()
            if isinstance(value, list):
                item = getattr(wanted, "__args__", (None,))[0]
                pending.extend((item, (*pointer, at), one) for at, one in enumerate(value))
            elif isinstance(value, dict) and isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
                fields = {field.encode_name: field.type for field in msgspec.structs.fields(wanted)}
                for name, below in value.items():
                    if name in fields:
                        pending.append((fields[name], (*pointer, name), below))
                    else:
                        message = f"the field '{shown(name, 80)}' is not known here, and is ignored"
                        place = self.at((*pointer, name), key=True)
                        problems.add("pack.unknown-field", place, message, did_you_mean(name, fields), "warning")


def read_document(files: PackFiles, path: str) -> PackDocument:
    """The document at ``path``, which must be one object.

    Raises DocumentError where it is no strict YAML or JSON, ProfileError where it is something else than an object,
    and what reading the file raises.
    """
    return parse_document(files.read(path), files.limits)


def parse_document(source: Source, limits: Limits) -> PackDocument:
    """The one object of ``source``. Raises DocumentError, ProfileError."""
    elements = read_elements(source, limits, split=False)
    element = elements[0]
    if len(elements) > 1:
        place = Place(source.name, elements[1].line)
        raise ProfileError.of("pack.shape", place, "a second document begins here, where one is needed")
    if not isinstance(element.data, dict):
        message = f"an object is needed here, not {type_name(element.data)}"
        raise ProfileError.of("pack.shape", Place(source.name, element.line, 1), message)
    return PackDocument(source, element.data, element.encoded, limits)
