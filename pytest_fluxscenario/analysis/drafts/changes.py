"""One thing about a probe that is different."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import msgspec

from pytest_fluxscenario.analysis.drafts.probe import Ask, Probe
from pytest_fluxscenario.base.values import ABSENT, same
from pytest_fluxscenario.model.request import Approval, Environment

_KEY: Final = "key-1"
_LONG_AGO: Final = "2000-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different."""

    #: Two of one kind are not made together, unless it is what the run holds: the second would undo the first.
    kind: Literal["given", "payload", "key", "lack", "value", "approvals", "role", "faults", "environment", "later"]
    make: Callable[[Probe], Probe]


def with_given(names: frozenset[str], probe: Probe) -> Probe:
    """The probe in a run that is given only artifacts of these types."""
    return replace(probe, given=tuple(one for one in probe.given if one.type in names))


def with_approvals(approvals: tuple[Approval, ...], probe: Probe) -> Probe:
    """The probe with other approvals."""
    return replace(probe, approvals=approvals)


def with_environment(environment: Environment, probe: Probe) -> Probe:
    """The probe in another environment."""
    return replace(probe, environment=environment)


def with_first(changes: dict[str, Any], probe: Probe) -> Probe:
    """The probe with another first request."""
    return replace(probe, asks=(replace(probe.asks[0], **changes), *probe.asks[1:]))


def then(action: str | None, probe: Probe) -> Probe:
    """The probe with a request after it: the same, or one for ``action``."""
    first = probe.asks[0]
    return replace(probe, asks=(first, first if action is None else Ask(action, first.role, {})))


def again(more: dict[str, Any], probe: Probe) -> Probe:
    """The probe with its request sent again under one key, with ``more`` in its payload."""
    first = replace(probe.asks[0], key=_KEY)
    return replace(probe, asks=(first, replace(first, payload={**first.payload, **more})))


def other_approvals(one: Approval) -> Iterator[tuple[Approval, ...]]:
    """What may stand where an approval stands: nothing, a denial, one that is of another role, scope, time or value."""
    denied = approval_with(one, decision="denied", values=None)
    yield ()
    yield (denied,)
    yield (one, denied)
    if one.values is not None:
        yield (approval_with(one, values=None),)
    for role in ("approver", "task_user", "system"):
        if role != one.role:
            yield (approval_with(one, role=role, by=f"{role}-1"),)
    yield (approval_with(one, scope=f"{one.scope}.other"),)
    yield (approval_with(one, expires_at=_LONG_AGO),)
    for name, value in (one.values or {}).items():
        other = value + 1 if isinstance(value, int | float) and not isinstance(value, bool) else f"other than {value}"
        yield (approval_with(one, values={**(one.values or {}), name: other}),)
        yield (approval_with(one, values={key: item for key, item in (one.values or {}).items() if key != name}),)


def approval_with(approval: Approval, **changes: Any) -> Approval:
    """The approval with something changed."""
    changed: Approval = msgspec.structs.replace(approval, **changes)
    return changed


def distance(one: dict[str, Any], other: dict[str, Any]) -> int:
    """In how many of their fields two payloads differ."""
    return sum(1 for name in one.keys() | other.keys() if not same(one.get(name, ABSENT), other.get(name, ABSENT)))


def dotted(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Copies in which what an object says stands under dotted keys: a look-up finds it, and the object is not there."""
    for name, value in payload.items():
        if isinstance(value, dict) and value:
            rest = {key: item for key, item in payload.items() if key != name}
            yield {**rest, **{f"{name}.{key}": item for key, item in value.items()}}
