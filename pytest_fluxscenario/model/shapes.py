"""Whether a document has the shape that its type asks for, and every fault of one that has not (faults.md).

``decode`` decides, and is fast. ``shape_problems`` explains: it holds the document against the JSON Schema of the same
type, which finds all faults where a decoder stops at the first, and is only for documents that were refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.json import Json
from pytest_fluxscenario.model.findings import Findings
from pytest_fluxscenario.model.schema import schema_of
from pytest_fluxscenario.model.wording import Told, Wording, called

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

T = TypeVar("T")
#: ``locate(pointer, key=False)``: the place of a value, or of its key.
Locate = Callable[..., Place]

#: What jsonschema is given of a document, from its first fault on.
_MOST_FAULTS: Final = 500
_MOST_VALUES: Final = 1_000
_MOST_UNKNOWN_FIELDS: Final = 100
_DEEPEST: Final = 24

_REFUSED: Final = re.compile(r"(?P<what>.*?)(?: - at `(?:key` in `)?\$(?P<path>.*)`)?", re.DOTALL)
_PATH_PART: Final = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>[0-9]+)\]|(?P<any>\[\.\.\.\])")


def decode(kind: type[T], encoded: bytes) -> T:
    """The JSON text ``encoded`` as a ``kind``.

    Raises msgspec.ValidationError where the shape is another one, and msgspec.DecodeError where it is no JSON.
    """
    known: Any = kind  # a class can be hashed, which type[T] does not promise
    decoded: T = _decoder(known).decode(encoded)
    return decoded


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def shape_problems(
    kind: Any,
    data: Json,
    locate: Locate,
    written: Callable[[Pointer], str | None] | None = None,
) -> list[Problem]:
    """Every fault in the shape of ``data``, by place; empty exactly where ``decode`` accepts it.

    ``written`` gives a scalar as the file writes it, so that a hint can say how to quote ``1.10``.
    """
    refusal = _refusal(kind, data)
    if refusal is None:
        return []
    # Imported here: a session whose documents are all good never pays for it (about 50 ms).
    from jsonschema import Draft202012Validator
    from referencing import Registry

    findings = Findings("shape", lambda pointer, key: locate(pointer, key=key))
    schema = schema_of(kind)
    wording = Wording(schema, written or (lambda _pointer: None))
    validator = Draft202012Validator(schema, registry=Registry())
    seen: set[tuple[str, Pointer, str]] = set()
    for error in islice(validator.iter_errors(_excerpt(data, refusal.pointer, wording.fields())), _MOST_FAULTS):
        for fault in _plain_faults(error):
            for told in wording.tell(fault, _restored(fault.absolute_path, refusal.pointer)):
                once = (told.rule, told.pointer, told.word or told.message)
                if once not in seen:
                    seen.add(once)
                    told.add_to(findings)
    if not findings:
        refusal.add_to(findings)
    return findings.problems()


def _refusal(kind: Any, data: Json) -> Told | None:
    """The first fault, as the decoder tells it; None where it accepts ``data``."""
    try:
        decode(kind, msgspec.json.encode(data))
    except msgspec.ValidationError as error:
        found = _REFUSED.fullmatch(str(error))
        what = found.group("what") if found else str(error)
        pointer = _pointer(found.group("path") or "") if found else ()
        message = shown(what[:1].lower() + what[1:].replace("`", "'"))
        return Told("refused", pointer, f"{called(pointer)}: {message}")
    return None


def _pointer(path: str) -> Pointer:
    """The decoder's ``.steps[0].name`` as a pointer; it ends where the decoder names no key (``[...]``)."""
    parts: list[str | int] = []
    for found in _PATH_PART.finditer(path):
        if found.group("any"):
            break
        parts.append(found.group("name") or int(found.group("index")))
    return tuple(parts)


def _excerpt(data: Json, first: Pointer, fields: Collection[str]) -> Json:
    """``data`` without what is known to be good, then cut short: jsonschema spends about 40 microseconds on each fault.

    On the way to the ``first`` fault, lists begin with its item: the decoder has accepted what stands before.
    ``fields`` are never cut from a mapping.
    """
    left = _MOST_VALUES

    def cut(value: Json, depth: int, way: Pointer | None) -> Json:
        nonlocal left
        left -= 1
        if isinstance(value, dict):
            if depth > _DEEPEST:
                return {}
            kept = [key for key in value if key in fields]
            kept += islice((key for key in value if key not in fields), max(1, min(_MOST_UNKNOWN_FIELDS, left)))
            return {key: cut(value[key], depth + 1, way[1:] if way and way[0] == key else None) for key in kept}
        if isinstance(value, list):
            if depth > _DEEPEST:
                return []
            start = way[0] if way and isinstance(way[0], int) else 0
            items: list[Json] = []
            for item in islice(value, start, None):
                if items and left <= 0:
                    break
                items.append(cut(item, depth + 1, way[1:] if way and not items else None))
            return items
        return value

    return cut(data, 0, first)


def _restored(path: Iterable[str | int], first: Pointer) -> Pointer:
    """Where a value of the excerpt stands in the document."""
    parts: list[str | int] = []
    for depth, part in enumerate(path):
        start = first[depth] if depth < len(first) and tuple(parts) == first[:depth] else 0
        parts.append(part + start if isinstance(part, int) and isinstance(start, int) else part)
    return tuple(parts)


def _plain_faults(error: ValidationError) -> Iterator[ValidationError]:
    """The faults behind ``error``: for an ``anyOf``, those of the branch that has the type of the value."""
    if error.validator != "anyOf" or not error.context:
        yield error
        return
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    meant = [faults for faults in branches.values() if not any(_is_another(fault) for fault in faults)]
    if not meant:
        yield error
        return
    for fault in min(meant, key=len):
        yield from _plain_faults(fault)


def _is_another(fault: ValidationError) -> bool:
    """Whether a branch of an ``anyOf`` is not the one that was meant: another type, or a reference that is none."""
    keys = "propertyNames" in fault.relative_schema_path
    return not fault.relative_path and fault.validator in ("type", "pattern") and not keys
