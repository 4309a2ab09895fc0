"""A payload made from nothing but the rules: what the scenarios do not show has to be built.

Simple on purpose. What comes out is a candidate; the check that decides in a run says whether it is admissible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_fluxscenario.analysis.space.patterns import matching
from pytest_fluxscenario.base.canonical import plain
from pytest_fluxscenario.base.values import ABSENT, lookup

#: How deep a schema is followed: one that refers to itself has no end.
_DEPTH: Final = 8
#: Parts of schemas that are merged, values of an enum, items of a list.
_MOST: Final = 20
TEXT: Final = "example"
_FORMATS: Final[Mapping[str, str]] = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
}


def construct(schemas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An object that may fit all of the schemas at once: their required properties, each with a value of its kind."""
    made: dict[str, Any] = {}
    for schema in schemas:
        value = _value(schema, schema, _DEPTH)
        if isinstance(value, dict):
            made |= {name: one for name, one in value.items() if name not in made}
    return made


def values_at(schema: Mapping[str, Any], path: str) -> tuple[Any, ...]:
    """Values that a schema names for what stands at a dotted path: enum, const, both booleans, or one of its kind."""
    part: Any = schema
    for name in path.split("."):
        part = _merged(part, schema, _DEPTH)
        properties = part.get("properties")
        part = properties.get(name) if isinstance(properties, dict) else None
        if not isinstance(part, dict):
            return ()
    part = _merged(part, schema, _DEPTH)
    if "const" in part:
        return (plain(part["const"]),)
    if isinstance(part.get("enum"), list):
        return tuple(plain(one) for one in part["enum"][:_MOST])
    if part.get("type") == "boolean":
        return (True, False)
    value = _value(part, schema, _DEPTH)
    return () if value is None else (value,)


def _value(part: Any, whole: Mapping[str, Any], depth: int) -> Any:
    """A value that may fit ``part`` of the schema ``whole``."""
    if not isinstance(part, dict):
        return TEXT
    part = _merged(part, whole, depth)
    if "const" in part:
        return plain(part["const"])
    for word in ("enum", "examples"):
        if isinstance(part.get(word), list) and part[word]:
            return plain(part[word][0])
    kind = part.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in part or "required" in part else "array" if "items" in part else "string"
    if kind == "object":
        return _object(part, whole, depth)
    if kind == "array":
        return _array(part, whole, depth)
    if kind in ("integer", "number"):
        return _number(part)
    return {"boolean": True, "null": None}.get(kind, _text(part)) if isinstance(kind, str) else TEXT


def _object(part: Mapping[str, Any], whole: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth <= 0:
        return {}
    properties = part.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    names = part.get("required")
    names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return {name: _value(properties.get(name), whole, depth - 1) for name in names}


def _array(part: Mapping[str, Any], whole: Mapping[str, Any], depth: int) -> list[Any]:
    least = part.get("minItems")
    count = min(least, _MOST) if isinstance(least, int) else 0
    # An empty list counts as missing (control.md), so one item where it may have one.
    count = max(count, 1)
    items = [_value(part.get("items"), whole, depth - 1) for _ in range(count if depth > 0 else 0)]
    if part.get("uniqueItems") is True:
        items = [f"{one}-{at}" if at and isinstance(one, str) else one for at, one in enumerate(items)]
    return items


def _number(part: Mapping[str, Any]) -> float:
    for word, more in (("minimum", 0), ("exclusiveMinimum", 1), ("maximum", 0), ("exclusiveMaximum", -1)):
        bound = part.get(word)
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            return bound + more
    step = part.get("multipleOf")
    return step if isinstance(step, int | float) and not isinstance(step, bool) else 1


def _text(part: Mapping[str, Any]) -> str:
    if isinstance(part.get("pattern"), str):
        text = matching(part["pattern"])
        if text is not None:
            return text
    text = _FORMATS.get(part["format"], TEXT) if isinstance(part.get("format"), str) else TEXT
    least, most = part.get("minLength"), part.get("maxLength")
    if isinstance(least, int) and len(text) < least <= 1000:
        text = text.ljust(least, "x")
    return text[:most] if isinstance(most, int) and most >= 0 else text


def _merged(part: Any, whole: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """A part of a schema with what it refers to, and the first of its alternatives, put into it."""
    if not isinstance(part, dict):
        return {}
    merged = dict(part)
    for _ in range(depth):
        target = _referred(merged.pop("$ref", None), whole)
        parts = [target, *_list(merged.pop("allOf", None))]
        parts += [one for word in ("oneOf", "anyOf") for one in _list(merged.pop(word, None))[:1]]
        parts = [one for one in parts if isinstance(one, dict)]
        if not parts:
            break
        for one in parts:
            merged = _joined(one, merged)
    return merged


def _joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    joined = {**one, **other}
    for word in ("properties",):
        if isinstance(one.get(word), dict) and isinstance(other.get(word), dict):
            joined[word] = {**one[word], **other[word]}
    if isinstance(one.get("required"), list) and isinstance(other.get("required"), list):
        joined["required"] = [*other["required"], *(name for name in one["required"] if name not in other["required"])]
    return joined


def _referred(reference: Any, whole: Mapping[str, Any]) -> Any:
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return whole if reference == "#" else None
    found = lookup(whole, reference[2:].replace("/", ".")) if "~" not in reference else ABSENT
    return None if found is ABSENT else found


def _list(value: Any) -> list[Any]:
    return value[:_MOST] if isinstance(value, list) else []
