"""The points of one profile as bits, and which of them answers show by themselves (coverage.md).

What a scenario shows is one number, a bit for each point: small to send, and added up by ``|``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec import UNSET

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.model.coverage import Point

#: The gates that answers name, whatever stopped the request there: not told as a kind of its own.
STOPS = "stops"


@dataclass(frozen=True)
class Index:
    """Points in an order of their own; the position of each is its bit."""

    points: tuple[Point, ...]
    #: The bits of what nothing can show.
    impossible: int = 0

    @classmethod
    def of(cls, points: Mapping[Point, bool]) -> Index:
        """The index of points and whether each can be, with the stops of its gates."""
        gates = (name for kind, name, way in points if (kind, way) == ("gates", "fired"))
        every = (*points, *(Point(STOPS, name, "named") for name in gates))
        return cls(every, sum(1 << at for at, possible in enumerate(points.values()) if not possible))

    @cached_property
    def bits(self) -> Mapping[Point, int]:
        """Each point as a number with its bit."""
        return {point: 1 << at for at, point in enumerate(self.points)}

    @cached_property
    def key(self) -> str:
        """Tells this index from those of other points."""
        told = "\n".join("\t".join(point) for point in self.points)
        return sha256_ref(f"{self.impossible}\n{told}".encode())[7:23]

    def by_name(self, kind: str, way: str) -> dict[str, int]:
        """The bits of one way of a kind, by name."""
        return {point.name: bit for point, bit in self.bits.items() if (point.kind, point.way) == (kind, way)}

    def names(self, mask: int) -> Iterator[Point]:
        """The points whose bits are in ``mask``."""
        return (point for at, point in enumerate(self.points) if mask >> at & 1)


class Observed:
    """Which points answers show by themselves, whoever gave them and whatever the rules say."""

    def __init__(self, index: Index) -> None:
        self._requested = index.by_name("actions", "requested")
        self._allowed = index.by_name("actions", "allowed")
        self._stops = index.by_name(STOPS, "named")
        self._fired = index.by_name("gates", "fired")
        self._routes = index.by_name("routes", "returned")
        self._created = index.by_name("artifacts", "created")
        self._answered = index.by_name("hooks", "answered")
        self._failed = index.by_name("hooks", "failed")
        self._planned = index.by_name("materializations", "planned")
        self._acted = index.by_name("roles", "acted")

    def steps(self, steps: Iterable[Any]) -> int:
        """The bits that steps of a result show."""
        mask = 0
        for step in steps:
            if step.request is UNSET:
                if step.approval is not UNSET and step.verdict == "passed":
                    mask |= self._acted.get(step.approval.role, 0)
            else:
                mask |= self.answer(step.request, step.response)
        return mask

    def answer(self, request: Any, response: Any) -> int:
        """The bits that one request shows, with its answer where there is one."""
        action = request.action
        mask = self._requested.get(action, 0)
        if response is UNSET:
            return mask
        gate, status = response.gate_id, response.status
        mask |= self._routes.get(response.route, 0)
        if gate is not UNSET:
            mask |= self._stops.get(gate, 0)
        if status == "error" or response.idempotent_replay:
            return mask
        role = request.actor.role
        if role != "approver":
            # From this surface it is refused whatever it asks for; it acts by approving.
            mask |= self._acted.get(role, 0)
        for call in response.hook_calls:
            bits = self._answered if call.status == "ok" else self._failed
            mask |= bits.get(call.hook_id, 0)
        if status == "ok":
            mask |= self._allowed.get(action, 0)
            for kind in response.created_artifact_types or ():
                mask |= self._created.get(kind, 0)
            if response.materialization is not UNSET:
                mask |= self._planned.get(response.materialization.mode, 0)
        elif gate is not UNSET and not failed_last(response):
            mask |= self._fired.get(gate, 0)
        return mask


def decided(response: Any) -> bool:
    """Whether an answer was found now: no error, and no stored answer given again."""
    return response.status != "error" and not response.idempotent_replay


def failed_last(response: Any) -> bool:
    """Whether a call of a hook failed: nothing is asked after it, so it stands last."""
    return bool(response.hook_calls) and response.hook_calls[-1].status != "ok"
