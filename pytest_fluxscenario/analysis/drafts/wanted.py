"""Which targets a pack has, and which of them somebody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_fluxscenario.analysis.drafts.ground import Ground
from pytest_fluxscenario.analysis.drafts.points import points_of
from pytest_fluxscenario.analysis.drafts.targets import MutantTarget, Target
from pytest_fluxscenario.analysis.mutation.operators import mutants_of
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.model.profile import Profile


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for; everything where all is empty."""

    gates: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    mutants: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing is asked for in particular."""
        return not (self.gates or self.actions or self.routes or self.mutants)


def targets_of(ground: Ground) -> tuple[Target, ...]:
    """Every point of a pack's coverage that can be, and every mutant that is not proved to be none."""
    mutants = mutants_of(Process.of(ground.pack))
    return (*points_of(ground), *(MutantTarget(ground, one) for one in mutants if not one.equivalent))


def chosen(targets: Sequence[Target], asked: Asked, profile: Profile) -> tuple[Target, ...]:
    """The targets that are asked for. Raises UsageError for a name that there is not."""
    if asked.everything:
        return tuple(targets)
    routes = dict.fromkeys((*profile.routes, *(gate.route for gate in profile.gates)))
    _check("gate", asked.gates, (gate.id for gate in profile.gates))
    _check("action", asked.actions, (action.id for action in profile.actions))
    _check("route", asked.routes, routes)
    _check("mutant", asked.mutants, (one.id for one in targets if isinstance(one, MutantTarget)))
    return tuple(one for one in targets if _is_asked(one, asked, profile))


def _is_asked(target: Target, asked: Asked, profile: Profile) -> bool:
    at = target.pointer
    gate = profile.gates[at[1]] if len(at) > 1 and at[0] == "gates" and isinstance(at[1], int) else None
    return (
        target.id in asked.mutants
        or (at[:1] == ("routes",) and profile.routes[int(at[1])] in asked.routes)
        or (gate is not None and (gate.id in asked.gates or gate.route in asked.routes))
        or (bool(asked.actions) and set(target.actions) <= set(asked.actions))
    )


def _check(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    every = tuple(known)
    for name in names:
        if name not in every:
            message = f"the pack has no {kind} '{shown(name, 80)}'"
            raise UsageError.of("draft.unknown", Place(f"--{kind}"), message, did_you_mean(name, every))
