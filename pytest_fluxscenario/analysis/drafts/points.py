"""Points of coverage as targets: what a run can show of a profile, and no scenario does (coverage.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.analysis.drafts.ground import Ground
from pytest_fluxscenario.analysis.drafts.probe import Answered, Probe
from pytest_fluxscenario.analysis.drafts.suite import Ran
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.model.coverage import Point, approval_name, condition_name
from pytest_fluxscenario.model.profile import Profile

#: Kind and way to what a scenario shows.
_SAYS: Final[Mapping[tuple[str, str], str]] = {
    ("actions", "requested"): "Somebody asks for {}",
    ("actions", "allowed"): "{} is allowed",
    ("gates", "fired"): "The gate {} fires",
    ("gates", "passed"): "The gate {} lets a request through",
    ("conditions", "held"): "The condition {} holds",
    ("conditions", "not_held"): "The condition {} does not hold",
    ("routes", "returned"): "An answer has the route {}",
    ("artifacts", "created"): "An artifact of the type {} is recorded",
    ("artifacts", "refused"): "An artifact of the type {} is refused",
    ("approvals", "given"): "The approval {} is given, and counts",
    ("approvals", "denied"): "The approval {} is denied",
    ("approvals", "missing"): "The approval {} is missing",
    ("hooks", "answered"): "The hook {} gives a result",
    ("hooks", "failed"): "The hook {} fails",
    ("materializations", "planned"): "Something is materialized in the mode {}",
    ("roles", "acted"): "The role {} acts",
}


@dataclass(frozen=True)
class PointTarget:
    """One point that a run can show."""

    point: Point
    bit: int
    pointer: Pointer
    actions: Sequence[str]

    @property
    def id(self) -> str:
        """Kind, name and way."""
        return ":".join(self.point)

    @property
    def what(self) -> str:
        """What a scenario shows that reaches it."""
        return _SAYS[self.point.kind, self.point.way].format(self.point.name) + "."

    def reached(self, _: Probe, answered: Answered) -> bool:
        """Whether the answers show it."""
        return bool(answered.mask & self.bit)

    def shown_by(self, ran: Ran) -> bool:
        """Whether a scenario shows it."""
        return bool(ran.mask & self.bit)


def points_of(ground: Ground) -> Iterator[PointTarget]:
    """Every point of a pack that can be, in the order in which they are reported; what any request shows comes last.

    Not the classes of scenarios: of which class a scenario is, is said by whoever writes it.
    """
    index, profile = ground.chart.index, ground.pack.profile
    where = dict(reversed(list(_things(profile, ground))))
    for point, bit in sorted(index.bits.items(), key=lambda one: one[0].way == "requested"):
        if (point.kind, point.way) in _SAYS and not index.impossible & bit:
            pointer, actions = where.get((point.kind, point.name), ((), None))
            every = [action.id for action in profile.actions]
            yield PointTarget(point, bit, pointer, every if actions is None else actions)


def _things(profile: Profile, ground: Ground) -> Iterator[tuple[tuple[str, str], tuple[Pointer, Sequence[str] | None]]]:
    """Kind and name of each thing: where it stands, and the actions that may show it (None for all)."""
    for at, action in enumerate(profile.actions):
        yield ("actions", action.id), (("actions", at), [action.id])
        if action.materialization_mode is not None:
            modes = [one.id for one in profile.actions if one.materialization_mode == action.materialization_mode]
            yield ("materializations", action.materialization_mode), (("actions", at, "materialization_mode"), modes)
            yield ("approvals", approval_name("approver", action.id)), (("actions", at), [action.id])
    for at, gate in enumerate(profile.gates):
        before = [gate.before_action]
        yield ("gates", gate.id), (("gates", at), before)
        for operator in gate.condition:
            yield ("conditions", condition_name(gate.id, operator)), (("gates", at, "condition", operator), before)
        asked = gate.required_approval
        if asked is not None:
            same = [one.before_action for one in profile.gates if one.required_approval == asked]
            pointer: Pointer = ("gates", at, "required_approval")
            yield ("approvals", approval_name(asked.role, asked.scope)), (pointer, list(dict.fromkeys(same)))
        yield ("routes", gate.route), (("gates", at, "route"), None)
    for at, route in enumerate(profile.routes):
        yield ("routes", route), (("routes", at), None)
    for at, kind in enumerate(profile.artifact_types):
        makers = [action.id for action in profile.actions if kind.id in action.produces_artifacts]
        yield ("artifacts", kind.id), (("artifact_types", at), makers)
    for at, role in enumerate(profile.roles):
        yield ("roles", role), (("roles", at), None)
    for at, hook in enumerate(ground.pack.hooks.hooks if ground.pack.hooks else ()):
        yield ("hooks", hook.id), (("hooks", at), None)
