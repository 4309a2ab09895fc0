"""What a run exercised of each profile, for the manifest (evidence.md): names declared, and whether they were seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from pytest_fluxscenario.model.evidence import ProfileCoverage, ProfileRef, Result
from pytest_fluxscenario.packs.classes import asked_classes
from pytest_fluxscenario.packs.pack import Pack


@dataclass(frozen=True, slots=True)
class Declared:
    """The names that a profile declares."""

    actions: tuple[str, ...]
    gates: tuple[str, ...]
    routes: tuple[str, ...]
    #: Scenario classes that the pack should have (pack.md, "Scenario classes").
    classes: tuple[str, ...] = ()


def declared_by(pack: Pack) -> Declared:
    """The names of a pack's profile; its routes are those of its list and of its gates."""
    profile = pack.profile
    routes = dict.fromkeys((*profile.routes, *(gate.route for gate in profile.gates)))
    return Declared(
        tuple(action.id for action in profile.actions),
        tuple(gate.id for gate in profile.gates),
        tuple(routes),
        asked_classes(profile, pack.hooks, pack.manifest),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """The names that one scenario made happen: actions that were asked for, gates that fired, routes that came back."""

    actions: tuple[str, ...]
    gates: tuple[str, ...]
    routes: tuple[str, ...]
    classes: tuple[str, ...] = ()


def seen_in(result: Result, classes: tuple[str, ...] = ()) -> Seen:
    """What one result shows; ``classes`` are those of its scenario."""
    actions = dict.fromkeys(step.request.action for step in result.steps if step.request is not msgspec.UNSET)
    return Seen(tuple(actions), result.gates, result.routes, classes)


@dataclass(slots=True)
class Coverage:
    """Adds up what scenarios exercised."""

    _profiles: dict[ProfileRef, dict[str, dict[str, bool]]] = field(default_factory=dict)

    def declare(self, ref: ProfileRef, declared: Declared) -> None:
        """Begin with a profile; again is the same."""
        self._profiles.setdefault(
            ref,
            {
                "actions": dict.fromkeys(declared.actions, False),
                "gates": dict.fromkeys(declared.gates, False),
                "routes": dict.fromkeys(declared.routes, False),
                "classes": dict.fromkeys(declared.classes, False),
            },
        )

    def add(self, ref: ProfileRef, seen: Seen) -> None:
        """Count what one scenario made happen; names that the profile does not declare are no coverage of it."""
        known = self._profiles[ref]
        for part, marks in known.items():
            names: tuple[str, ...] = getattr(seen, part)
            for name in names:
                if name in marks:
                    marks[name] = True

    def profiles(self) -> tuple[ProfileCoverage, ...]:
        """The coverage of each profile, in order of id, version and hash."""
        ordered = sorted(
            self._profiles.items(), key=lambda entry: (entry[0].id, entry[0].version, entry[0].hash, entry[0].source)
        )
        return tuple(ProfileCoverage(ref, **_plain(parts)) for ref, parts in ordered)


def _plain(parts: dict[str, dict[str, bool]]) -> dict[str, Any]:
    return {part: dict(marks) for part, marks in parts.items()}
