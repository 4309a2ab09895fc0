"""Payloads changed in one place: copies, so that what was read from a scenario stays as it is."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pytest_fluxscenario.base.canonical import plain


def put(payload: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy in which ``path`` (a key, or dotted keys) leads to ``value``; what stands in the way is replaced."""
    copy: dict[str, Any] = plain(payload)
    parts = [path] if path in copy or "." not in path else path.split(".")
    inner: Any = copy
    for part, below in pairwise(parts):
        inner = _step(inner, part, below)
    _set(inner, parts[-1], value)
    return copy


def without(payload: dict[str, Any], path: str) -> dict[str, Any]:
    """A copy in which ``path`` leads nowhere; the last item of a list goes, not one in its middle."""
    copy: dict[str, Any] = plain(payload)
    if path in copy:
        del copy[path]
        return copy
    *way, last = path.split(".")
    inner: Any = copy
    for part in way:
        inner = _below(inner, part)
        if inner is None:
            return copy
    if isinstance(inner, dict):
        inner.pop(last, None)
    elif isinstance(inner, list) and last.isdecimal() and int(last) < len(inner):
        del inner[int(last) :]
    return copy


def _step(inner: Any, part: str, below: str) -> Any:
    """What ``part`` leads to, made an object where it can hold nothing under the name ``below``."""
    found = _below(inner, part)
    if not isinstance(found, dict) and not (isinstance(found, list) and below.isdecimal() and int(below) <= len(found)):
        found = {}
        _set(inner, part, found)
    return found


def _below(inner: Any, part: str) -> Any:
    if isinstance(inner, dict):
        return inner.get(part)
    if isinstance(inner, list) and part.isdecimal() and int(part) < len(inner):
        return inner[int(part)]
    return None


def _set(inner: Any, part: str, value: Any) -> None:
    if isinstance(inner, dict):
        inner[part] = value
    elif part.isdecimal() and int(part) < len(inner):
        inner[int(part)] = value
    else:
        inner.append(value)
