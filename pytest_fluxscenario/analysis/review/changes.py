"""What of the rules differs between two versions of a profile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from pytest_fluxscenario.base.values import same
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.model.review import ChangeView

_PARTS: Final = (("actions", "action"), ("gates", "gate"), ("artifact_types", "artifact type"))


def changes_of(old: Profile, new: Profile) -> tuple[ChangeView, ...]:
    """Every part that is not as it was: first what was removed, then what changed, then what was added."""
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    found: list[ChangeView] = []
    for key, noun in _PARTS:
        found.extend(_parts(noun, before.pop(key, []), after.pop(key, [])))
    said = _said(before, after)
    if said:
        found.append(ChangeView("changed", "profile", new.id, said))
    order = {"removed": 0, "changed": 1, "added": 2}
    return tuple(sorted(found, key=lambda one: order[one.kind]))


def _parts(noun: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[ChangeView]:
    one, other = ({part["id"]: part for part in parts} for parts in (before, after))
    for name in one:
        if name not in other:
            yield ChangeView("removed", noun, name, "")
        elif not same(one[name], other[name]):
            yield ChangeView("changed", noun, name, _said(one[name], other[name]))
    for name in other:
        if name not in one:
            yield ChangeView("added", noun, name, "")
    kept, keeps = [name for name in one if name in other], [name for name in other if name in one]
    if kept != keeps:
        yield ChangeView("changed", noun, "", f"another order: {', '.join(keeps)}")


def _said(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """``field: old -> new`` for each field that differs."""
    keys = [key for key in dict.fromkeys((*old, *new)) if not same(old.get(key), new.get(key))]
    return "; ".join(f"{key}: {_value(old.get(key))} -> {_value(new.get(key))}" for key in keys)


def _value(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
