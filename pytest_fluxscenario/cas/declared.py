"""What a document says of itself: the name and the version that it is filed under (store.md, "Import")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pytest_fluxscenario.base.place import Pointer

#: In this order; the first that is there counts.
_NAMES: Final[tuple[Pointer, ...]] = (
    ("spec", "id"),
    ("meta", "name"),
    ("process", "id"),
    ("profile", "id"),
    ("id",),
    ("name",),
)
_VERSIONS: Final[tuple[Pointer, ...]] = (
    ("spec", "version"),
    ("meta", "version"),
    ("process", "version"),
    ("profile", "version"),
    ("version",),
)


def declared_name(data: Any) -> tuple[Pointer, Any] | None:
    """Where a document names itself, and how; None where it does not."""
    return _first(data, _NAMES)


def declared_version(data: Any) -> tuple[Pointer, Any] | None:
    """Where a document gives its version, and which; None where it does not."""
    return _first(data, _VERSIONS)


def _first(data: Any, pointers: Sequence[Pointer]) -> tuple[Pointer, Any] | None:
    for pointer in pointers:
        value = data
        for part in pointer:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return pointer, value
    return None
