"""Plain JSON data: equality by JSON type, and look-up by dotted path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final


class Absent:
    """The type of ``ABSENT``: no value, which is not null."""

    def __repr__(self) -> str:
        return "absent"

    def __bool__(self) -> bool:
        return False


#: What a look-up gives where nothing stands.
ABSENT: Final = Absent()


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal as JSON: ``true`` is not ``1``, ``1`` is ``1.0``, a tuple is a list."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and left.keys() == right.keys()
            and all(same(value, right[key]) for key, value in left.items())
        )
    if isinstance(left, list | tuple):
        return (
            isinstance(right, list | tuple)
            and len(left) == len(right)
            and all(same(one, other) for one, other in zip(left, right, strict=True))
        )
    if isinstance(right, dict | list | tuple):
        return False
    return bool(left == right)


def lookup(data: Any, path: str) -> Any:
    """The value at ``path`` (a key, or dotted keys and list positions) in ``data``; ABSENT where there is none.

    A key that holds a dot itself is found first.
    """
    if isinstance(data, dict) and path in data:
        return data[path]
    if "." not in path:
        return data[int(path)] if isinstance(data, list | tuple) and _position(path, len(data)) else ABSENT
    return _walk(data, path)


def _walk(value: Any, path: str) -> Any:
    """What the parts of a dotted path lead to, one after the other."""
    for part in path.split("."):
        if isinstance(value, dict):
            if part not in value:
                return ABSENT
            value = value[part]
        elif isinstance(value, list | tuple) and _position(part, len(value)):
            value = value[int(part)]
        else:
            return ABSENT
    return value


def said_twice(data: dict[str, Any]) -> str | None:
    """The first key of ``data`` that is the dotted path of another value in it too; None where no name is ambiguous."""
    for key in data:
        if "." in key and _walk(data, key) is not ABSENT:
            return key
    return None


def keys(data: Any) -> Iterator[str]:
    """Every key anywhere in ``data``, nested objects and lists too."""
    for value in containers(data):
        if isinstance(value, dict):
            yield from value


def containers(data: Any) -> Iterator[dict[str, Any] | list[Any] | tuple[Any, ...]]:
    """Every object and list anywhere in ``data``, itself included, each before what it holds."""
    pending = [data]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield value
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            yield value
            pending.extend(value)


def type_name(value: Any) -> str:
    """The JSON type of ``value`` with its article, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, dict):
        return "an object"
    return "a list"


def _position(part: str, length: int) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= len(str(length)) and int(part) < length
