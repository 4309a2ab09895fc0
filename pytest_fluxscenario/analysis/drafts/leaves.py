"""Payloads changed in one value, by what such values often are: how a hook is brought to say something else.

What a hook looks at stands in its code, so nothing can be read off; what is tried is what people try: another number,
a far larger one, the other truth, nothing, one more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pytest_fluxscenario.base.values import same

Payload = dict[str, Any]
Path = tuple[str | int, ...]
#: Values of one payload that are changed; a large one has thousands.
_MOST_LEAVES: Final = 24
_DECIMAL: Final = re.compile(r"[0-9]{1,9}\.[0-9]{1,6}", re.ASCII)
#: Where a limit of amounts is looked for, and one of counts and scores.
_AMOUNTS: Final = (0, 1, 10, 100, 1_000, 3_000, 10_000, 30_000, 100_000, 1_000_000)
_COUNTS: Final = (0, 1, 10, 50, 80, 100, 1_000, 10_000, 100_000, 1_000_000, -1)


def other_values(payload: Payload) -> Iterator[tuple[Path, Any]]:
    """Places in ``payload``, the outermost first, each with what may stand there instead."""
    for path, value in _leaves(payload):
        seen = [value]
        for other in _others(value):
            if not any(same(other, one) for one in seen):
                seen.append(other)
                yield path, other


def named(payload: Payload) -> Iterator[tuple[str, Any]]:
    """Scalars of ``payload`` that a dotted name leads to."""
    for path, value in _leaves(payload):
        if not isinstance(value, list) and not any(isinstance(part, int) or "." in part for part in path):
            yield ".".join(map(str, path)), value


def put(payload: Payload, path: Path, leaf: Any) -> Payload:
    """A copy of ``payload`` with ``leaf`` at ``path``; itself where it has no such place."""
    changed: Payload = _put(payload, path, leaf)
    return changed


def _leaves(payload: Payload) -> Iterator[tuple[Path, Any]]:
    """Scalars and lists with their places; of a list the first two items."""
    pending: list[tuple[Path, Any]] = [((), payload)]
    count = 0
    while pending and count < _MOST_LEAVES:
        path, value = pending.pop(0)
        if isinstance(value, dict):
            pending.extend(((*path, key), item) for key, item in value.items())
            continue
        count += 1
        yield path, value
        if isinstance(value, list):
            pending.extend(((*path, at), item) for at, item in enumerate(value[:2]))


def _others(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, *_COUNTS)
    elif isinstance(value, str) and _DECIMAL.fullmatch(value):
        places = len(value.partition(".")[2])
        yield from (f"{amount:.{places}f}" for amount in (*_AMOUNTS, float(value) * 2))
    elif isinstance(value, str):
        yield from ("", "example", "/example", "../example")
    elif isinstance(value, list):
        if value:
            yield from ([], value[:1], [*value, value[0]])
            yield [*value, "example"] if isinstance(value[0], str) else value[1:]
        else:
            yield ["example"]
    # Of no kind that was meant.
    yield None if isinstance(value, list) else [value]


def _put(value: Any, path: Path, leaf: Any) -> Any:
    if not path:
        return leaf
    key, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        changed = _put(value[key], rest, leaf)
        return value if changed is value[key] else [*value[:key], changed, *value[key + 1 :]]
    if isinstance(value, dict) and key in value:
        changed = _put(value[key], rest, leaf)
        return value if changed is value[key] else {**value, key: changed}
    return value
