"""Which approvals each request needs, and what one more approval changes of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_fluxscenario.analysis.space.approvals import Need, asked_of
from pytest_fluxscenario.analysis.space.space import Space
from pytest_fluxscenario.base.values import ABSENT, lookup
from pytest_fluxscenario.model.response import RequiredApproval


@dataclass(frozen=True)
class Needs:
    """The needs of all requests; those that hear the same of every approval are one, with a bit of its own."""

    #: By bit.
    every: tuple[Need, ...]
    #: Number of a request, and the id of an approval gate before its action (None: its ``real`` mode), to the bit.
    bits: Mapping[tuple[int, str | None], int]
    #: For each grant the needs that it meets from then on, and those that it does not, as masks.
    meets: tuple[int, ...]
    refuses: tuple[int, ...]

    def of(self, ask: int, gate: str | None) -> Need:
        """What a request needs at an approval gate; at None, for its ``real`` mode."""
        return self.every[self.bits[ask, gate]]

    def after(self, met: int, grant: int) -> int:
        """The needs that are met (a mask) with one more approval: the newest that says something decides."""
        return (met | self.meets[grant]) & ~self.refuses[grant]


def needs_of(space: Space) -> Needs:
    """Every need of every request of a space."""
    every: dict[tuple[bool | None, ...], int] = {}
    kept: list[Need] = []
    bits: dict[tuple[int, str | None], int] = {}
    valued = {(one.role, one.scope) for one in space.grants if one.values is not None}
    plain: dict[tuple[RequiredApproval, ...], tuple[bool | None, ...]] = {}
    for action in space.profile.actions:
        for ask in space.asks[action.id]:
            for name, need in _needs(space, action.id, ask.request.payload).items():
                # Where no approval names values, what it says does not hang on the payload.
                known = plain.get(need.asked) if need.scope is None else None
                said = known or tuple(need.says(one, space.now) for one in space.grants)
                if not any((one.role, one.scope) in valued for one in need.asked):
                    plain[need.asked] = said
                bit = every.setdefault(said, len(kept))
                if bit == len(kept):
                    kept.append(need)
                bits[ask.number, name] = bit
    sayings = list(every)
    masks = [
        tuple(
            sum(1 << bit for bit, said in enumerate(sayings) if said[at] is verdict) for at in range(len(space.grants))
        )
        for verdict in (True, False)
    ]
    return Needs(tuple(kept), bits, *masks)


def _needs(space: Space, action_id: str, payload: dict[str, object]) -> dict[str | None, Need]:
    action = space.rules.actions[action_id].action
    found: dict[str | None, Need] = {}
    for gate in space.profile.gates:
        if gate.before_action == action_id and gate.type == "approval" and gate.required_approval is not None:
            found[gate.id] = Need((gate.required_approval,), payload)
    if action.materialization_mode == "real":
        values = {path: lookup(payload, path) for path in action.materialization_scope_fields}
        # What lacks a value is equal to none that an approval names.
        scope = {path: value for path, value in values.items() if value is not ABSENT}
        found[None] = Need(asked_of(space.profile, action), payload, scope)
    return found
