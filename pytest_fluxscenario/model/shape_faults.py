"""Every fault in the shape of a document that a decoder has refused.

A decoder stops at the first fault. The JSON Schema of the same type finds all of them, and jsonschema is only asked
about documents that were refused: it takes two hundred times as long. What it is given is bounded, so that a document
made of faults costs little (faults.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.json import Json
from pytest_fluxscenario.model.findings import Findings
from pytest_fluxscenario.model.schema import schema_of
from pytest_fluxscenario.model.wording import Told, Wording, called

#: What jsonschema is given of a document, from its first fault on.
_MOST_FAULTS: Final = 500
_MOST_VALUES: Final = 1_000
_MOST_UNKNOWN_FIELDS: Final = 100
_DEEPEST: Final = 24

_REFUSED: Final = re.compile(r"(?P<what>.*?)(?: - at `(?:key` in `)?\$(?P<path>.*)`)?", re.DOTALL)
_PATH_PART: Final = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>[0-9]+)\]|(?P<any>\[\.\.\.\])")


def shape_faults(
    kind: Any,
    data: Json,
    said: str,
    locate: Callable[..., Place],
    written: Callable[[Pointer], str | None],
) -> list[Problem]:
    """The faults of ``data``, which the decoder of ``kind`` refused with what it ``said``, by place; never empty."""
    refusal = _refusal(said)
    findings = Findings("shape", lambda pointer, key: locate(pointer, key=key))
    schema = schema_of(kind)
    wording = Wording(schema, written)
    # An empty registry: nothing is ever fetched.
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
        # A fault that the schema cannot express: msgspec's integers are stricter than JSON Schema's.
        refusal.add_to(findings)
    return findings.problems()


def _refusal(said: str) -> Told:
    """The first fault, as the decoder tells it."""
    found = _REFUSED.fullmatch(said)
    what = found.group("what") if found else said
    pointer = _pointer(found.group("path") or "") if found else ()
    message = shown(what[:1].lower() + what[1:].replace("`", "'"))
    return Told("refused", pointer, f"{called(pointer)}: {message}")


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
    for fault in meant[0]:
        yield from _plain_faults(fault)


def _is_another(fault: ValidationError) -> bool:
    """Whether a branch of an ``anyOf`` is not the one that was meant: another type, or a reference that is none."""
    keys = "propertyNames" in fault.relative_schema_path
    return not fault.relative_path and fault.validator in ("type", "pattern") and not keys
