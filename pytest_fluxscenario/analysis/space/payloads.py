"""The payloads of one action that its rules can tell apart, one for each class.

From every example: what conditions look at takes each value that they can tell apart, in all combinations; what is only
a required field or a part of the scope is taken away one at a time, since any one is enough to stop the request.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Final

from pytest_fluxscenario.analysis.space.construct import TEXT, construct, values_at
from pytest_fluxscenario.analysis.space.places import put, without
from pytest_fluxscenario.analysis.space.questions import Class, Questions, questions_of
from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.values import ABSENT, lookup, said_twice
from pytest_fluxscenario.control.rules import ActionRule, Rules

#: Candidates that are looked at for one action, and examples that they are made from.
MOST_CANDIDATES: Final = 1_000
_MOST_EXAMPLES: Final = 8
#: Where nested keys are put.
_MORE: Final = "more"
#: What stands there already.
_KEEP: Final = object()

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ActionPayloads:
    """What is sent for one action."""

    #: The most ordinary first: admissible, where there is one.
    payloads: tuple[Payload, ...]
    #: Whether the first has all that the types and the scope of the action ask for.
    admissible: bool
    #: Whether every combination of what the conditions look at was tried.
    complete: bool
    scope: tuple[str, ...]


def payloads_of(
    rules: Rules,
    rule: ActionRule,
    examples: Sequence[Payload],
    schemas: Mapping[str, Mapping[str, Any]],
    until: float = math.inf,
) -> ActionPayloads:
    """One payload for each class that the rules of an action can tell apart; with and without what is admissible.

    After ``until`` (``base.clock.seconds``) nothing more is made. Raises ProfileError where a schema takes too long.
    """
    questions = questions_of(rules.profile, rule.action)
    maker = _Maker(rules, rule, questions, [schemas[kind.id] for kind in rule.produces if kind.id in schemas])
    bases = maker.bases(examples)
    # Admissible or not is one more thing that the engine can tell apart.
    found: dict[tuple[Class, bool], Payload] = {}
    complete = maker.count(bases) <= MOST_CANDIDATES
    for payload in islice(maker.candidates(bases), MOST_CANDIDATES):
        if seconds() > until and found:
            complete = False
            break
        if said_twice(payload) is None:
            found.setdefault((questions.class_of(payload), maker.fits(payload)), payload)
    ordered = sorted(found.items(), key=lambda item: not item[0][1])
    fits = bool(ordered) and ordered[0][0][1] and not any(maker.empty_scope(ordered[0][1]))
    return ActionPayloads(tuple(payload for _, payload in ordered), fits, complete, questions.scope)


@dataclass(frozen=True, slots=True)
class _Maker:
    rules: Rules
    rule: ActionRule
    questions: Questions
    schemas: Sequence[Mapping[str, Any]]

    def fits(self, payload: Payload) -> bool:
        """Whether a payload has the fields of all types that the action produces, and fits their schemas."""
        return not any(
            any(lookup(payload, name) in (None, ABSENT) for name in kind.required_fields)
            or self.rules.schemas.faults(kind.id, payload)
            for kind in self.rule.produces
        )

    def empty_scope(self, payload: Payload) -> Iterator[str]:
        """The fields of the scope that have no value."""
        return (path for path in self.questions.scope if lookup(payload, path) in (None, ABSENT, "", [], {}))

    def bases(self, examples: Sequence[Payload]) -> list[Payload]:
        """What payloads are made from: those of the suite, then one that is built; admissible ones first."""
        built = construct(self.schemas)
        for path in (*self.questions.required, *self.questions.scope, *self.questions.missing):
            if lookup(built, path) in (None, ABSENT):
                built = put(built, path, self._values(path, ())[0])
        every = {canonical(one): one for one in (*examples, built)}.values()
        ranked = sorted(every, key=lambda one: (not self.fits(one), len(list(self.empty_scope(one)))))
        return ranked[:_MOST_EXAMPLES]

    def count(self, bases: Sequence[Payload]) -> int:
        """How many candidates there are up to the last combination on the first example."""
        before = len(bases) + 1 + sum(1 for _ in self._singles(bases[0]))
        domains = self._domains(bases)
        combinations: int = math.prod(len(domain) for _, domain in domains) << len(self.questions.keys)
        return before + combinations

    def candidates(self, bases: Sequence[Payload]) -> Iterator[Payload]:
        """The examples, and nothing at all; one thing changed; all combinations of what conditions look at."""
        yield from bases
        yield {}
        yield from self._singles(bases[0])
        domains = self._domains(bases)
        for base in bases:
            yield from _combined(base, domains, self.questions.keys)
        for base in bases[1:]:
            yield from self._singles(base)

    def _domains(self, bases: Sequence[Payload]) -> list[tuple[str, list[Any]]]:
        """What conditions look at, each with what may stand there; and another scope, where approvals name it."""
        domains = [(path, self._domain(path, bases)) for path in self.questions.asked]
        named = self.questions.scope[:1] if self.questions.real else ()
        others = [(path, [_KEEP, self._other(path, lookup(bases[0], path))]) for path in named]
        return domains + [one for one in others if one[0] not in self.questions.asked]

    def _singles(self, base: Payload) -> Iterator[Payload]:
        for path in (*self.questions.required, *self.questions.scope):
            yield without(base, path)
        for path in self.questions.scope:
            yield put(base, path, self._other(path, lookup(base, path)))
        for name in (name for names in self.questions.keys for name in names):
            yield put(base, _MORE, [put({}, name, TEXT)])
            yield put(base, name, TEXT)

    def _domain(self, path: str, bases: Sequence[Payload]) -> list[Any]:
        """What may stand at ``path``: one value for each answer that conditions can get; ``_KEEP`` leaves it alone."""
        kept = lookup(bases[0], path)
        found: dict[Class, Any] = {self.questions.about(path, kept): _KEEP}
        for value in (*self._values(path, bases), ABSENT):
            found.setdefault(self.questions.about(path, value), value)
        return list(found.values())

    def _values(self, path: str, bases: Sequence[Payload]) -> list[Any]:
        """Values for ``path``, the likeliest first: of the suite, of the schemas, of conditions, and another."""
        values = [value for base in bases if (value := lookup(base, path)) is not ABSENT]
        values += [value for schema in self.schemas for value in values_at(schema, path)]
        values += self.questions.equals.get(path, ())
        return [*values, self._other(path, values[0] if values else ABSENT)]

    def _other(self, path: str, value: Any) -> Any:
        """A value of the same kind that is neither ``value`` nor one that a condition names."""
        for schema in self.schemas:
            for one in values_at(schema, path):
                if self.questions.about(path, one) == self.questions.about(path, TEXT) and one != value:
                    return one
        if isinstance(value, bool):
            return not value
        if isinstance(value, int | float):
            return value + 1
        if isinstance(value, str) and value:
            return _with_other_end(value)
        return TEXT


def _combined(
    base: Payload, domains: Sequence[tuple[str, list[Any]]], keys: Sequence[tuple[str, ...]]
) -> Iterator[Payload]:
    """Every combination of the values, without and with a key of each group somewhere inside."""
    for values in product(*(domain for _, domain in domains)):
        payload = base
        for (path, _), value in zip(domains, values, strict=True):
            if value is ABSENT:
                payload = without(payload, path)
            elif value is not _KEEP:
                payload = put(payload, path, value)
        for there in product((False, True), repeat=len(keys)):
            more = [put({}, names[0], TEXT) for names, one in zip(keys, there, strict=True) if one]
            yield put(payload, _MORE, more) if more else payload


def _with_other_end(text: str) -> str:
    """A text of the same length and kind of characters: what a pattern accepts is often accepted still."""
    last = text[-1]
    other = str((int(last) + 1) % 10) if last.isascii() and last.isdecimal() else "b" if last == "a" else "a"
    return text[:-1] + (other.upper() if last.isupper() else other)
