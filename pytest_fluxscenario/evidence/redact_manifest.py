"""What a manifest says of stored refs, profiles and coverage, without its secrets: names may hold what is secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.evidence import ProfileCoverage, ProfileRef, RunRef

_Text = Callable[[str], str]
_Mark = TypeVar("_Mark", bool, bool | None)


def redacted_refs(refs: Iterable[RunRef], redactor: Redactor) -> tuple[RunRef, ...]:
    """What was run from the store, as the manifest may say it."""
    text = redactor.text
    return tuple(msgspec.structs.replace(one, asked=text(one.asked), ref=text(one.ref)) for one in refs)


def redacted_profile(profile: ProfileRef, text: _Text) -> ProfileRef:
    """A profile as the manifest may say it; a hash is none that could be read, and stays."""
    names = {name: text(getattr(profile, name)) for name in ("id", "version", "source")}
    return msgspec.structs.replace(profile, **names)


def redacted_coverage(coverage: Iterable[ProfileCoverage], text: _Text) -> tuple[ProfileCoverage, ...]:
    """Coverage with every name redacted; what two names become one was seen where either was."""
    return tuple(_redacted(one, text) for one in coverage)


def _redacted(one: ProfileCoverage, text: _Text) -> ProfileCoverage:
    points = one.points
    if points is not UNSET:
        kinds: dict[str, dict[str, dict[str, bool | None]]] = {}
        for kind, names in points.items():
            merged = kinds.setdefault(kind, {})
            for name, ways in names.items():
                known = merged.setdefault(text(name), {})
                merged[text(name)] = _merged([*known.items(), *ways.items()], text)
        points = kinds
    return ProfileCoverage(
        redacted_profile(one.profile, text),
        actions=_merged(one.actions.items(), text),
        gates=_merged(one.gates.items(), text),
        routes=_merged(one.routes.items(), text),
        classes=_merged(one.classes.items(), text),
        points=points,
    )


def _merged(marks: Iterable[tuple[str, _Mark]], text: _Text) -> dict[str, _Mark]:
    merged: dict[str, _Mark] = {}
    for name, mark in marks:
        said = text(name)
        merged[said] = merged.get(said) or mark
    return merged
