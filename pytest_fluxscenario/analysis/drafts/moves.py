"""What is tried on an action: a request that is allowed, as far as one is found, and what differs from it.

A rule is shown by two requests that differ in one thing: one that it stops, and one that it lets through. So the
search begins with a request that is allowed, and changes one thing, then two: who asks, the payload, what the run
holds, what was approved, whether a hook answers, what the environment offers, and what is asked for after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial
from itertools import combinations
from typing import Any, Final

from pytest_fluxscenario.analysis.drafts.changes import (
    Change,
    again,
    approval_with,
    distance,
    dotted,
    other_approvals,
    then,
    with_approvals,
    with_environment,
    with_first,
    with_given,
)
from pytest_fluxscenario.analysis.drafts.ground import Ground
from pytest_fluxscenario.analysis.drafts.leaves import Path, named, other_values, put
from pytest_fluxscenario.analysis.drafts.probe import Ask, Probe
from pytest_fluxscenario.analysis.space import places
from pytest_fluxscenario.analysis.space.construct import TEXT, values_at
from pytest_fluxscenario.analysis.space.questions import Questions, questions_of
from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.values import ABSENT, lookup, same
from pytest_fluxscenario.model.request import Approval, Environment
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION, ROLES

#: Payloads of one action that are tried.
_MOST_PAYLOADS: Final = 120
#: Payloads of the suite that are tried as they are.
_MOST_EXAMPLES: Final = 20
#: Payloads that are tried for one that is allowed.
_MOST_BASES: Final = 60
_OF_PAYLOADS: Final = frozenset({"payload", "key", "lack", "value"})
_NOBODY: Final = "nobody"


class Moves:
    """The probes of one action."""

    def __init__(self, ground: Ground, action: str) -> None:
        self.ground = ground
        self.rule = ground.rules.actions[action]

    def probes(self, depth: int) -> Iterator[Probe]:
        """The probes that differ in ``depth`` things (0, 1 or 2) from the request that is allowed."""
        if depth == 0:
            yield self.base
        elif depth == 1:
            for change in self.changes:
                yield change.make(self.base)
        else:
            pairs = [
                (first, second)
                for first, second in combinations(self.changes, 2)
                if first.kind != second.kind or first.kind == "given"
            ]
            for first, second in sorted(pairs, key=_hooks_called):
                yield second.make(first.make(self.base))

    @cached_property
    def base(self) -> Probe:
        """A request that is allowed; where none is found the one that comes farthest."""
        roles = [role for role in ROLES if role in self.rule.roles and role in self.ground.rules.roles]
        role = next((role for role in roles if role != "approver"), "agent")
        best: Probe | None = None
        for payload in self._candidates():
            probe = self._complete(Ask(self.rule.action.id, role, payload))
            answered = self.ground.answer(probe)
            if answered is not None and answered.responses[0].status == "ok":
                return probe
            best = best or probe
        return best or self._complete(Ask(self.rule.action.id, role, {}))

    def _candidates(self) -> Iterator[dict[str, Any]]:
        payloads = self.ground.payloads(self.rule)[:_MOST_BASES]
        whole = self._whole(payloads[0]) if payloads else {}
        yield from payloads
        for payload in (whole, *payloads[:1]):
            yield payload
            for path, value in other_values(payload):
                yield put(payload, path, value)

    def _whole(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The payload with all that schemas of what is produced speak of: hooks may look at what is not required."""
        more: dict[str, Any] = {}
        for kind in self.rule.produces:
            schema = self.ground.pack.schemas.get(kind.id, {})
            properties = schema.get("properties")
            for name in properties if isinstance(properties, dict) else ():
                for value in values_at(schema, name)[:1]:
                    more[name] = value
        return {**more, **payload}

    def _complete(self, ask: Ask) -> Probe:
        """The request in a run that holds and was approved all that the rules may ask for."""
        given = tuple(one for name in self._needed if (one := self.ground.record(name)) is not None)
        return Probe((ask,), given, self._approvals(ask))

    @property
    def _needed(self) -> tuple[str, ...]:
        """Types of artifacts that the gates or the completion of the action ask for."""
        names = [name for one in self.rule.gates for name in one.gate.required_artifacts]
        if self.rule.action.completes_run:
            names += self.ground.rules.profile.completion_report.required
        own = {kind.id for kind in self.rule.produces}
        gated = {name for one in self.rule.gates for name in one.gate.required_artifacts}
        return tuple(name for name in dict.fromkeys(names) if name in gated or name not in own)

    def _approvals(self, ask: Ask) -> tuple[Approval, ...]:
        asked = [one.gate.required_approval for one in self.rule.gates if one.gate.type == "approval"]
        needed = [one for one in asked if one is not None]
        real = self.rule.action.materialization_mode == "real"
        values = self._scope(ask) if real else None
        if real and not needed:
            needed = list((self.rule.approvals or ())[-1:])
        return tuple(Approval(one.role, one.scope, by=f"{one.role}-1", values=values) for one in dict.fromkeys(needed))

    def _scope(self, ask: Ask) -> dict[str, Any]:
        fields = self.rule.action.materialization_scope_fields
        found = {name: lookup(ask.payload, name) for name in fields}
        return {name: value for name, value in found.items() if value or value in (0, False)}

    # ---- what may differ

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Each changes one thing; the likeliest to matter first."""
        parts: tuple[tuple[Any, Iterator[Callable[[Probe], Probe]]], ...] = (
            # These call a hook with nothing new.
            ("given", self._of_given()),
            ("approvals", self._of_approvals()),
            ("role", self._of_role()),
            ("faults", self._of_faults()),
            ("environment", self._of_environment()),
            ("later", self._of_later()),
            ("payload", self._of_payload()),
            ("key", self._of_keys()),
            ("lack", self._of_lacks()),
            ("value", self._of_values()),
        )
        return tuple(Change(kind, make) for kind, made in parts for make in made)

    def _of_given(self) -> Iterator[Callable[[Probe], Probe]]:
        names = [one.type for one in self.base.given]
        for name in names:
            yield partial(with_given, frozenset(names) - {name})
        for name in names if len(names) > 1 else ():
            yield partial(with_given, frozenset({name}))
        if names:
            yield partial(with_given, frozenset())

    def _of_payload(self) -> Iterator[Callable[[Probe], Probe]]:
        """Those that the rules can tell apart, those that the suite sends; the nearest to the base first."""
        base = self.base.asks[0].payload
        examples = self.ground.examples.of(self.rule.action.id)[:_MOST_EXAMPLES]
        every = {canonical(one): one for one in (*self.ground.payloads(self.rule), *examples)}
        nearest = sorted(every.values(), key=lambda one: distance(one, base))
        chosen = (self._built, *nearest[:_MOST_PAYLOADS], *dotted(base))
        for payload in {canonical(one): one for one in chosen if not same(one, base)}.values():
            yield partial(self._with_payload, payload)

    def _of_keys(self) -> Iterator[Callable[[Probe], Probe]]:
        """Keys that a condition looks for; and facts, as a hook may well take them from the payload."""
        for names in self._questions.keys:
            for name in names:
                yield partial(self._with_name, name, TEXT)
        facts = dict(fact for one in self.rule.gates for fact in one.condition.facts)
        for name, value in facts.items():
            yield partial(self._with_name, name, value)

    def _of_lacks(self) -> Iterator[Callable[[Probe], Probe]]:
        """What a condition, a type, the scope or, for all that is known, a hook asks for."""
        asked, payload = self._questions, self.base.asks[0].payload
        for name in dict.fromkeys((*asked.missing, *asked.required, *asked.scope, *payload)):
            if lookup(payload, name) is not ABSENT:
                yield partial(self._with_name, name, ABSENT)

    @cached_property
    def _questions(self) -> Questions:
        return questions_of(self.ground.rules.profile, self.rule.action)

    def _with_name(self, name: str, value: Any, probe: Probe) -> Probe:
        payload = probe.asks[0].payload
        changed = places.without(payload, name) if value is ABSENT else places.put(payload, name, value)
        return self._with_payload(changed, probe)

    def _of_values(self) -> Iterator[Callable[[Probe], Probe]]:
        """What hooks or schemas may look at: one value of the payload."""
        rules, payload = self.ground.rules, self.base.asks[0].payload
        kinds = self.rule.produces
        hooks = any(one.gate.hook for one in self.rule.gates)
        hooks = hooks or any(kind.id in rules.validators or kind.id in rules.renderers for kind in kinds)
        for path, value in other_values(payload):
            if hooks or any(rules.schemas.faults(kind.id, put(payload, path, value)) for kind in kinds):
                yield partial(self._with_value, path, value)
        if hooks:
            # Beside the payload that is built, which may have what the base has not.
            known = {path for path, _ in other_values(payload)}
            for path, value in other_values(self._built):
                if path not in known:
                    yield partial(self._with_value, path, value)

    @cached_property
    def _built(self) -> dict[str, Any]:
        """A payload with all that the schemas of what is produced speak of, made from them alone."""
        return self._whole({})

    def _with_value(self, path: Path, value: Any, probe: Probe) -> Probe:
        payload = probe.asks[0].payload
        changed = put(payload, path, value)
        return probe if changed is payload else self._with_payload(changed, probe)

    def _with_payload(self, payload: dict[str, Any], probe: Probe) -> Probe:
        """The probe with another payload; who approved it has seen that one, unless they approve something else."""
        ask = replace(probe.asks[0], payload=payload)
        old, new = self._scope(probe.asks[0]), self._scope(ask)
        approvals = probe.approvals
        if old != new:
            approvals = tuple(approval_with(one, values=new) if one.values == old else one for one in approvals)
        return replace(probe, asks=(ask, *probe.asks[1:]), approvals=approvals)

    def _of_approvals(self) -> Iterator[Callable[[Probe], Probe]]:
        base = self.base.approvals
        for at, one in enumerate(base):
            for instead in (*other_approvals(one), *self._of_another_request(one)):
                yield partial(with_approvals, (*base[:at], *instead, *base[at + 1 :]))
        if len(base) > 1:
            yield partial(with_approvals, ())

    def _of_another_request(self, one: Approval) -> Iterator[tuple[Approval, ...]]:
        """The approval of a request with another payload, where the approval says nothing of payloads."""
        if one.values is None:
            name, value = next(named(self.base.asks[0].payload), ("request", "this one"))
            yield (approval_with(one, values={name: f"other than {value}"}),)

    def _of_role(self) -> Iterator[Callable[[Probe], Probe]]:
        for role in (*ROLES, _NOBODY):
            if role != self.base.asks[0].role:
                yield partial(with_first, {"role": role})

    def _of_faults(self) -> Iterator[Callable[[Probe], Probe]]:
        asked = [one.gate.hook for one in self.rule.gates if one.gate.hook is not None and one.condition.facts]
        rules = self.ground.rules
        for kind in self.rule.produces:
            hooks = (*rules.validators.get(kind.id, ()), *rules.renderers.get(kind.id, ()))
            asked += [hook.id for hook in hooks]
        for hook in dict.fromkeys(asked):
            for fault in ("timeout", "forbidden_field"):
                yield partial(with_first, {"faults": ((hook, fault),)})

    def _of_environment(self) -> Iterator[Callable[[Probe], Probe]]:
        offered, action = self.ground.environment, self.rule.action
        for name in action.required_capabilities:
            left = tuple(one for one in offered.capabilities if one != name)
            yield partial(with_environment, Environment(left, offered.connectors))
        for name in action.required_connectors:
            left = tuple(one for one in offered.connectors if one != name)
            yield partial(with_environment, Environment(offered.capabilities, left))

    def _of_later(self) -> Iterator[Callable[[Probe], Probe]]:
        """The same again with its key, another request with it, and what comes after."""
        yield partial(again, {})
        yield partial(again, {"again": True})
        yield partial(then, None)
        yield partial(then, CONTRACT_ACTION)


def _hooks_called(pair: tuple[Change, Change]) -> int:
    """How many new payloads pairs of these kinds send to hooks: none to speak of, some, very many."""
    kinds = {one.kind for one in pair}
    return 0 if not kinds <= _OF_PAYLOADS else 1 if "payload" not in kinds else 2
