"""What is tried on an action: a request that is allowed, as far as one is found, and what differs from it.

A rule is shown by two requests that differ in one thing: one that it stops, and one that it lets through. So the
search begins with a request that is allowed, and changes one thing, then two: who asks, the payload, what the run
holds, what was approved, whether a hook answers, what the environment offers, and what is asked for after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import combinations
from typing import Any, Final, Literal

import msgspec

from pytest_fluxscenario.analysis.drafts.leaves import Path, named, other_values, put
from pytest_fluxscenario.analysis.drafts.probe import Answered, Ask, Probe, answer
from pytest_fluxscenario.analysis.space import places
from pytest_fluxscenario.analysis.space.construct import TEXT, values_at
from pytest_fluxscenario.analysis.space.examples import Examples
from pytest_fluxscenario.analysis.space.payloads import payloads_of
from pytest_fluxscenario.analysis.space.questions import Questions, questions_of
from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.values import ABSENT, lookup, same
from pytest_fluxscenario.control.artifacts import CONTROLLER, candidate_fault
from pytest_fluxscenario.control.rules import ActionRule, Rules
from pytest_fluxscenario.evidence.coverage_chart import Chart, Ran
from pytest_fluxscenario.model.evidence import StepResult
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.request import Approval, Environment, GivenArtifact
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION, ROLES
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.runtimes.port import HookRuntime

#: Payloads of one action that are tried.
_MOST_PAYLOADS: Final = 120
#: Payloads of the suite that are tried as they are.
_MOST_EXAMPLES: Final = 20
#: Payloads that are tried for one that is allowed.
_MOST_BASES: Final = 60
_OF_PAYLOADS: Final = frozenset({"payload", "key", "lack", "value"})
_KEY: Final = "key-1"
_LONG_AGO: Final = "2000-01-01T00:00:00Z"
_NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different."""

    #: Two of one kind are not made together, unless it is what the run holds: the second would undo the first.
    kind: Literal["given", "payload", "key", "lack", "value", "approvals", "role", "faults", "environment", "later"]
    make: Callable[[Probe], Probe]


@dataclass(frozen=True)
class Ground:
    """What all probes of one pack stand on."""

    pack: Pack
    rules: Rules
    environment: Environment
    hooks: HookRuntime
    examples: Examples
    #: What answers show.
    chart: Chart
    #: Types of artifacts of which no example was found that the rules admit.
    unknown: set[str] = field(default_factory=set)
    _records: dict[str, GivenArtifact | None] = field(default_factory=dict)

    def answer(self, probe: Probe) -> Answered | None:
        """What the pack as it is answers, and what that shows."""
        found = answer(probe, self.rules, self.environment, self.hooks)
        if found is None:
            return None
        pairs = enumerate(zip(probe.asks, found.responses, strict=True), 1)
        steps = [StepResult(at, "", "passed", request=ask.request, response=response) for at, (ask, response) in pairs]
        results = dict(enumerate(found.results, 1))
        environment = probe.environment or self.environment
        return replace(found, mask=self.chart.seen(Ran(steps, environment, probe.approvals, (), results)))

    def payloads(self, rule: ActionRule) -> tuple[dict[str, Any], ...]:
        """The payloads of an action that its rules can tell apart, the most ordinary first."""
        return payloads_of(self.rules, rule, self.examples.of(rule.action.id), self.pack.schemas).payloads

    def record(self, name: str) -> GivenArtifact | None:
        """An artifact of a type as a run may hold it; None where none is found."""
        if name not in self._records:
            self._records[name] = found = self._find(self.rules.artifact_types[name])
            if found is None:
                self.unknown.add(name)
        return self._records[name]

    def _find(self, kind: ArtifactType) -> GivenArtifact | None:
        for rule in self.rules.actions.values():
            if kind not in rule.produces:
                continue
            source = CONTROLLER if rule.source_is_controller else next(iter(sorted(rule.roles)), "agent")
            if kind.allowed_sources is not None and source not in kind.allowed_sources and kind.allowed_sources:
                source = kind.allowed_sources[0]
            for payload in self.payloads(rule):
                if candidate_fault(self.rules, kind, payload, source) is None:
                    return GivenArtifact(kind.id, payload, source)
        return None


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
            # What sends something new twice over calls hooks most often.
            for first, second in sorted(pairs, key=lambda pair: {one.kind for one in pair} <= _OF_PAYLOADS):
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
            yield partial(_with_given, frozenset(names) - {name})
        for name in names if len(names) > 1 else ():
            yield partial(_with_given, frozenset({name}))
        if names:
            yield partial(_with_given, frozenset())

    def _of_payload(self) -> Iterator[Callable[[Probe], Probe]]:
        """Those that the rules can tell apart, those that the suite sends; the nearest to the base first."""
        base = self.base.asks[0].payload
        examples = self.ground.examples.of(self.rule.action.id)[:_MOST_EXAMPLES]
        every = {canonical(one): one for one in (*self.ground.payloads(self.rule), *examples)}
        nearest = sorted(every.values(), key=lambda one: _distance(one, base))
        chosen = (self._built, *nearest[:_MOST_PAYLOADS], *_dotted(base))
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
            approvals = tuple(_changed(one, values=new) if one.values == old else one for one in approvals)
        return replace(probe, asks=(ask, *probe.asks[1:]), approvals=approvals)

    def _of_approvals(self) -> Iterator[Callable[[Probe], Probe]]:
        base = self.base.approvals
        for at, one in enumerate(base):
            for instead in (*_other_approvals(one), *self._of_another_request(one)):
                yield partial(_with_approvals, (*base[:at], *instead, *base[at + 1 :]))
        if len(base) > 1:
            yield partial(_with_approvals, ())

    def _of_another_request(self, one: Approval) -> Iterator[tuple[Approval, ...]]:
        """The approval of a request with another payload, where the approval says nothing of payloads."""
        if one.values is None:
            name, value = next(named(self.base.asks[0].payload), ("request", "this one"))
            yield (_changed(one, values={name: f"other than {value}"}),)

    def _of_role(self) -> Iterator[Callable[[Probe], Probe]]:
        for role in (*ROLES, _NOBODY):
            if role != self.base.asks[0].role:
                yield partial(_first, {"role": role})

    def _of_faults(self) -> Iterator[Callable[[Probe], Probe]]:
        asked = [one.gate.hook for one in self.rule.gates if one.gate.hook is not None and one.condition.facts]
        rules = self.ground.rules
        for kind in self.rule.produces:
            hooks = (*rules.validators.get(kind.id, ()), *rules.renderers.get(kind.id, ()))
            asked += [hook.id for hook in hooks]
        for hook in dict.fromkeys(asked):
            for fault in ("timeout", "forbidden_field"):
                yield partial(_first, {"faults": ((hook, fault),)})

    def _of_environment(self) -> Iterator[Callable[[Probe], Probe]]:
        offered, action = self.ground.environment, self.rule.action
        for name in action.required_capabilities:
            left = tuple(one for one in offered.capabilities if one != name)
            yield partial(_with_environment, Environment(left, offered.connectors))
        for name in action.required_connectors:
            left = tuple(one for one in offered.connectors if one != name)
            yield partial(_with_environment, Environment(offered.capabilities, left))

    def _of_later(self) -> Iterator[Callable[[Probe], Probe]]:
        """The same again with its key, another request with it, and what comes after."""
        yield partial(_again, {})
        yield partial(_again, {"again": True})
        yield partial(_then, None)
        yield partial(_then, CONTRACT_ACTION)


def _with_given(names: frozenset[str], probe: Probe) -> Probe:
    return replace(probe, given=tuple(one for one in probe.given if one.type in names))


def _with_approvals(approvals: tuple[Approval, ...], probe: Probe) -> Probe:
    return replace(probe, approvals=approvals)


def _with_environment(environment: Environment, probe: Probe) -> Probe:
    return replace(probe, environment=environment)


def _first(changes: dict[str, Any], probe: Probe) -> Probe:
    return replace(probe, asks=(replace(probe.asks[0], **changes), *probe.asks[1:]))


def _then(action: str | None, probe: Probe) -> Probe:
    first = probe.asks[0]
    return replace(probe, asks=(first, first if action is None else Ask(action, first.role, {})))


def _again(more: dict[str, Any], probe: Probe) -> Probe:
    first = replace(probe.asks[0], key=_KEY)
    return replace(probe, asks=(first, replace(first, payload={**first.payload, **more})))


def _other_approvals(one: Approval) -> Iterator[tuple[Approval, ...]]:
    """What may stand where an approval stands: nothing, a denial, one that is of another role, scope, time or value."""
    denied = _changed(one, decision="denied", values=None)
    yield ()
    yield (denied,)
    yield (one, denied)
    if one.values is not None:
        yield (_changed(one, values=None),)
    for role in ("approver", "task_user", "system"):
        if role != one.role:
            yield (_changed(one, role=role, by=f"{role}-1"),)
    yield (_changed(one, scope=f"{one.scope}.other"),)
    yield (_changed(one, expires_at=_LONG_AGO),)
    for name, value in (one.values or {}).items():
        other = value + 1 if isinstance(value, int | float) and not isinstance(value, bool) else f"other than {value}"
        yield (_changed(one, values={**(one.values or {}), name: other}),)
        yield (_changed(one, values={key: item for key, item in (one.values or {}).items() if key != name}),)


def _changed(approval: Approval, **changes: Any) -> Approval:
    changed: Approval = msgspec.structs.replace(approval, **changes)
    return changed


def _distance(one: dict[str, Any], other: dict[str, Any]) -> int:
    """In how many of their fields two payloads differ."""
    return sum(1 for name in one.keys() | other.keys() if not same(one.get(name, ABSENT), other.get(name, ABSENT)))


def _dotted(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Copies in which what an object says stands under dotted keys: a look-up finds it, and the object is not there."""
    for name, value in payload.items():
        if isinstance(value, dict) and value:
            rest = {key: item for key, item in payload.items() if key != name}
            yield {**rest, **{f"{name}.{key}": item for key, item in value.items()}}
